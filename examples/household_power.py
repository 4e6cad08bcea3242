"""Forecast a household's power ten hours ahead with a network that never forgets.

Hourly power of a house near Paris, 2006-12 to 2010-11. The network is that of many
lectures on this data: a convolution over single hours, two LSTM layers of 21 and 10
units, and ten outputs, the next ten hours. It reads the series in pieces of ten hours,
one after another. Ten hours are less than a day, and no column tells the time; but with
``stateful=True`` the state at the end of a piece is where the next one begins. Training
reads ten stretches of the series side by side.

Columns are scaled to [0, 1] by what they were in the training years, 2007 to 2009. The
last tenth of them is held out; the weights that forecast it best are kept, saved, read
again, and tried on 2010.

Beside it stands the plain call: ``GRURegressor()`` on windows of two days, one for each
hour of the training years, in kilowatts.

    python examples/household_power.py
    python examples/household_power.py --quick

prints a table and draws ``output/household_power.png``. The second trains on a few
months, for a few epochs. It needs matplotlib: ``pip install -e ".[plots]"``.
"""

from __future__ import annotations

import argparse
import pickle
import tempfile
import time
import warnings
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import MinMaxScaler

from skrnn import GRURegressor, LSTMRegressor
from skrnn.datasets import load_household_power
from skrnn.windows import windows_with_targets

AHEAD = 10  # hours in a piece, and hours to forecast after it
DAY = 24
WEEK = 7 * DAY
WINDOW = 2 * DAY
TEST = "2010-01-01"
SHOWN = 15  # pieces in the picture
PICTURE = Path("output") / "household_power.png"


def load(is_quick: bool) -> pd.DataFrame:
    """Whole hours, missing minutes taken from the day before; power in kW."""
    hours = load_household_power(fill="previous_day").frame.iloc[1:-1].copy()
    hours["global_active_power"] /= 60  # kilowatt-minutes in an hour
    hours["global_reactive_power"] /= 60
    return hours.loc["2009-09":"2010-02"] if is_quick else hours


def pieces(rows: np.ndarray) -> np.ndarray:
    """(piece, hour, column), the last hours left out that fill no piece."""
    n_pieces = len(rows) // AHEAD
    return rows[: n_pieces * AHEAD].reshape(n_pieces, AHEAD, -1)


def make(max_iter: int) -> LSTMRegressor:
    """The network of the lectures, which scales nothing by itself."""
    return LSTMRegressor(
        normalize=None,
        max_grad_norm=None,
        learning_rate="constant",
        learning_rate_init=0.001,
        hidden_layer_sizes=(21, 10),
        conv_filters=21,
        conv_kernel_size=1,
        conv_activation="relu",
        batch_size=10,
        shuffle=False,
        stateful=True,
        early_stopping=True,
        n_iter_no_change=6,
        max_iter=max_iter,
        random_state=0,
    )


def train(X: np.ndarray, y: np.ndarray, max_iter: int) -> LSTMRegressor:
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # where it is quick
        model = make(max_iter).fit(X, y)
    print(model.summary())
    best = int(np.argmax(model.validation_scores_)) + 1
    seconds = time.perf_counter() - start
    print(f"\n{model.n_iter_} epochs in {seconds:.0f} s; kept: those of epoch {best}.")
    return model


def save_and_load(model: LSTMRegressor, X: np.ndarray) -> LSTMRegressor:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.pickle"
        file.write_bytes(pickle.dumps(model))
        loaded = pickle.loads(file.read_bytes())
        size = file.stat().st_size / 1000
    assert (loaded.predict(X) == model.predict(X)).all()
    print(f"Saved and read again, {size:.0f} kB: the same predictions.\n")
    return loaded


def forecast(
    model: LSTMRegressor, X: np.ndarray, X_test: np.ndarray, scaler: MinMaxScaler
) -> np.ndarray:
    """In kW (piece, hour ahead), the state of the training years handed on."""
    history, rows = (pieces.reshape(-1, pieces.shape[2]) for pieces in (X, X_test))
    every_hour = model.stream(history).predict(rows)
    scaled = every_hour[AHEAD - 1 :: AHEAD]
    # the same twice more: as the hours would come in, and all pieces at once
    live = model.stream(history)
    one_by_one = np.array([live.step(row) for row in rows[: 5 * AHEAD]])
    np.testing.assert_allclose(one_by_one, every_hour[: 5 * AHEAD], atol=1e-5)
    at_once = model.predict(np.concatenate([X, X_test]))
    np.testing.assert_allclose(at_once[len(X) :], scaled, atol=1e-5)
    return scaler.inverse_transform(scaled.reshape(-1, 1)).reshape(scaled.shape)


