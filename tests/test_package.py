"""The house itself: its walls, its doors, its weight."""

import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

import skrnn
from skrnn.datasets import load_stocks

ROOT = Path(__file__).parents[1]


def test_imports_point_down():
    assert (
        lint_imports(str(ROOT / "pyproject.toml"), no_cache=True) == EXIT_STATUS_SUCCESS
    )


def test_contents_page():
    assert set(skrnn.__all__) <= set(dir(skrnn))
    assert len(skrnn.__all__) <= 20


def test_import_is_light():
    """No sktime, no matplotlib, and under 0.3 s beyond torch and scikit-learn."""
    code = (
        "import sys, time; import torch, sklearn.pipeline, sklearn.model_selection; "
        "start = time.perf_counter(); import skrnn; "
        "print(time.perf_counter() - start, 'sktime' in sys.modules, "
        "'matplotlib' in sys.modules)"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
        for _ in range(3)
    ]
    assert all(run[1:] == ["False", "False"] for run in runs)
    assert min(float(run[0]) for run in runs) < 0.3


@pytest.mark.parametrize("symbol", ["IBM", "MSFT"])
def test_stocks(symbol):
    stocks = load_stocks(symbol)
    assert stocks.frame.shape == (3270, 6)
    assert stocks.data.shape == (3269, 6)
    assert stocks.frame.index.is_monotonic_increasing
    assert not stocks.frame.isna().any(axis=None)
    assert (stocks.frame["High"] >= stocks.frame["Low"]).all()
    assert (stocks.target.to_numpy() == stocks.frame["Close"].to_numpy()[1:]).all()
    assert "public domain" in stocks.DESCR
    data, target = load_stocks(symbol, return_X_y=True, as_frame=False)
    assert data.shape == (3269, 6)
    assert target.shape == (3269,)


def test_known_prices():
    frame = load_stocks("MSFT").frame
    assert frame.index[0].isoformat() == "2000-03-01T00:00:00"
    assert frame.index[-1].isoformat() == "2013-03-01T00:00:00"
    close = frame["Close"]
    assert close["2003-02-18"] / close["2003-02-14"] == pytest.approx(0.5, abs=0.05)


def test_unknown_symbol_lists_what_there_is():
    with pytest.raises(ValueError, match=r"\['IBM', 'MSFT'\], got 'GE'"):
        load_stocks("GE")
