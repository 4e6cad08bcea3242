"""Speed and memory of GRUForecaster beside other libraries' recurrent forecasters.

One network for 200 series of 500 hours, 48 hours in and 24 out, Adam, two epochs in
batches of 256 windows. Each library runs in a process of its own, and they take turns.
Run

    python tests/benchmarks/forecasting.py --neuralforecast PYTHON --darts PYTHON

with the Pythons of environments that have those libraries, made by

    python -m venv darts && darts/bin/pip install torch==VERSION "darts[torch]"
    python -m venv nixtla && nixtla/bin/pip install torch==VERSION neuralforecast

with the version of torch that is here; one left out is not run. It prints a Markdown
table of medians; each library has the better of one and two threads. `--series 10
--epochs 1 --threads 1 --repeats 1` is a short run.

The errors are not alike by design: neuralforecast and darts read the hour k ahead off
the state at the k-th of the last 24 steps, which has not seen the steps after it; the
raw loop reads all hours off the last state.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

# torch is not imported here: a process starts with its parent's peak of memory
LENGTH, HORIZON = 500, 24
DAY, WEEK = 24, 24 * 7
RUNNER = Path(__file__).with_name("forecasting_runner.py")
Turn = dict[str, Any]


def make_series(n_series: int, seed: int = 0) -> np.ndarray:
    """Hourly values (series, hour); the last 24 hours are for the test."""
    rng = np.random.default_rng(seed)

    def wave(period: int, low: float, high: float) -> np.ndarray:
        amplitude = rng.uniform(low, high, (n_series, 1))
        phase = rng.uniform(0, period, (n_series, 1))
        return amplitude * np.sin(2 * np.pi * (hours + phase) / period)

    hours = np.arange(LENGTH + HORIZON)
    level = rng.normal(0, 0.5, (n_series, 1))
    noise = rng.normal(0, 0.2, (n_series, LENGTH + HORIZON))
    values = level + wave(DAY, 0.5, 1.5) + wave(WEEK, 0.2, 0.6) + noise
    return values.astype(np.float32)


def turn(
    python: str, library: str, data: str, model: str, threads: int, epochs: int
) -> Turn:
    command = [python, str(RUNNER), library, data, "--model", model]
    done = subprocess.run(
        [*command, "--threads", str(threads), "--epochs", str(epochs)],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": str(threads)},
    )
    if done.returncode:
        raise SystemExit(f"{library} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def summary(turns: list[Turn]) -> Turn:
    """Medians of one library's turns with the same number of threads."""
    first = turns[0]
    return {
        key: statistics.median(t[key] for t in turns)
        if isinstance(value, float)
        else value
        for key, value in first.items()
    }


def compare(pythons: dict[str, str], options: argparse.Namespace) -> list[Turn]:
    """Medians of each model of each library, with the faster number of threads."""
    models, threads = options.models, options.threads
    cases = [(m, name, n) for m in models for n in threads for name in pythons]
    turns: dict[tuple[str, str, int], list[Turn]] = {case: [] for case in cases}
    with tempfile.TemporaryDirectory() as folder:
        data = str(Path(folder) / "series.npz")
        np.savez(data, values=make_series(options.series))
        for _ in range(options.repeats):
            for model, name, n in cases:
                result = turn(pythons[name], name, data, model, n, options.epochs)
                turns[model, name, n].append(result)
                print(json.dumps(result), file=sys.stderr, flush=True)
    best = []
    for model in models:
        for name in pythons:
            rivals = [summary(turns[model, name, n]) for n in threads]
            best.append(min(rivals, key=lambda rival: rival["fit_seconds"]))
    return best


def micros(row: Turn) -> float:
    return 1e6 * row["fit_seconds"] / row["n_windows"]


def print_table(rows: list[Turn]) -> None:
    own = {row["model"]: micros(row) for row in rows if row["library"] == "skrnn"}
    print(
        "| library | model | threads | windows | steps | fit (s) | µs a window | "
        "/ skrnn | predict (s) | before fit (MB) | peak (MB) | MAE |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|---|"
    )
    for row in rows:
        base = own.get(row["model"])
        ratio = f"{micros(row) / base:.2f}" if base else "-"
        print(
            f"| {row['library']} | {row['model']} | {row['threads']} | "
            f"{row['n_windows']:,} | {row['n_steps']} | {row['fit_seconds']:.2f} | "
            f"{micros(row):.1f} | {ratio} | {row['predict_seconds']:.3f} | "
            f"{row['rss_before_mb']:.0f} | {row['peak_rss_mb']:.0f} | "
            f"{row['mae']:.4f} |"
        )


def daily_error(n_series: int) -> float:
    """Error of a forecast that repeats the last day."""
    values = make_series(n_series)
    return float(np.abs(values[:, -DAY:] - values[:, -2 * DAY : -DAY]).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--neuralforecast", help="Python that has neuralforecast")
    parser.add_argument("--darts", help="Python that has darts")
    parser.add_argument("--without-skrnn", action="store_true")
    parser.add_argument("--models", nargs="+", default=["GRU"])
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--series", type=int, default=200)
    parser.add_argument("--epochs", type=int, default=2)
    options = parser.parse_args()
    pythons = {
        "raw": sys.executable,
        "skrnn": None if options.without_skrnn else sys.executable,
        "neuralforecast": options.neuralforecast,
        "darts": options.darts,
    }
    pythons = {name: python for name, python in pythons.items() if python}
    print(
        f"{options.series} series of {LENGTH} hours, {options.epochs} epochs, medians "
        f"of {options.repeats} alternating runs, {platform.machine()}; repeating the "
        f"last day has an MAE of {daily_error(options.series):.4f}\n"
    )
    print_table(compare(pythons, options))


if __name__ == "__main__":
    main()
