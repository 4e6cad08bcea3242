"""One timed fit and forecast by one library; forecasting.py calls it, a process a turn.

    python forecasting_runner.py LIBRARY DATA.npz --model GRU --threads 1

The last line it prints is a JSON object. Only the chosen library is imported, so that
each can live in an environment of its own.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import resource
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

WINDOW, HORIZON, HIDDEN, BATCH, RATE = 48, 24, 32, 256, 1e-3
START = "2025-01-01"
WARM_UP_SERIES, WARM_UP_LENGTH = 5, WINDOW + HORIZON + 50  # one gradient step
QUIET = {  # what Lightning would otherwise print, write or validate
    "accelerator": "cpu",
    "enable_checkpointing": False,
    "enable_model_summary": False,
    "enable_progress_bar": False,
    "limit_val_batches": 0,
    "logger": False,
    "num_sanity_val_steps": 0,
}


class Counter:
    """Windows and steps that reach the recurrent layer in training.

    What a library's parameters promise is not what it trains on, so the rows are
    counted where all of them pass. Ours may train without calling any module; it
    counts its steps itself.
    """

    def __init__(self) -> None:
        self.windows = self.steps = 0

    def watch(self, layer: type[nn.Module]) -> None:
        original = layer.forward

        def forward(module: nn.Module, x: torch.Tensor, *args: Any, **more: Any) -> Any:
            if module.training and torch.is_grad_enabled():
                self.windows += x.shape[
                    0 if getattr(module, "batch_first", True) else 1
                ]
                self.steps += 1
            return original(module, x, *args, **more)

        layer.forward = forward


def long_table(values: np.ndarray) -> pd.DataFrame:
    """Rows of all series under each other, as (unique_id, ds, y)."""
    n_series, length = values.shape
    hours = pd.date_range(START, periods=length, freq="h")
    return pd.DataFrame(
        {
            "unique_id": np.repeat(np.arange(n_series), length),
            "ds": np.tile(hours, n_series),
            "y": values.ravel(),
        }
    )


def layer_of_torch(model: str) -> type[nn.Module]:
    return getattr(nn, model)


class Raw:
    """A PyTorch loop without a library, over batches gathered from one tensor."""

    watched = staticmethod(layer_of_torch)

    def __init__(self, model: str, epochs: int, threads: int) -> None:
        self.epochs = epochs
        self.layer = getattr(nn, model)(1, HIDDEN)
        self.head = nn.Linear(HIDDEN, HORIZON)

    def convert(self, values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(values)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        states = self.layer(x.T.contiguous()[:, :, None])[0]  # (time, batch, hidden)
        return self.head(states[-1])

    def fit(self, series: torch.Tensor) -> None:
        windows = series.unfold(1, WINDOW + HORIZON, 1)  # (series, start, step), a view
        n_series, n_starts = windows.shape[:2]
        parameters = [*self.layer.parameters(), *self.head.parameters()]
        optimizer = torch.optim.Adam(parameters, lr=RATE, fused=True)
        for _ in range(self.epochs):
            for index in torch.randperm(n_series * n_starts).split(BATCH):
                batch = windows[index // n_starts, index % n_starts]
                optimizer.zero_grad()
                error = self.forward(batch[:, :WINDOW]) - batch[:, WINDOW:]
                (error**2).mean().backward()
                optimizer.step()

    @torch.no_grad()
    def predict(self, series: torch.Tensor) -> np.ndarray:
        return self.forward(series[:, -WINDOW:]).numpy()


class Skrnn:
    watched = staticmethod(lambda model: None)

    def __init__(self, model: str, epochs: int, threads: int) -> None:
        import skrnn.sktime

        self.forecaster = getattr(skrnn.sktime, f"{model}Forecaster")(
            window_length=WINDOW,
            horizon=HORIZON,
            hidden_layer_sizes=HIDDEN,
            learning_rate_init=RATE,
            batch_size=BATCH,
            max_iter=epochs,
            early_stopping=False,
            validation_fraction=0,
            normalize=None,  # the others do not scale either
            loss="squared_error",
            n_threads=threads,
            random_state=0,
        )

    def convert(self, values: np.ndarray) -> pd.DataFrame:
        table = long_table(values).set_index(["unique_id", "ds"])
        return table.rename_axis(["series", "hour"])

    def fit(self, series: pd.DataFrame) -> None:
        self.forecaster.fit(series, fh=range(1, HORIZON + 1))

    def count(self, series: pd.DataFrame) -> tuple[int, int]:
        """Windows and steps of training; raise unless each epoch took all windows."""
        lengths = series.groupby(level="series").size()
        n_windows = int((lengths - WINDOW - HORIZON + 1).sum())
        steps = self.forecaster.net_.history[:, "train_batch_count"]
        if set(steps) != {math.ceil(n_windows / BATCH)}:
            raise RuntimeError(
                f"expected all of {n_windows} windows, got {steps} steps"
            )
        return n_windows * len(steps), sum(steps)

    def predict(self, series: pd.DataFrame) -> np.ndarray:
        return self.forecaster.predict().to_numpy().reshape(-1, HORIZON)


class NeuralForecast:
    """Steps are not epochs here.

    A step draws ``batch_size`` series, and ``windows_batch_size`` of their windows
    without repeats. Windows that reach past the end, into padding, are left out only
    by the threshold of 1, which leaves the same windows to draw from as elsewhere.
    """

    watched = staticmethod(layer_of_torch)

    def __init__(self, model: str, epochs: int, threads: int) -> None:
        import neuralforecast.models
        from neuralforecast.losses.pytorch import MSE

        self.epochs = epochs
        self.network = getattr(neuralforecast.models, model)
        self.options = {
            "h": HORIZON,
            "input_size": WINDOW,
            "encoder_n_layers": 1,
            "encoder_hidden_size": HIDDEN,
            "decoder_layers": 1,  # one linear layer, the smallest there is
            "recurrent": False,
            "loss": MSE(),
            "learning_rate": RATE,
            "windows_batch_size": BATCH,
            "training_data_availability_threshold": 1.0,
            "scaler_type": "identity",  # the data need none, the others have none
            "random_seed": 0,
            **QUIET,
        }

    def convert(self, values: np.ndarray) -> pd.DataFrame:
        return long_table(values)

    def fit(self, series: pd.DataFrame) -> None:
        from neuralforecast import NeuralForecast

        n_series = series["unique_id"].nunique()
        n_starts = len(series) // n_series - WINDOW - HORIZON + 1
        steps = math.ceil(self.epochs * n_series * n_starts / BATCH)
        model = self.network(max_steps=steps, val_check_steps=steps, **self.options)
        self.library = NeuralForecast(models=[model], freq="h")
        self.library.fit(series)

    def predict(self, series: pd.DataFrame) -> np.ndarray:
        column = self.network.__name__
        return self.library.predict()[column].to_numpy().reshape(-1, HORIZON)


class Darts:
    watched = staticmethod(layer_of_torch)

    def __init__(self, model: str, epochs: int, threads: int) -> None:
        from darts.models import BlockRNNModel

        self.model = BlockRNNModel(
            input_chunk_length=WINDOW,
            output_chunk_length=HORIZON,
            model=model,
            hidden_dim=HIDDEN,
            n_rnn_layers=1,
            batch_size=BATCH,
            n_epochs=epochs,
            optimizer_kwargs={"lr": RATE},
            random_state=0,
            pl_trainer_kwargs=QUIET,
        )

    def convert(self, values: np.ndarray) -> list[Any]:
        from darts import TimeSeries

        hours = pd.date_range(START, periods=values.shape[1], freq="h")
        return [TimeSeries.from_times_and_values(hours, row) for row in values]

    def fit(self, series: list[Any]) -> None:
        self.model.fit(series, verbose=False)

    def predict(self, series: list[Any]) -> np.ndarray:
        forecasts = self.model.predict(HORIZON, series=series, verbose=False)
        return np.stack([forecast.values()[:, 0] for forecast in forecasts])


LIBRARIES = {
    "raw": Raw,
    "skrnn": Skrnn,
    "neuralforecast": NeuralForecast,
    "darts": Darts,
}


def resident() -> float:
    """MB that the process holds now; its peak where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return peak()
    return pages * resource.getpagesize() / 2**20


