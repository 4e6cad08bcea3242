"""The package itself: its walls, its doors, its weight."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

import skrnn

ROOT = Path(__file__).parents[2]


def test_imports_point_down():
    assert (
        lint_imports(str(ROOT / "pyproject.toml"), no_cache=True) == EXIT_STATUS_SUCCESS
    )


def test_contents_page():
    """What a user imports from the top is there: all networks, steps and data sets."""
    assert set(skrnn.__all__) <= set(dir(skrnn))
    assert len(skrnn.__all__) <= 20
    networks = {
        name
        for name in skrnn.estimators.__all__
        if hasattr(getattr(skrnn.estimators, name), "fit")
    }
    rooms = [networks, skrnn.datasets.__all__, skrnn.preprocessing.__all__]
    others = {"TRUSTED_TYPES", "Windows"}
    assert set(skrnn.__all__) == others.union(*rooms)


@pytest.mark.parametrize(
    "room", [info.name for info in iter_modules(skrnn.__path__, "skrnn.") if info.ispkg]
)
def test_contents_page_of_a_room(room):
    module = import_module(room)
    assert [name for name in module.__all__ if not hasattr(module, name)] == []
    assert len(set(module.__all__)) == len(module.__all__)


@pytest.mark.parametrize("room", ["skrnn", "skrnn.sktime", "skrnn.inspection"])
def test_public_names_are_documented(room):
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    text = "".join(page.read_text() for page in pages)
    assert [name for name in import_module(room).__all__ if name not in text] == []


def test_import_is_light():
    """No sktime, matplotlib or skops, and under 0.3 s beyond torch and scikit-learn.

    The room that draws imports none of them either. Seconds of the processor, as
    others may be at work.
    """
    code = (
        "import sys, time; import torch, sklearn.pipeline, sklearn.model_selection; "
        "start = time.process_time(); import skrnn; "
        "seconds = time.process_time() - start; import skrnn.inspection; "
        "print(seconds, 'sktime' in sys.modules, "
        "'matplotlib' in sys.modules, 'skops' in sys.modules)"
    )
    seconds = []
    while len(seconds) < 3 and min(seconds, default=1) >= 0.3:  # it may be busy
        command = [sys.executable, "-c", code]
        run = subprocess.run(command, capture_output=True, text=True, check=True)
        took, *imported = run.stdout.split()
        assert imported == ["False", "False", "False"]
        seconds.append(float(took))
    assert min(seconds) < 0.3
