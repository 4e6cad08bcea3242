"""Speed of fits beside PyTorch, skorch, Keras, scikit-learn and the limit of the core.

LSTMs, GRUs and RNNs (5 features, one output, Adam) against a raw PyTorch loop, a stock
skorch net, Keras on JAX, and this package forced to run on torch; MLPs against
scikit-learn's. Each way trains in a process of its own on one thread; all take turns,
in an order that turns round each time. Run

    python tests/benchmarks/engine.py [--keras PYTHON] [--variants x86_64_v2]

with the Python of an environment that has Keras and JAX, made by

    python -m venv keras && keras/bin/pip install keras "jax[cpu]"

It prints Markdown tables, and the figures of each turn to standard error. `--only`
takes a regular expression over the names of the cases: `--only "GRU 32, batch 32"`.

What is timed, for each way in each turn: a fit of one epoch, and one of so many more
epochs that they take about 0.2 s. The difference gives the time of *an epoch after the
first*, without any fixed cost; *a whole fit* is the fit of one epoch and the others at
that time. CPU seconds are those of all threads of the process. Ratios are taken within
a turn, and medians over the turns are shown. Imports, compiling and the first fit of a
process are left out; Keras continues to train one model, which is compiled once.

The limit is the time of the multiply-adds of an epoch, three times those of a forward
pass, at the rate of products of square matrices by NumPy and by torch, measured in the
same turn on one thread. It has no activations. The faster of the two is the core's; if
the environment variable OPENBLAS_CORETYPE is set, NumPy and scikit-learn may be slow.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import re
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

RUNNER = Path(__file__).with_name("engine_runner.py")
ONE_THREAD = {
    f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "VECLIB")
}
ENGINE = "SKRNN_ENGINE"
N_FEATURES, HIDDEN_OF_MLPS = 5, 100
SAMPLES = {10: 1600, 30: 800}  # by the number of steps
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
TABLES = {  # samples, inputs, outputs
    "iris": (150, 4, 3),
    "10,000 x 20": (10_000, 20, 1),
    "Fashion-MNIST": (3_000, 784, 10),
}
Case = dict[str, Any]
Turn = dict[str, dict[str, Any]]  # what each way answered


def recurrent_cases(options: argparse.Namespace) -> list[Case]:
    cases = []
    for cell, hidden, batch, steps in itertools.product(
        GATES, options.hidden, options.batches, options.steps
    ):
        case = {"model": cell, "hidden": hidden, "batch": batch, "steps": steps}
        case |= {"samples": SAMPLES[steps], "dtype": "float32", "whole": 20}
        case["name"] = f"{cell} {hidden}, batch {batch}, T {steps}"
        row = GATES[cell] * hidden * (hidden + N_FEATURES)
        case["products"] = case["samples"] * (steps * row + hidden)
        cases.append(case)
    return cases


def dense_cases() -> list[Case]:
    cases = []
    for data, model, dtype, batch in itertools.product(
        TABLES,
        ("MLPClassifier", "MLPRegressor"),
        ("float32", "float64"),
        ("auto", 32, 200),
    ):
        is_iris = data == "iris"  # its default is all 150 rows
        if batch == (200 if is_iris else "auto"):
            continue
        if model == "MLPRegressor" and data != "10,000 x 20":
            continue
        samples, inputs, outputs = TABLES[data]
        case = {"model": model, "data": data, "dtype": dtype, "batch": batch}
        case |= {"samples": samples, "whole": 200 if is_iris else 20}
        case["name"] = f"{model}, {data}, {dtype}, batch {batch}"
        case["products"] = samples * HIDDEN_OF_MLPS * (inputs + outputs)
        cases.append(case)
    return cases


class Way:
    """A process that fits on request."""

    def __init__(
        self, side: str, python: str = sys.executable, **environment: str
    ) -> None:
        inherited = {k: v for k, v in os.environ.items() if k != ENGINE}
        self.process = subprocess.Popen(
            [python, str(RUNNER), side],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**inherited, **ONE_THREAD, **environment},
        )

    def answer(self, case: Case, seconds: float) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        request = json.dumps({"case": case, "seconds": seconds})
        self.process.stdin.write(request + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.process.args} ended in {case['name']}")
        return json.loads(line)

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def all_ways(options: argparse.Namespace) -> dict[str, Way]:
    ways = {
        "limit": Way("products"),
        "skrnn": Way("skrnn"),
        "skrnn on torch": Way("skrnn", **{ENGINE: "torch"}),
        "raw torch": Way("raw"),
        "skorch": Way("skorch"),
        "scikit-learn": Way("scikit-learn"),
    }
    for name in options.variants:
        ways[name] = Way("skrnn", **{ENGINE: name})
    if options.keras:
        ways["Keras"] = Way("keras", options.keras)
    return ways


def chosen_ways(ways: dict[str, Way], case: Case) -> dict[str, Way]:
    """Those that have a network of this kind."""
    absent = ["scikit-learn"]
    if case["model"].startswith("MLP"):
        absent = ["raw torch", "skorch", "Keras"]
    return {name: way for name, way in ways.items() if name not in absent}


def take_turns(ways: dict[str, Way], case: Case, repeats: int, seconds: float) -> Any:
    """What each way answers in each turn."""
    turns: list[Turn] = []
    for number in range(repeats):
        order = list(ways) if number % 2 else list(reversed(ways))
        answers = {name: ways[name].answer(case, seconds) for name in order}
        turn = {name: answers[name] for name in ways}
        print(json.dumps({"case": case["name"], **turn}), file=sys.stderr, flush=True)
        turns.append(turn)
    return turns


def spent(answer: dict[str, Any], case: Case, what: str, clock: str) -> float:
    """Seconds of an epoch after the first, or of a whole fit."""
    further = answer["epoch"][clock]
    if what == "epoch":
        return further
    return answer["first"][clock] + (case["whole"] - 1) * further


def row_of(case: Case, turns: list[Turn], what: str, clock: str) -> dict[str, str]:
    """Our time, its ratio to the limit, and the others' ratios to it."""
    own = [spent(turn["skrnn"], case, what, clock) for turn in turns]
    unit = f"skrnn (µs a sample), {clock}"
    row = {"case": case["name"]}
    if what == "epoch":
        row[unit] = f"{1e6 * statistics.median(own) / case['samples']:.2f}"
        for library in turns[0]["limit"]["rates"]:
            rates = [turn["limit"]["rates"][library] for turn in turns]
            shares = [
                3 * case["products"] / rate / seconds
                for rate, seconds in zip(rates, own, strict=True)
            ]
            share = f"{statistics.median(shares):.0%}"
            row[f"share of {library}'s limit"] = share
    else:
        row["epochs"] = str(case["whole"])
        row[f"skrnn (ms), {clock}"] = f"{1e3 * statistics.median(own):.1f}"
    for name in turns[0]:
        if name not in ("skrnn", "limit"):
            times = [spent(turn[name], case, what, clock) for turn in turns]
            ratio = statistics.median(a / b for a, b in zip(times, own, strict=True))
            row[f"{name} / skrnn"] = f"{ratio:.2f}"
    return row


