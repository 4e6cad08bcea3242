"""Compiled kernels for the CPU: the library, and the calls into it."""

from skrnn.engine._library import library, variant, variants, why_not
