"""How good the defaults of the recurrent estimators are, beside other methods.

Each estimator is made without arguments but for its seed, is fitted to the raw values
of the training part of each task, and scored once on its test part. Beside it, on the
same parts: for regression the last value, Ridge on the same windows (standardised, the
penalty by RidgeCV) and HistGradientBoosting; for classification the most frequent
class, one neighbour under dynamic time warping (full, of the raw sequences), MiniRocket
with RidgeClassifierCV, and a plain LSTM in Keras. Run

    python tests/benchmarks/skill.py --tasks FOLDER --results FILE \\
        [--minirocket PYTHON] [--keras PYTHON] [--more] [--costs] [--changes]

FOLDER holds ``tasks.py`` and its data, which do not ship with the package.
``tasks.py`` has the lists of names ``CLASSIFICATION`` and ``REGRESSION`` and the
functions ``classification(name)`` and ``regression(name)``, which return X_train,
y_train, X_test, y_test; X is (sample, time, feature), padded with NaN at the ends of
shorter sequences. PYTHON is that of an environment made by

    python -m venv rocket && rocket/bin/pip install aeon
    python -m venv keras && keras/bin/pip install keras "jax[cpu]"

FILE gets a JSON line for each result. A rerun computes only what FILE lacks: a key is
task, model, seed, label and change, where the label of the package's own estimators is
the commit unless `--label` gives one. Several runs may share FILE at the same time, if
they have different tasks or models. At the end the tables of `docs/accuracy.md` are
printed from FILE; `--print` computes nothing.

`--costs` measures CPU seconds of default fits at 100 to 100,000 windows of 24 x 4,
`--more` adds sets that sktime ships, and `--changes` fits with one change of the
defaults at a time, those in CHANGES below.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from skill_tables import BASELINES, DETERMINISTIC, OWN, Key, Results, print_tables

HERE = Path(__file__).parent
KINDS = {"classification": "Classifier", "regression": "Regressor"}
SIDES = {  # which process runs a model; all others run in that of scikit-learn
    **dict.fromkeys(OWN, "skrnn"),
    **dict.fromkeys(("1-NN DTW", "MiniRocket"), "aeon"),
    "Keras LSTM": "keras",
}
MORE = (  # of sktime, the quickest first
    "ItalyPowerDemand",
    "GunPoint",
    "ArrowHead",
    "BasicMotions",
    "JapaneseVowels",
    "PLAID",
)
SIZES, LENGTH, N_FEATURES = (100, 1_000, 10_000, 100_000), 24, 4  # of --costs
ONE_THREAD = {
    f"{library}_NUM_THREADS": "1"
    for library in ("OMP", "OPENBLAS", "MKL", "VECLIB", "NUMBA")
}
Data = dict[str, Any]

# One change of the defaults at a time, by its name in the table: the arguments of the
# constructor. `--changes` compares each with the defaults on the same seeds.
CHANGES: dict[str, dict[str, dict[str, Any]]] = {
    "classification": {
        'normalize="standard"': {"normalize": "standard"},
        "no convolutions": {"conv_filters": None},
        "32 filters": {"conv_filters": (32, 32, 32)},
        "no batch norm": {"conv_norm": None},
        "convolutions not read by the output layer": {"conv_pooling": None},
        "last state alone": {"pooling": "last"},
        "no dropout": {"dropout": 0.0},
        "no label smoothing": {"label_smoothing": 0.0},
        "20 epochs": {"max_iter": 20},
        "early stopping": {"early_stopping": True},
    },
    "regression": {
        'normalize="standard"': {"normalize": "standard"},
        "normalize=None": {"normalize": None},
        "no read-out": {"readout": None},
        "25 epochs": {"max_iter": 25},
        "100 epochs": {"max_iter": 100},
        "early stopping": {"early_stopping": True},
        "constant rate of .001": {
            "learning_rate": "constant",
            "learning_rate_init": 0.001,
        },
        "batches of 200": {"batch_size": 200},
        "no limit of gradients": {"max_grad_norm": None},
    },
}


@dataclass(frozen=True)
class Task:
    """What a model learns from and is scored on."""

    name: str
    kind: str
    group: str  # main, more or costs
    load: Callable[[], Data]


@dataclass(frozen=True)
class Run:
    """One fit of one model to one task."""

    task: Task
    model: str
    seed: int
    label: str
    change: str = ""

    @property
    def key(self) -> Key:
        return self.task.name, self.model, self.seed, self.label, self.change

    @property
    def arguments(self) -> dict[str, Any]:
        return CHANGES[self.task.kind][self.change] if self.change else {}


def module_of(folder: Path) -> Any:
    """The tasks.py of a folder."""
    path = folder / "tasks.py"
    if not path.is_file():
        raise SystemExit(
            f"{folder} has no tasks.py; --tasks expects a folder with tasks.py and its "
            "data, which do not ship with the package (see the top of this script)"
        )
    spec = importlib.util.spec_from_file_location("tasks", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def parts_of(load: Callable[[str], Any], name: str) -> Data:
    names = ("X_train", "y_train", "X_test", "y_test")
    return dict(zip(names, load(name), strict=True))


def padded_set_of_sktime(name: str) -> Data:
    """A set of classification.py with NaN after the end of shorter sequences."""
    from classification import load

    data: Data = {}
    longest = 0
    for part in ("train", "test"):
        data[f"X_{part}"], data[f"y_{part}"] = load(name, part)
        longest = max(longest, *map(len, data[f"X_{part}"]))
    for part in ("train", "test"):
        ends = [[(0, longest - len(x)), (0, 0)] for x in data[f"X_{part}"]]
        data[f"X_{part}"] = np.array(
            [
                np.pad(x, end, constant_values=np.nan)
                for x, end in zip(data[f"X_{part}"], ends, strict=True)
            ]
        )
        data[f"y_{part}"] = np.asarray(data[f"y_{part}"], str)
    return data


def windows_to_cost(n: int, kind: str) -> Data:
    """Noisy daily curves; the target is the first feature's next value or its third."""
    rng = np.random.default_rng(0)
    hours = np.arange(n + LENGTH)[:, None]
    rows = np.sin(2 * np.pi * hours / np.array([24, 12, 168, 36]))
    rows = rows + 0.3 * rng.standard_normal((n + LENGTH, N_FEATURES))
    y = rows[LENGTH:, 0]
    if kind == "classification":
        y = np.array(["low", "middle", "high"])[
            np.digitize(y, np.quantile(y, [1 / 3, 2 / 3]))
        ]
    return {"rows": rows, "length": LENGTH, "y_train": y}


