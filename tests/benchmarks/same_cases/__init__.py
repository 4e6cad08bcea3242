"""The cases of ``same_results.py``."""
