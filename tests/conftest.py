"""Settings of the whole suite."""

import os

# before scipy is imported: scikit-learn's check of array-API input runs, not skips
os.environ.setdefault("SCIPY_ARRAY_API", "1")
os.environ.setdefault("MPLBACKEND", "Agg")  # no windows
