"""Compiled kernels for the CPU: the library, and the calls into it."""
