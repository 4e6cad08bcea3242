"""The package itself: its walls, its doors, its weight."""

import ast
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


def imported(path: Path, is_of_room) -> set[str]:
    """Names that a file imports from the modules that are meant."""
    nodes = ast.walk(ast.parse(path.read_text()))
    found = [n for n in nodes if isinstance(n, ast.ImportFrom) and is_of_room(n)]
    return {alias.name for node in found for alias in node.names}


@pytest.mark.parametrize(
    "room", [info.name for info in iter_modules(skrnn.__path__) if info.ispkg]
)
def test_contents_page_of_a_room(room):
    """A room offers what others import, its public names, and what tests look at."""
    folder = ROOT / "skrnn" / room
    offered = imported(folder / "__init__.py", lambda node: node.level == 1)
    public = set(getattr(import_module(f"skrnn.{room}"), "__all__", ()))
    assert public <= offered
    used = set(public)
    for path in (ROOT / "skrnn").rglob("*.py"):
        if path.parent != folder:
            used |= imported(path, lambda node: node.level and node.module == room)
    for path in (ROOT / "tests").rglob("*.py"):
        used |= imported(path, lambda node: node.module == f"skrnn.{room}")
    assert sorted(offered - used) == []


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
        "import gc, sys, time; gc.disable(); "  # a full collection may fall anywhere
        "import torch, sklearn.pipeline, sklearn.model_selection; "
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


def test_fits_do_not_import_what_compiles():
    """A first fit is quick: it leaves out torch._dynamo and SymPy, a second or more."""
    code = """
import sys, warnings
import numpy as np
from skrnn import GRUClassifier, LSTMRegressor, MLPClassifier, MLPRegressor
from skrnn.training import SCHEDULES, SOLVERS

warnings.simplefilter("ignore")
X, y = np.ones((20, 3, 2), "float32"), np.arange(20.0)
options = {"max_iter": 2, "max_grad_norm": 1.0, "early_stopping": True}
for solver in SOLVERS:
    LSTMRegressor(2, solver=solver, **options).fit(X, y).predict(X)
    MLPRegressor(solver=solver, max_iter=2).fit(X[:, 0], y)
for schedule in SCHEDULES:
    MLPClassifier(learning_rate=schedule, max_iter=2).fit(X[:, 0], y > 9)
layers = {"bidirectional": True, "dropout": 0.1, "conv_filters": 2}
GRUClassifier(2, pooling="attention", **layers, **options).fit(X, y > 9)
loaded = {"torch._dynamo", "sympy"} & sys.modules.keys()
print(sorted(loaded))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (run.stdout, run.stderr) == ("[]\n", "")