def forecast_plainly(hours: pd.DataFrame, n_train: int) -> np.ndarray:
    """As :func:`forecast`, by a network with the defaults on windows of two days."""
    start = time.perf_counter()
    windows, ahead = windows_with_targets(hours.to_numpy(np.float32), WINDOW, AHEAD)
    y = np.asarray(ahead)[:, :, 0]
    n = n_train - WINDOW - AHEAD + 1  # those whose ten hours are in training, too
    model = GRURegressor(random_state=0).fit(windows[:n], y[:n])
    print(f"GRURegressor(): {time.perf_counter() - start:.0f} s.\n")
    return model.predict(windows[n_train - WINDOW :: AHEAD])


def naive(power: pd.Series, n_train: int) -> dict[str, pd.Series]:
    """Forecasts that need no network, for each hour of the series."""
    ends = power.to_numpy()[AHEAD - 1 :: AHEAD]  # last hour of each piece
    last = np.repeat(ends, AHEAD)[: len(power) - AHEAD]
    hour = power.index.hour
    usual = power[:n_train].groupby(hour[:n_train]).mean()
    return {
        "the last hour": pd.Series(last, power.index[AHEAD:][: len(last)]),
        "a day before": power.shift(DAY),
        "a week before": power.shift(WEEK),
        "mean of the hour": pd.Series(usual[hour].to_numpy(), power.index),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few months and epochs")
    is_quick = parser.parse_args().quick
    hours = load(is_quick)
    power = hours["global_active_power"]
    n_train = int((hours.index < TEST).sum()) // AHEAD * AHEAD
    scaler = MinMaxScaler().fit(hours[:n_train])
    power_scaler = MinMaxScaler().fit(power.to_numpy()[:n_train, None])
    X = pieces(scaler.transform(hours))
    X, y = X[:-1], X[1:, :, 0]  # what follows a piece is the power of the next one
    n_pieces = n_train // AHEAD - 1  # those whose ten hours are in training, too
    print(f"{n_pieces:,} pieces of {AHEAD} hours to train on.\n")

    model = train(X[:n_pieces], y[:n_pieces], max_iter=5 if is_quick else 200)
    model = save_and_load(model, X[:n_pieces])
    predicted = forecast(model, X[:n_pieces], X[n_pieces:], power_scaler)
    times = power.index[n_train : n_train + predicted.size]
    forecasts = {name: values[times] for name, values in naive(power, n_train).items()}
    forecasts["LSTM, stateful"] = pd.Series(predicted.ravel(), times)
    by_default = forecast_plainly(hours, n_train).ravel()[: len(times)]
    forecasts["GRURegressor()"] = pd.Series(by_default, times)
    errors = {
        name: float(np.sqrt(((values - power[times]) ** 2).mean()))
        for name, values in forecasts.items()
    }
    print(f"RMSE of {len(times):,} hours from {times[0]:%Y-%m-%d}, up to ten ahead:")
    for name, error in errors.items():
        print(f"  {name:18s} {error:.3f} kW")
    draw(model, power, forecasts["LSTM, stateful"], errors)
    print(f"See {PICTURE}")


def draw(
    model: LSTMRegressor, power: pd.Series, forecast: pd.Series, errors: dict
) -> None:
    figure = plt.figure(figsize=(12, 6), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=(3, 2))
    axes = top.subplots()
    draw_series(axes, power, forecast)
    curve, table = bottom.subplots(1, 2)
    curve.plot(range(1, model.n_iter_ + 1), model.validation_scores_)
    best = int(np.argmax(model.validation_scores_))
    curve.plot(best + 1, model.validation_scores_[best], "ko", label="kept")
    curve.set(xlabel="epoch", ylabel="held-out R2")
    curve.xaxis.get_major_locator().set_params(integer=True)
    curve.legend()
    table.axis("off")
    cells = [[name, f"{error:.3f}"] for name, error in errors.items()]
    drawn = table.table(cells, colLabels=["forecast", "RMSE, kW"], loc="center")
    drawn.scale(0.8, 1.4)
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, dpi=110)


def draw_series(axes: plt.Axes, power: pd.Series, forecast: pd.Series) -> None:
    shown = forecast[-SHOWN * AHEAD :]
    history = power[shown.index[0] - pd.Timedelta(hours=3 * AHEAD) : shown.index[-1]]
    axes.plot(history, color="black", lw=1, label="power")
    for start in range(0, len(shown), AHEAD):
        piece = shown[start : start + AHEAD]
        label = "forecast, ten hours at once" if start == 0 else None
        axes.plot(piece, color="tab:orange", lw=2, label=label)
        axes.axvline(piece.index[0], color="lightgray", lw=0.8, zorder=0)
    axes.axvspan(history.index[0], shown.index[0], color="tab:blue", alpha=0.1)
    axes.text(history.index[1], axes.get_ylim()[1] * 0.9, "history")
    axes.set(ylabel="kW", title="A household's power, forecast ten hours at a time")
    axes.legend(loc="upper right")


if __name__ == "__main__":
    main()
