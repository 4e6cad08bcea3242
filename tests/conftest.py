"""Settings of the whole suite."""

import gc
import os

# before scipy is imported: scikit-learn's check of array-API input runs, not skips
os.environ.setdefault("SCIPY_ARRAY_API", "1")
os.environ.setdefault("MPLBACKEND", "Agg")  # no windows


def pytest_collection_finish():
    """Whatever the imports left lives for ever: the collector need not look again."""
    gc.freeze()
