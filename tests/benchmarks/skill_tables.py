"""The results of skill.py and their Markdown tables."""

from __future__ import annotations

import json
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

OWN = ("RNN", "GRU", "LSTM")
BASELINES = {
    "classification": (
        "majority",
        "1-NN DTW",
        "MiniRocket",
        "Keras LSTM",
    ),
    "regression": ("last value", "Ridge", "HistGradientBoosting"),
}
DETERMINISTIC = ("majority", "1-NN DTW", "last value", "Ridge", "HistGradientBoosting")
TIES = {"classification": 0.005, "regression": 0.01}  # accuracy; share of the NRMSE
TUNED = {  # docs/classifiers.md: chosen by cross-validation on each training set
    "ItalyPowerDemand": 0.964,
    "GunPoint": 0.976,
    "ArrowHead": 0.785,
    "BasicMotions": 0.992,
    "JapaneseVowels": 0.983,
    "PLAID": 0.802,
}
MISSING = "?"  # where the package's own figure was not measured
Key = tuple[str, str, int, str, str]  # task, model, seed, label, change
NAMES = ("task", "model", "seed", "label", "change")
Row = list[str]
Floats = Sequence[float]
WORST = {
    "classification": "least above the majority",
    "regression": "at most times the better of last value and Ridge",
}


