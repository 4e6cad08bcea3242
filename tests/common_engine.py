"""Marks of tests that are about the compiled engine."""

import pytest

from skrnn.engine import library, why_not

needs_engine = pytest.mark.skipif(
    library("float32") is None, reason=f"the engine does not run: {why_not()}"
)