def peak() -> float:
    """MB that the process has held at most."""
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def measure(
    library: str, model: str, epochs: int, threads: int, values: np.ndarray
) -> dict[str, Any]:
    """Seconds, windows and memory of a fit, and the error of its forecast."""
    past, future = values[:, :-HORIZON], values[:, -HORIZON:]
    make = LIBRARIES[library]
    warm = make(model, 1, threads)
    warm.fit(warm.convert(past[:WARM_UP_SERIES, :WARM_UP_LENGTH].copy()))
    runner = make(model, epochs, threads)
    series = runner.convert(past.copy())
    counter = Counter()
    layer = runner.watched(model)
    if layer is not None:
        counter.watch(layer)
    before = resident()
    start = time.perf_counter()
    runner.fit(series)
    fitted = time.perf_counter()
    forecast = runner.predict(series)
    end = time.perf_counter()
    if layer is None:
        counter.windows, counter.steps = runner.count(series)
    return {
        "n_windows": counter.windows,
        "n_steps": counter.steps,
        "fit_seconds": fitted - start,
        "predict_seconds": end - fitted,
        "rss_before_mb": before,
        "peak_rss_mb": peak(),
        "mae": float(np.abs(forecast - future).mean()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", choices=LIBRARIES)
    parser.add_argument("data", help="an .npz file with values of (series, hour)")
    parser.add_argument("--model", default="GRU")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    for name in ("lightning.pytorch", "pytorch_lightning"):
        logging.getLogger(name).setLevel(logging.ERROR)
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    values = np.load(options.data)["values"]
    named = {
        "library": options.library,
        "model": options.model,
        "threads": options.threads,
    }
    figures = measure(
        options.library, options.model, options.epochs, options.threads, values
    )
    print(json.dumps({**named, **figures}))


if __name__ == "__main__":
    main()