class Results:
    """A file of JSON lines, one for each result."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records: dict[Key, dict[str, Any]] = {}
        if path.exists():
            for line in path.read_text().splitlines():
                record = json.loads(line)
                self.records[tuple(record[name] for name in NAMES)] = record

    def __contains__(self, key: Key) -> bool:
        return key in self.records

    def add(self, key: Key, figures: dict[str, Any]) -> None:
        record = dict(zip(NAMES, key, strict=True)) | figures
        self.records[key] = record
        with self.path.open("a") as file:
            file.write(json.dumps(record) + "\n")

    def values(
        self, task: str, model: str, label: str, figure: str, change: str = ""
    ) -> dict[int, float]:
        """A figure of each seed."""
        wanted = (task, model, label, change)
        return {
            seed: record[figure]
            for (t, m, seed, named, changed), record in self.records.items()
            if (t, m, named, changed) == wanted and figure in record
        }

    def mean(self, task: str, model: str, label: str, figure: str) -> float | None:
        values = self.values(task, model, label, figure)
        return statistics.fmean(values.values()) if values else None


def print_table(title: str, header: Row, rows: Iterable[Row]) -> None:
    print(f"\n**{title}**\n")
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for row in rows:
        print("| " + " | ".join(row) + " |")


def missing(model: str) -> str:
    """What is missing of our own is marked, so that no page ships without it."""
    return MISSING if model in OWN else "-"


def accuracy(value: float) -> str:
    return f"{value:.3f}"


def error(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def seconds(value: float) -> str:
    if value < 0.01:
        return "< 0.01"
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


# how a score is written, and averaged over tasks
SCORES: dict[str, tuple[Callable[[float], str], Callable[[Floats], float]]] = {
    "classification": (accuracy, statistics.fmean),
    "regression": (error, statistics.geometric_mean),
}


def record_of(pairs: Iterable[tuple[Any, Any]], kind: str) -> str:
    """Wins, ties and losses of the first of each pair."""
    wins = ties = losses = 0
    for own, other in pairs:
        if kind == "classification":
            gain, tie = own - other, TIES[kind]
        else:
            gain, tie = other - own, TIES[kind] * other
        wins += gain > tie
        losses += gain < -tie
        ties += abs(gain) <= tie
    return f"{wins} / {ties} / {losses}"


class Tables:
    """The tables of one kind and group of tasks, a column for each model and label."""

    def __init__(
        self, tasks: list[str], kind: str, results: Results, labels: list[str]
    ) -> None:
        self.tasks, self.kind, self.results = tasks, kind, results
        self.columns = [(model, "") for model in BASELINES[kind]]
        self.columns += [(model, label) for label in labels for model in OWN]
        self.titles = [
            f"{model}, {label}" if label not in ("", labels[-1]) else model
            for model, label in self.columns
        ]

    def values(self, column: tuple[str, str], figure: str) -> list[float | None]:
        """A figure of each task, the mean over the seeds."""
        return [self.results.mean(task, *column, figure) for task in self.tasks]

    def table(
        self,
        columns: list[list[float | None]],
        written: Callable[[float], str],
        averaged: Callable[[Floats], float],
    ) -> list[Row]:
        whole = [
            averaged([v for v in column if v is not None])
            if None not in column
            else None
            for column in columns
        ]
        name = "*geometric mean*" if averaged is statistics.geometric_mean else "*mean*"
        numbers = [*zip(*columns, strict=True), tuple(whole)]
        models = [model for model, _ in self.columns]
        return [
            [
                task,
                *(
                    missing(model) if value is None else written(value)
                    for value, model in zip(row, models, strict=True)
                ),
            ]
            for task, row in zip([*self.tasks, name], numbers, strict=True)
        ]

    def scores(self) -> list[Row]:
        columns = [self.values(column, "score") for column in self.columns]
        return self.table(columns, *SCORES[self.kind])

    def costs(self) -> list[Row]:
        columns = [
            self.values(column, "predict_s" if column[0] == "1-NN DTW" else "fit_s")
            for column in self.columns
        ]
        return self.table(columns, seconds, statistics.fmean)

    def against(self) -> list[Row]:
        """Wins, ties and losses of ours against each baseline; where ours is worst."""
        rows = []
        others = [self.values((m, ""), "score") for m in BASELINES[self.kind]]
        for column, title in zip(self.columns, self.titles, strict=True):
            if column[0] not in OWN:
                continue
            row, own = [title], self.values(column, "score")
            for other in others:
                pairs = [p for p in zip(own, other, strict=True) if None not in p]
                won = record_of(pairs, self.kind)
                row.append(won if pairs else MISSING)
            rows.append([*row, self.worst(own, others)])
        return rows

    def worst(self, own: list[float | None], others: list[list[float | None]]) -> str:
        """The task where ours stands worst beside the plainest baselines."""
        classes = self.kind == "classification"
        plainest = others[:1] if classes else others[:2]
        found = []
        for task, score, *plain in zip(self.tasks, own, *plainest, strict=True):
            if score is None or None in plain:
                continue
            distance = score - plain[0] if classes else -score / min(plain)
            found.append((distance, task))
        if not found:
            return MISSING
        value, task = min(found)
        told = f"{value:+.3f}" if classes else error(-value)
        return f"{told} ({task})"


def print_scores(
    title: str, tasks: list[str], kind: str, results: Results, labels: list[str]
) -> None:
    tables = Tables(tasks, kind, results, labels)
    header, rows = ["task", *tables.titles], tables.scores()
    if any(task in TUNED for task in tasks):
        header.append("tuned")
        tuned = [*(TUNED[task] for task in tasks), statistics.fmean(TUNED.values())]
        rows = [[*row, accuracy(v)] for row, v in zip(rows, tuned, strict=True)]
    print_table(title, header, rows)
    beside = ["wins / ties / losses", *BASELINES[kind], WORST[kind]]
    print_table(f"{title}, against each", beside, tables.against())
    header = ["task", *tables.titles]
    print_table("CPU seconds of a fit (DTW: of predictions)", header, tables.costs())


def print_costs(tasks: list[str], results: Results, labels: list[str]) -> None:
    columns = [(model, label) for model in OWN for label in labels]
    titles = [f"{m}, {label}" if len(labels) > 1 else m for m, label in columns]
    rows = []
    for task in tasks:
        values = [results.mean(task, *column, "fit_s") for column in columns]
        rows.append([task, *(MISSING if v is None else seconds(v) for v in values)])
    title = "CPU seconds of a default fit, windows of 24 x 4"
    print_table(title, ["fit", *titles], rows)


def pairs_of(
    change: str, model: str, tasks: list[str], results: Results, label: str
) -> list[tuple[float, float]]:
    """Scores with the change and without, of the tasks and seeds that have both."""
    pairs = []
    for task in tasks:
        plain = results.values(task, model, label, "score")
        other = results.values(task, model, label, "score", change)
        pairs += [(other[seed], plain[seed]) for seed in plain.keys() & other.keys()]
    return pairs


def print_changes(tasks: list[str], kind: str, results: Results, label: str) -> None:
    """What one change of the defaults alone is worth."""
    written, averaged = SCORES[kind]
    rows = []
    changes = {key[4]: None for key in results.records if key[4] and key[3] == label}
    for change in changes:
        for model in OWN:
            pairs = pairs_of(change, model, tasks, results, label)
            if pairs:
                means = [written(averaged(side)) for side in zip(*pairs, strict=True)]
                row = [change, model, str(len(pairs)), *reversed(means)]
                rows.append([*row, record_of(pairs, kind)])
    if rows:
        header = ["change", "cell", "fits", "defaults", "with the change"]
        header.append("wins / ties / losses of the change")
        what = "accuracy" if kind == "classification" else "geometric mean of the NRMSE"
        print_table(f"One change of the defaults at a time, {what}", header, rows)


def print_tables(
    tasks: list[Any], results: Results, label: str, beside: str | None
) -> None:
    labels = [*([beside] if beside else []), label]
    named: dict[tuple[str, str], list[str]] = defaultdict(list)
    for task in tasks:
        named[task.group, task.kind].append(task.name)
    for kind, title in (
        ("classification", "Test accuracy"),
        ("regression", "NRMSE on the test part"),
    ):
        print_scores(title, named["main", kind], kind, results, labels)
        print_changes(named["main", kind], kind, results, label)
    more = named["more", "classification"]
    print_scores("Test accuracy, more sets", more, "classification", results, labels)
    costs = [*named["costs", "regression"], *named["costs", "classification"]]
    print_costs(costs, results, labels)
