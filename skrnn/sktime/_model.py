"""A network over the windows of a panel: trained, and rolled forward."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd

from ..modules import ForecastNetwork
from ..training import (
    Checkpoint,
    ForecastDataset,
    Outcome,
    Progress,
    Rolled,
    RollInputs,
    Settings,
    as_text,
    build_net,
    device_after_loading,
    predict_loss,
    resolve_device,
    roll,
    set_weights,
    train,
    weights_of,
)
from ..windows import Origins, hold_out_last_origins, origins_within
from ._distributions import distribution_of
from ._history import History
from ._plan import Plan
from ._scaling import Scaling

_STEPS_AN_EPOCH = 20  # of batch_size="auto"


class ForecastModel:
    """A network, and how series become numbers for it.

    Parameters
    ----------
    plan : Plan
    settings : Settings
    seed : int
        Of the initial weights.
    asked_device : str or torch.device
        As the user names it.
    """

    def __init__(
        self, plan: Plan, settings: Settings, seed: int, asked_device: Any
    ) -> None:
        self.plan = plan
        self.settings = settings.without_callbacks()
        self.seed = seed
        self.asked_device = asked_device
        self.device = resolve_device(asked_device, plan.dtype)
        is_count = plan.loss == "negative_binomial"
        self.scaling = Scaling(plan.normalize, is_count)
        self.calibration_starts: dict[Any, Any] = {}  # first time held out, by series
        self.y_names: list = []
        self.X_names: list = []
        self.net = self._build()
        self._kept: tuple = ()

    def described(self) -> dict[str, Any]:
        """What decides the network, by name."""
        return {**self.plan.described(), "X": self.X_names}

    @property
    def weights(self) -> dict[str, np.ndarray]:
        """Of the network, by name."""
        return weights_of(self.net)

    @property
    def learnt(self) -> list[Any]:
        """Whatever a training that goes on from here depends on."""
        return [self.weights, self.scaling.X_center, self.scaling.X_scale]

    def kept_for(self, history: History) -> dict[Any, Any]:
        """A place for what follows from the network and this history.

        Empty again if one of them is another; in no file and no copy.
        """
        weights = [crc32(array.tobytes()) for array in self.weights.values()]
        kept = self._kept
        if not kept or kept[0] != weights or kept[1] is not history:
            self._kept = kept = (weights, history, {})
        found: dict[Any, Any] = kept[2]
        return found

    def forget_series(self) -> None:
        """Be ready for other series with the same network."""
        self.scaling.series = {}
        self.calibration_starts = {}

    def rebuild(self, settings: Settings, asked_device: Any) -> None:
        """Be ready to train on in another way, or elsewhere."""
        weights = self.weights
        self.settings = settings.without_callbacks()
        self.asked_device = asked_device
        self.device = resolve_device(asked_device, self.plan.dtype)
        self.net = self._build()
        set_weights(self.net, weights)

    def meet(self, history: History) -> None:
        """Learn the scaling of series that are new, and nothing else.

        None of the training was on them.
        """
        origins = origins_within(history.sizes, self.plan.window_length, 1)
        for key, times in zip(history.keys, history.times, strict=True):
            if key not in self.scaling.series:
                self.calibration_starts[key] = times[0]
        self.scaling.learn_series(history, origins, history.sizes, keep=True)

    def _build(self) -> Any:
        return build_net(
            ForecastNetwork,
            self.plan.module_params(self.seed),
            self.plan.new_loss(),
            self.settings,
            None,
            self.device,
        )

    def train(
        self,
        history: History,
        settings: Settings,
        validation_fraction: float,
        random_state: np.random.RandomState,
        *,
        goes_on: bool,
        checkpoint: Checkpoint | None = None,
    ) -> Outcome | None:
        """Learn from the windows of all series; None if none has a known target.

        ``goes_on`` keeps the scaling of known series and, where there is held-out
        data, weights that are no worse on it than those at hand.
        """
        training, validation = self._split(history, validation_fraction)
        n_known = history.sizes.copy()
        series, first = np.unique(validation.series, return_index=True)
        n_known[series] = validation.ends[first] - history.offsets[series]
        self.scaling.learn_covariates(history, n_known, keep=goes_on)
        self.scaling.learn_series(history, training, n_known, keep=goes_on)
        self._note_held_out(history, training, validation)
        if len(training) == 0:
            return None
        is_stopped = settings.early_stopping and len(validation) > 0
        settings = replace(
            settings,
            early_stopping=is_stopped,
            batch_size=_batch_size(settings, len(training)),
        )
        rows = self.scaling.rows_of(history, self.plan.dtype)
        held_out_data = self._dataset(history, rows, validation) if is_stopped else None
        progress = Progress(of_scores=is_stopped)
        if goes_on and held_out_data is not None:
            progress.best = -predict_loss(self.net, held_out_data, settings.n_threads)
        return train(
            self.net,
            self._dataset(history, rows, training),
            held_out_data,
            settings,
            random_state,
            progress,
            n_epochs=settings.max_iter,
            checkpoint=checkpoint,
        )

    def _split(self, history: History, share: float) -> tuple[Origins, Origins]:
        """Origins to train on, and those held out."""
        plan = self.plan
        origins = origins_within(
            history.sizes, plan.window_length, plan.horizon, plan.step_length
        )
        if not share:
            return origins, origins.take(np.arange(0))
        chosen, held_out = hold_out_last_origins(origins, share, plan.horizon)
        return origins.take(chosen), origins.take(held_out)

    def _note_held_out(
        self, history: History, training: Origins, held_out: Origins
    ) -> None:
        """Remember from which time on each series was not trained on."""
        for place in np.unique(training.series):
            self.calibration_starts.pop(history.keys[place], None)
        series, first = np.unique(held_out.series, return_index=True)
        for place, row in zip(series, held_out.ends[first], strict=True):
            time = history.times[place][row - history.offsets[place]]
            self.calibration_starts[history.keys[place]] = time

    def first_held_out(self, history: History) -> np.ndarray:
        """The first row of each series that was held out; its end if none was."""
        rows = history.ends
        for place, key in enumerate(history.keys):
            time = self.calibration_starts.get(key)
            if time is not None:
                first = int(np.searchsorted(history.times[place], time))
                rows[place] = history.offsets[place] + max(1, first)
        return rows

    def _dataset(
        self, history: History, rows: np.ndarray, origins: Origins
    ) -> ForecastDataset:
        plan = self.plan
        _, scale, typical = self.scaling.of(history)
        return ForecastDataset(
            rows,
            origins,
            horizon=plan.horizon,
            n_targets=plan.n_targets,
            future=plan.future,
            normalization=self.scaling.normalization,
            typical=typical.astype(plan.dtype),
            units=scale.astype(plan.dtype) if self.scaling.is_count else None,
            device=self.device,
        )

    def roll_inputs(
        self,
        history: History,
        origins: Origins,
        future: np.ndarray | None,
        n_steps: int,
    ) -> RollInputs:
        """What forecasts from these origins begin with.

        Parameters
        ----------
        future : ndarray of shape (n_origins, n_steps, n_covariates) or None
            Covariates of the steps, scaled; None takes them from the rows of the
            history, as far as there are any.
        """
        plan = self.plan
        first, last = origins.starts.min(), origins.ends.max() + n_steps
        rows = self.scaling.rows_of(history, plan.dtype, first, last)
        ahead = np.zeros((len(origins), n_steps, plan.n_columns), plan.dtype)
        if future is not None:
            ahead[..., plan.n_targets :] = future
        elif plan.n_columns > plan.n_targets:
            index = origins.ends[:, None] + np.arange(n_steps)
            is_known = index < history.ends[origins.series][:, None]
            known = rows[np.where(is_known, index - first, 0), plan.n_targets :]
            ahead[..., plan.n_targets :] = np.where(is_known[..., None], known, 0)
        unknown = np.setdiff1d(np.arange(plan.n_columns), plan.future)
        ahead[..., unknown] = 0  # whatever is in the history
        _, scale, typical = self.scaling.of(history)
        units = scale[origins.series].astype(plan.dtype)
        return RollInputs(
            rows,
            origins.starts - first,
            origins.ends - first,
            ahead,
            typical[origins.series].astype(plan.dtype),
            units if self.scaling.is_count else None,
        )

    def roll(
        self, inputs: RollInputs, n_steps: int, n_threads: Any, draw: Any = None
    ) -> Rolled:
        """Forecast from each origin, going on from the mean or from a draw."""
        return roll(
            self.net,
            inputs,
            n_steps,
            window_length=self.plan.window_length,
            future=self.plan.future,
            normalization=self.scaling.normalization,
            choose=self.mean_of if draw is None else draw,
            n_threads=n_threads,
        )

    def distribution(self, parameters: np.ndarray) -> Any:
        """The distributions that parameters (..., n_parameters) stand for."""
        return distribution_of(self.plan.loss, parameters, self.plan.quantiles)

    def mean_of(self, parameters: np.ndarray) -> np.ndarray:
        """The point forecast."""
        return self.distribution(parameters).mean

    def units_of(
        self, history: History, origins: Origins, rolled: Rolled
    ) -> tuple[np.ndarray, np.ndarray]:
        """Center and scale that bring forecasts into the units of y.

        Each of shape (n_origins, n_steps, n_targets).
        """
        if self.scaling.is_count:
            return np.zeros(rolled.values.shape), np.ones(rolled.values.shape)
        center, scale, _ = self.scaling.of(history)
        center, scale = center[origins.series][:, None], scale[origins.series][:, None]
        return rolled.center * scale + center, rolled.scale * scale

    def __getstate__(self) -> dict[str, Any]:
        """Dicts of arrays and numbers, the weights in place of the net."""
        state = self.__dict__.copy()
        state["net"] = self.weights
        for name in _RECORDS:
            state[name] = vars(state[name]).copy()
        state["asked_device"] = as_text(self.asked_device)
        del state["device"], state["_kept"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Build the net anew on the device that is there."""
        state = dict(state)
        weights = state.pop("net")
        for name, kind in _RECORDS.items():
            state[name] = kind(**state[name])
        self.__dict__.update(state)
        self.plan.check()
        self.device = device_after_loading(self.asked_device, self.plan.dtype)
        self.net = self._build()
        self._kept = ()
        set_weights(self.net, weights)


_RECORDS: dict[str, type] = {"plan": Plan, "settings": Settings, "scaling": Scaling}


def _batch_size(settings: Settings, n_windows: int) -> int | str:
    """So many that an epoch has some twenty steps, but from 16 to 256."""
    if settings.batch_size != "auto":
        return settings.batch_size
    return int(np.clip(n_windows // _STEPS_AN_EPOCH, 16, 256))


def history_for(
    model: ForecastModel | None, y: pd.DataFrame, X: pd.DataFrame | None
) -> History:
    """Series with their columns in the order in which a pretrained model knows them.

    Columns of y that have other names are taken in their own order.
    """
    if y is None:
        raise ValueError("y is None, expected the series to learn from")
    if model is not None:
        y = _in_order(y, model.y_names)
        X = None if X is None else _in_order(X, model.X_names)
    return History(y, X)


def _in_order(frame: pd.DataFrame, names: list) -> pd.DataFrame:
    return frame.loc[:, names] if set(frame.columns) == set(names) else frame