def print_table(rows: list[dict[str, str]]) -> None:
    print("| " + " | ".join(rows[0]) + " |")
    print("|" + "---|" * len(rows[0]))
    for row in rows:
        print("| " + " | ".join(row.values()) + " |")


def report(cases: list[Case], found: dict[str, list[Turn]], title: str) -> None:
    if not cases:
        return
    for what, text in (
        ("epoch", "an epoch after the first"),
        ("whole", "a whole fit"),
    ):
        for clock in ("cpu", "wall"):
            seconds = {"cpu": "CPU seconds", "wall": "seconds of the clock"}[clock]
            print(f"\n**{title}: {text}, {seconds}**\n")
            rows = [row_of(case, found[case["name"]], what, clock) for case in cases]
            print_table(rows)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keras", help="Python that has Keras and JAX")
    parser.add_argument(
        "--variants",
        nargs="*",
        default=[],
        help=f"instruction sets, each a way of its own with {ENGINE}",
    )
    parser.add_argument("--only", default="", help="regular expression over cases")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.2, help="of one timing")
    parser.add_argument("--hidden", nargs="+", type=int, default=[8, 16, 32, 64, 128])
    parser.add_argument("--batches", nargs="+", type=int, default=[32, 200])
    parser.add_argument(
        "--steps", nargs="+", type=int, default=[10, 30], choices=SAMPLES
    )
    parser.add_argument("--quick", action="store_true", help="few cases, one turn")
    options = parser.parse_args()
    if options.quick:
        options.hidden, options.batches, options.steps = [8, 32], [32], [10]
        options.repeats, options.seconds = 1, 0.05
    return options


def main() -> None:
    options = parse()
    recurrent, dense = recurrent_cases(options), dense_cases()
    if options.quick:
        dense = [case for case in dense if case["dtype"] == "float32"]
    recurrent, dense = (
        [case for case in cases if re.search(options.only, case["name"])]
        for cases in (recurrent, dense)
    )
    ways = all_ways(options)
    found = {}
    for case in recurrent + dense:
        chosen = chosen_ways(ways, case)
        found[case["name"]] = take_turns(chosen, case, options.repeats, options.seconds)
    for way in ways.values():
        way.close()
    answers = [turn["limit"] for turns in found.values() for turn in turns]
    rates = {
        library: statistics.median(answer["rates"][library] for answer in answers)
        for library in answers[0]["rates"]
    }
    speeds = ", ".join(f"{name} {2e-9 * rate:.0f}" for name, rate in rates.items())
    print(
        f"Medians of {options.repeats} turns, one thread, {platform.machine()}; "
        f"{', '.join(answers[0]['blas'])}; products, GFLOP/s: {speeds}"
    )
    report(recurrent, found, "Recurrent networks")
    report(dense, found, "MLPs")


if __name__ == "__main__":
    main()
