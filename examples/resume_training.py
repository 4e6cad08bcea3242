"""Kill a fit three times with SIGKILL, resume it, and end where it would have ended.

An LSTM learns to tell the demand of the next hour from the last day, on 2,000 hours of
electricity demand in the Carolinas, with early stopping and dropout. The same fit runs
in processes of its own: each is killed when another quarter of the epochs is done, and
the next one goes on from the checkpoint. Its losses and predictions are then compared,
bit by bit, with those of a fit that was left in peace.

    python examples/resume_training.py

prints which epochs each process trained, and draws ``output/resume_training.png``.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

from skrnn import LSTMRegressor, load_electricity

N_HOURS = 2000
WINDOW = 24
N_KILLS = 3
PICTURE = Path("output") / "resume_training.png"


def data() -> tuple[np.ndarray, np.ndarray]:
    """Windows of a day (sample, time), and the hour after each."""
    demand = load_electricity().frame["demand"].to_numpy()[:N_HOURS]
    X = np.lib.stride_tricks.sliding_window_view(demand[:-1], WINDOW)
    return X, demand[WINDOW:]


def fit(folder: str | None) -> LSTMRegressor:
    model = LSTMRegressor(
        hidden_layer_sizes=16,
        dropout=0.1,
        max_iter=40,
        early_stopping=True,
        n_iter_no_change=40,
        random_state=0,
        checkpoint=folder,
        checkpoint_every=1,
    )
    return model.fit(*data())


def epochs_in(folder: str) -> int:
    """Epochs that the checkpoint holds: it is a text, and can be looked at."""
    try:
        return (Path(folder) / "checkpoint.json").read_text().count('"train_loss"')
    except FileNotFoundError:
        return 0


def fit_and_kill(folder: str, n_epochs: int) -> None:
    """A process that is killed once its checkpoint holds so many epochs."""
    process = subprocess.Popen([sys.executable, __file__, folder])
    while epochs_in(folder) < n_epochs and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    process.wait()


def main() -> None:
    expected = fit(None)
    n_epochs = expected.n_iter_
    ends = [0]
    with tempfile.TemporaryDirectory() as folder:
        for part in range(1, N_KILLS + 1):
            fit_and_kill(folder, part * n_epochs // (N_KILLS + 1))
            ends.append(epochs_in(folder))
            print(f"process {part}: epochs {ends[-2] + 1} to {ends[-1]}, then killed")
        resumed = fit(folder)
    ends.append(n_epochs)
    print(f"process {len(ends) - 1}: epochs {ends[-2] + 1} to {ends[-1]}, the end")
    X, _ = data()
    same_losses = resumed.loss_curve_ == expected.loss_curve_
    same_bits = resumed.predict(X).tobytes() == expected.predict(X).tobytes()
    print(f"losses as of a fit left in peace: {same_losses}; predictions: {same_bits}")
    draw(expected, resumed, ends)
    print(f"See {PICTURE}")


def draw(expected: LSTMRegressor, resumed: LSTMRegressor, ends: list[int]) -> None:
    figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
    epochs = np.arange(1, len(expected.loss_curve_) + 1)
    axes.plot(epochs, expected.loss_curve_, color="lightgray", lw=7, label="in peace")
    for part, (first, last) in enumerate(pairwise(ends), 1):
        own = slice(first, last)
        label = f"process {part}" + (", killed" if part <= N_KILLS else "")
        axes.plot(epochs[own], resumed.loss_curve_[own], marker="o", ms=3, label=label)
    for end in ends[1:-1]:
        axes.axvline(end + 0.5, color="tab:red", lw=1, ls=":")
    axes.set(
        xlabel="epoch",
        ylabel="training loss",
        yscale="log",
        title=f"One fit in {len(ends) - 1} processes",
    )
    axes.legend()
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, dpi=120)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        fit(sys.argv[1])
    else:
        main()