def all_tasks(options: argparse.Namespace) -> list[Task]:
    source = module_of(options.tasks)
    found = []
    for kind, names in (
        ("classification", source.CLASSIFICATION),
        ("regression", source.REGRESSION),
    ):
        load = getattr(source, kind)
        found += [Task(n, kind, "main", partial(parts_of, load, n)) for n in names]
    for name in MORE:
        task = Task(name, "classification", "more", partial(padded_set_of_sktime, name))
        found.append(task)
    for n in SIZES:
        for kind in KINDS:
            load = partial(windows_to_cost, n, kind)
            found.append(Task(f"{n} windows, {kind}", kind, "costs", load))
    return found


def chosen(tasks: list[Task], options: argparse.Namespace) -> list[Task]:
    """The tasks to run, the slowest group last."""
    groups = ["costs"] if options.costs else ["main"]
    groups += ["more"] if options.more else []
    return [
        task
        for group in groups
        for task in tasks
        if task.group == group and re.search(options.only, task.name)
    ]


def models_of(task: Task, options: argparse.Namespace) -> list[str]:
    names = [*(BASELINES[task.kind] if task.group != "costs" else ()), *OWN]
    given = {"aeon": options.minirocket, "keras": options.keras}
    return [
        name
        for name in names
        if (name in options.models if options.models else True)
        and given.get(SIDES.get(name, ""), True)
    ]


