"""How large the house is, and how long the way through it.

Prints, as Markdown, the lines of each room, the longest functions, the arrows between
files, the calls that ``fit`` and ``predict`` make before the first batch reaches the
network, and the time of ``import skrnn``. Run it with

    python tests/benchmarks/house.py [CHECKOUT]

where CHECKOUT is another working tree to measure; without it, this one.
"""

from __future__ import annotations

import ast
import graphlib
import io
import os
import re
import statistics
import subprocess
import sys
import tokenize
import tomllib
import warnings
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

ROOT = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[2]).resolve()
HOUSE = ROOT / "skrnn"
sys.path.insert(0, str(ROOT))  # before the skrnn that is installed

_NO_CODE = {
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
    tokenize.ENDMARKER,
}  # fmt: skip
_IMPORT = "import time; t = time.process_time(); import skrnn"
_LIBRARIES = "import pandas, sklearn.utils, skorch, torch, safetensors, filelock; "


def main() -> None:
    print(f"{HOUSE}\n")
    size_of_rooms()
    arrows()
    ways()
    import_time()


def size_of_rooms() -> None:
    """Files and lines of each room and of the root, and the longest functions."""
    rooms: dict[str, Counter[str]] = {}
    sizes, functions = [], []
    for path in sorted(HOUSE.rglob("*.py")):
        text, place = path.read_text(), path.relative_to(ROOT)
        tree = ast.parse(text)
        docs = docstring_lines(tree)
        code = code_lines(text) - docs
        sizes.append(len(text.splitlines()))
        counts = {"files": 1, "lines": sizes[-1], "code": len(code), "docs": len(docs)}
        for name in (place.parent.as_posix(), "all"):
            rooms.setdefault(name, Counter()).update(counts)
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                lines = code & lines_of(node)
                functions.append((len(lines), f"{node.name} | {place.as_posix()}"))
    rooms["all"] = rooms.pop("all")  # last
    print("| room | files | lines | code | docstrings |\n|---|---|---|---|---|")
    for name, row in rooms.items():
        print(f"| {name} |", " | ".join(f"{number:,}" for number in row.values()), "|")
    print(f"\nlines of a file: median {statistics.median(sizes):.0f}, ", end="")
    n_short = sum(size < 60 for size in sizes)
    print(f"most {max(sizes)}; {n_short} files have fewer than 60\n")
    print("| function | file | lines of code |\n|---|---|---|")
    for size, name in sorted(functions, reverse=True)[:8]:
        print(f"| {name} | {size} |")
    n_long = sum(size > 40 for size, _ in functions)
    print(f"\n{len(functions)} functions, {n_long} of more than 40 lines of code\n")


