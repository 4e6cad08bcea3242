"""Settings of the tests of the engine."""

import pytest
from joblib.externals.loky import get_reusable_executor


@pytest.fixture(autouse=True)
def no_choice(monkeypatch):
    """The tests choose libraries themselves, whatever the caller's variable says.

    Processes of loky keep the variable that they were started with.
    """
    monkeypatch.delenv("SKRNN_ENGINE", raising=False)


@pytest.fixture
def new_processes():
    """Processes of loky for this test alone."""
    get_reusable_executor().shutdown(wait=True)
    yield
    get_reusable_executor().shutdown(wait=True)