def plan(tasks: list[Task], options: argparse.Namespace) -> Iterator[Run]:
    for task in tasks:
        for model in models_of(task, options):
            own = model in OWN
            label = options.label if own else ""
            once = model in DETERMINISTIC or task.group == "costs"
            for seed in (0,) if once else options.seeds:
                yield Run(task, model, seed, label)
                if own and options.changes and task.group != "costs":
                    for change in CHANGES[task.kind]:
                        yield Run(task, model, seed, label, change)


class Workers:
    """A process for each side, started when the first of its models is to run."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.pythons = {"aeon": options.minirocket, "keras": options.keras}
        self.processes: dict[str, subprocess.Popen[str]] = {}

    def answer(self, run: Run, data: Path) -> dict[str, Any]:
        side = SIDES.get(run.model, "scikit-learn")
        if side not in self.processes:
            self.processes[side] = subprocess.Popen(
                [
                    self.pythons.get(side, sys.executable),
                    HERE / "skill_runner.py",
                    side,
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, **ONE_THREAD},
            )
        process = self.processes[side]
        assert process.stdin is not None
        assert process.stdout is not None
        request = {"side": side, "data": str(data), "model": run.model}
        request |= {"seed": run.seed, "kind": KINDS[run.task.kind]}
        request |= {"arguments": run.arguments}
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if line:
            return json.loads(line)
        del self.processes[side]
        return {"error": f"the process of {side} ended with {process.wait()}"}

    def close(self) -> None:
        for process in self.processes.values():
            assert process.stdin is not None
            process.stdin.close()
            process.wait()


def score(kind: str, y: np.ndarray, predicted: list[Any]) -> float:
    """Accuracy, or the RMSE by the standard deviation of y."""
    if kind == "classification":
        return float(np.mean(np.asarray(predicted) == y))
    error = np.asarray(predicted, float).reshape(y.shape) - y
    return float(np.sqrt(np.mean(error**2)) / y.std())


def compute(runs: list[Run], results: Results, workers: Workers) -> list[str]:
    """Add what is missing to the results; return what failed."""
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        at, loaded = Path(folder) / "data.npz", None
        for run in runs:
            if run.key in results:
                continue
            if loaded != run.task.name:
                data, loaded = run.task.load(), run.task.name
                np.savez(at, **data)
            answer = workers.answer(run, at)
            name = ", ".join(map(str, filter(None, run.key)))
            if "error" in answer:
                failures.append(f"{name}: {answer['error']}")
                print(failures[-1], file=sys.stderr, flush=True)
                continue
            predicted = answer.pop("predicted")
            if "y_test" in data:
                answer["score"] = score(run.task.kind, data["y_test"], predicted)
            results.add(run.key, {"group": run.task.group, **answer})
            told = f"{answer.get('score', float('nan')):.4f} {answer['fit_s']:.1f} s"
            print(f"{name}: {told}", file=sys.stderr, flush=True)
    return failures


def commit() -> str:
    command = ["git", "-C", str(HERE), "describe", "--always", "--dirty"]
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--results", type=Path, required=True, metavar="FILE")
    parser.add_argument("--minirocket", metavar="PYTHON", help="one that has aeon")
    parser.add_argument("--keras", metavar="PYTHON", help="one that has Keras and JAX")
    parser.add_argument("--only", default="", help="regular expression over tasks")
    known = [
        *OWN,
        *dict.fromkeys([*BASELINES["classification"]]),
        *BASELINES["regression"],
    ]
    parser.add_argument("--models", nargs="+", choices=known)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--label", default=commit(), help="of our own results")
    parser.add_argument("--beside", help="label of older results, in the same tables")
    for flag in ("more", "costs", "changes", "print"):
        parser.add_argument(f"--{flag}", action="store_true")
    return parser.parse_args()


def main() -> None:
    options = parse()
    tasks = all_tasks(options)
    results = Results(options.results)
    failures = []
    if not options.print:
        workers = Workers(options)
        runs = list(plan(chosen(tasks, options), options))
        failures = compute(runs, results, workers)
        workers.close()
    print_tables(tasks, results, options.label, options.beside)
    if failures:
        raise SystemExit(f"{len(failures)} runs failed; run again to repeat them")


if __name__ == "__main__":
    main()