def docstring_lines(tree: ast.AST) -> set[int]:
    """Lines of the docstrings of modules, classes and functions."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    texts = [
        node.body[0]
        for node in ast.walk(tree)
        if isinstance(node, kinds) and ast.get_docstring(node) is not None
    ]
    return set().union(*map(lines_of, texts))


def lines_of(node: Any) -> set[int]:
    """Numbers of the lines that a part of a file takes."""
    return set(range(node.lineno, node.end_lineno + 1))


def code_lines(text: str) -> set[int]:
    """Lines that hold more than a comment, docstrings included."""
    return {
        line
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type not in _NO_CODE
        for line in range(token.start[0], token.end[0] + 1)
    }


def arrows() -> None:
    """Imports between files and rooms, cycles, and imports that run up."""
    import grimp

    graph = grimp.build_graph("skrnn", cache_dir=None)
    imports = {m: graph.find_modules_directly_imported_by(m) for m in graph.modules}
    try:
        graphlib.TopologicalSorter(imports).prepare()
        cycle = "none"
    except graphlib.CycleError as error:
        cycle = " -> ".join(error.args[1])
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    contracts = settings["importlinter"]["contracts"]
    layers = next(c["layers"] for c in contracts if c["type"] == "layers")
    depth = {r: i for i, layer in enumerate(layers) for r in re.findall(r"\w+", layer)}
    pairs = [(room_of(a), room_of(b)) for a, others in imports.items() for b in others]
    between = [(a, b) for a, b in pairs if a != b]
    up = [f"{a} to {b}" for a, b in between if depth.get(a, 0) > depth.get(b, 99)]
    print(f"imports: {len(pairs)} between files, {len(between)} of them between rooms")
    print(f"arrows between rooms: {len(set(between))}, running up: {up or 0}")
    print(f"cycle of files: {cycle}\n")


def room_of(module: str) -> str:
    """The folder of a module under skrnn; "skrnn" for the root."""
    room = [*module.split("."), ""][1]
    return room if (HOUSE / room).is_dir() and room else "skrnn"


# --- the way of the data


class _Reached(BaseException):
    """The first batch has reached the network."""


def ways() -> None:
    """Calls of our functions before the first batch reaches the network."""
    import numpy as np
    import pandas as pd

    from skrnn import LSTMRegressor, MLPRegressor
    from skrnn.sktime import LSTMForecaster

    warnings.simplefilter("ignore")
    X, y = np.random.default_rng(0).normal(size=(40, 6, 2)), np.arange(40) / 40
    index = pd.MultiIndex.from_product([range(40), range(6)])
    forms = {
        "3-D": X,
        "2-D": X[:, :, 0],
        "list": [x[: 1 + i % 6] for i, x in enumerate(X)],
        "panel": pd.DataFrame(X.reshape(-1, 2), index, columns=["a", "b"]),
    }
    quick: dict[str, Any] = {"max_iter": 1, "n_threads": 1, "random_state": 0}
    print("| call | calls | functions | files | file changes |\n|---|---|---|---|---|")
    for form, features in forms.items():
        model = LSTMRegressor(**quick).fit(features, y)
        way(f"LSTMRegressor.fit, {form}", model.fit, features, y)
        way(f"LSTMRegressor.predict, {form}", model.predict, features)
    model = LSTMRegressor(**quick, early_stopping=True).fit(X, y)
    way("LSTMRegressor.fit, early_stopping", model.fit, X, y)
    mlp = MLPRegressor(**quick).fit(X[:, :, 0], y)
    way("MLPRegressor.fit", mlp.fit, X[:, :, 0], y)
    way("MLPRegressor.predict", mlp.predict, X[:, :, 0])
    months = pd.period_range("2000", periods=60, freq="M")
    series = pd.Series(np.arange(60.0) % 7, months)
    forecaster = LSTMForecaster(window_length=6, **quick).fit(series, fh=[1, 2])
    way("LSTMForecaster.predict", forecaster.predict)
    way("LSTMForecaster.fit", forecaster.fit, series, None, [1, 2])
    print()


def way(name: str, call: Callable[..., Any], *args: Any) -> None:
    """Print how long the way of one call is."""
    from torch import nn

    call(*args)  # fills what is kept for later calls
    codes: list[Any] = []

    def note(frame: Any, event: str, _: Any) -> None:
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(f"{HOUSE}{os.sep}"):
            return
        owner = frame.f_locals.get("self")
        if code.co_name == "forward" and isinstance(owner, nn.Module):
            sys.setprofile(None)
            raise _Reached
        if not code.co_name.startswith("<"):
            codes.append(code)

    sys.setprofile(note)
    try:
        call(*args)
    except _Reached:
        pass
    finally:
        sys.setprofile(None)
    files = [code.co_filename for code in codes]
    changes = sum(a != b for a, b in pairwise(files))
    counts = [len(codes), len(set(codes)), len(set(files)), changes]
    print(f"| {name} |", " | ".join(map(str, counts)), "|")


def import_time() -> None:
    """CPU seconds of an import in fresh processes."""
    print("| import skrnn | CPU seconds, median of 7 |\n|---|---|")
    for name, before in {"in all": "", "after its libraries": _LIBRARIES}.items():
        code = f"{before}{_IMPORT}; print(time.process_time() - t)"
        command = [sys.executable, "-c", code]  # finds skrnn in the folder it runs in
        runs = [subprocess.check_output(command, cwd=ROOT) for _ in range(7)]
        print(f"| {name} | {statistics.median(map(float, runs)):.2f} |")


if __name__ == "__main__":
    main()
