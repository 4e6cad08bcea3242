"""A network over the windows of a panel: trained, and rolled forward."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd
from torch import nn

from .._warnings import warn
from ..modules import ForecastNetwork
from ..training import (
    Checkpoint,
    ForecastDataset,
    Model,
    Outcome,
    Progress,
    Rolled,
    RollInputs,
    Settings,
    predict_loss,
    roll,
)
from ..windows import Origins, hold_out_last_origins, origins_within
from ._distributions import distribution_of
from ._history import History
from ._plan import Plan
from ._request import Request
from ._scaling import Scaling

_STEPS_AN_EPOCH = 20  # for batch_size="auto"
_FIELDS = ("seed", "calibration_starts", "y_names", "X_names")  # written as they are


class ForecastModel:
    """A network for the columns of a history, and the scaling of the series."""

    def __init__(
        self,
        plan: Plan,
        history: History,
        settings: Settings,
        seed: int,
        asked_device: Any,
    ) -> None:
        self.plan = plan
        self.seed = seed
        self.network = Model(*_network_of(plan, seed), settings, asked_device)
        self.scaling = Scaling(plan.normalize, plan.loss == "negative_binomial")
        self.calibration_starts: dict[Any, Any] = {}  # first time held out, by series
        self.y_names, self.X_names = list(history.y_names), history.X_names
        self._kept: tuple[list[int], History, dict[Any, Any]] | None = None

    def described(self) -> dict[str, Any]:
        """Everything that determines the network, by name."""
        return {**self.plan.described(), "X": self.X_names}

    @property
    def learnt(self) -> list[Any]:
        """Everything that later training depends on."""
        return [self.network.weights, self.scaling.X_center, self.scaling.X_scale]

    def kept_for(self, history: History) -> dict[Any, Any]:
        """A dict that caches results for the network and this history.

        It is emptied if one of them changes, and is not part of files and copies.
        """
        weights = [crc32(array.tobytes()) for array in self.network.weights.values()]
        kept = self._kept  # other threads may replace it
        if kept is None or kept[0] != weights or kept[1] is not history:
            self._kept = kept = (weights, history, {})
        return kept[2]

    def forget_series(self) -> None:
        """Prepare for other series with the same network."""
        self.scaling.series = {}
        self.calibration_starts = {}

    def meet(self, history: History) -> None:
        """Learn the scaling of new series; all their rows count as held out."""
        origins = origins_within(history.sizes, self.plan.window_length, 1)
        for key, times in zip(history.keys, history.times, strict=True):
            if key not in self.scaling.series:
                self.calibration_starts[key] = times[0]
        self.scaling.learn_series(history, origins, history.sizes, keep=True)

    def train(
        self,
        history: History,
        settings: Settings,
        validation_fraction: float,
        random_state: np.random.RandomState,
        *,
        continued: bool,
        checkpoint: Checkpoint | None = None,
    ) -> Outcome | None:
        """Learn from the windows of all series; return None if no target is known.

        ``continued`` keeps the scaling of known series. If there is held-out data, it
        also keeps the present weights unless later weights are better on that data.
        """
        training, validation = self._split(history, validation_fraction)
        self._learn_scaling(history, training, validation, keep=continued)
        if len(training) == 0:
            return None
        is_stopped = settings.early_stopping and len(validation) > 0
        batch_size = _batch_size(settings, len(training))
        settings = replace(settings, early_stopping=is_stopped, batch_size=batch_size)
        rows = self.scaling.rows_of(history, self.plan.dtype)
        held_out = self._dataset(history, rows, validation) if is_stopped else None
        progress = Progress(of_scores=is_stopped)
        if continued and held_out is not None:
            loss = predict_loss(self.network.net, held_out, settings.n_threads)
            progress.best = -loss
        return self.network.train(
            self._dataset(history, rows, training),
            held_out,
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

    def _learn_scaling(
        self, history: History, training: Origins, held_out: Origins, *, keep: bool
    ) -> None:
        """Learn from the rows before the held-out ones; store where those begin."""
        series, first = np.unique(held_out.series, return_index=True)
        n_known = history.sizes.copy()
        n_known[series] = held_out.ends[first] - history.offsets[series]
        self.scaling.learn_covariates(history, n_known, keep=keep)
        self.scaling.learn_series(history, training, n_known, keep=keep)
        for place in np.unique(training.series):
            self.calibration_starts.pop(history.keys[place], None)
        for place in series:
            time = history.times[place][n_known[place]]
            self.calibration_starts[history.keys[place]] = time

    def first_held_out(self, history: History) -> np.ndarray:
        """The first held-out row of each series; its end if none was held out."""
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
            device=self.network.device,
        )

    def future_covariates(
        self, request: Request, X: pd.DataFrame | None, history: History
    ) -> np.ndarray | None:
        """Covariates of the steps ahead, scaled, (n_series, n_ahead, n_covariates)."""
        plan, names = self.plan, history.X_names
        if not plan.future or request.n_ahead == 0:
            return None
        places = [column - plan.n_targets for column in plan.future]
        known = [names[place] for place in places]
        values = np.zeros((len(history.keys), request.n_ahead, len(names)))
        values[..., places] = request.covariates(X, known, history, plan.horizon)
        scaled = self.scaling.covariates(values)
        scaled[np.isnan(scaled)] = 0  # NaN at steps that change nothing
        return scaled

    def roll_inputs(
        self,
        history: History,
        origins: Origins,
        future: np.ndarray | None,
        n_steps: int,
    ) -> RollInputs:
        """The windows before these origins, and the known values of the steps after
        them.

        ``future`` (n_origins, n_steps, n_covariates) holds scaled covariates; None
        takes them from the rows of the history, if there are any.
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
        ahead[..., unknown] = 0  # hides values of the history
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
        """Forecast from each origin; each block continues from means or from draws."""
        return roll(
            self.network.net,
            inputs,
            n_steps,
            window_length=self.plan.window_length,
            future=self.plan.future,
            normalization=self.scaling.normalization,
            choose=self.mean_of if draw is None else draw,
            n_threads=n_threads,
        )

    def distribution(self, parameters: np.ndarray) -> Any:
        """The distributions with these parameters (..., n_parameters)."""
        return distribution_of(self.plan.loss, parameters, self.plan.quantiles)

    def mean_of(self, parameters: np.ndarray) -> np.ndarray:
        """The point forecasts of parameters (..., n_parameters)."""
        return self.distribution(parameters).mean

    def units_of(
        self, history: History, origins: Origins, rolled: Rolled
    ) -> tuple[np.ndarray, np.ndarray]:
        """Center and scale that bring forecasts into the units of y.

        Both have the shape (n_origins, n_steps, n_targets).
        """
        if self.scaling.is_count:
            return np.zeros(rolled.values.shape), np.ones(rolled.values.shape)
        center, scale, _ = self.scaling.of(history)
        center, scale = center[origins.series][:, None], scale[origins.series][:, None]
        return rolled.center * scale + center, rolled.scale * scale

    def warn_unless_held_out(self) -> None:
        """Warn if no window could be held out."""
        if not self.calibration_starts:
            warn(
                "no series is long enough to hold out windows: the training loss "
                "decides when to stop, and intervals are too small. Lower "
                "window_length or horizon, or pass longer series"
            )

    def warn_of_ignored(self) -> None:
        """Warn of columns of X that are constant in the training rows."""
        names = [self.X_names[place] for place in self.scaling.ignored]
        if names:
            warn(
                f"the columns {names} of X are constant in the training rows, so their "
                "effect cannot be learnt: they are ignored, even if they change later. "
                "Leave them out, or pass rows in which they vary"
            )

    def __getstate__(self) -> dict[str, Any]:
        """Return dicts of arrays and numbers, with weights in place of the net."""
        return {
            **{name: getattr(self, name) for name in _FIELDS},
            "plan": vars(self.plan).copy(),
            "scaling": vars(self.scaling).copy(),
            **self.network.state(),
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Rebuild the net on a device that is available."""
        self.plan, self.scaling = Plan(**state["plan"]), Scaling(**state["scaling"])
        self.plan.check()
        self.__dict__.update({name: state[name] for name in _FIELDS})
        self.network = Model.from_state(*_network_of(self.plan, self.seed), state)
        self._kept = None


def _network_of(plan: Plan, seed: int) -> tuple[type[nn.Module], dict, nn.Module]:
    """The module, its arguments and the loss."""
    return ForecastNetwork, plan.module_params(seed), plan.new_loss()


def _batch_size(settings: Settings, n_windows: int) -> int | str:
    """The number of windows for about twenty steps per epoch, from 16 to 256."""
    if settings.batch_size != "auto":
        return settings.batch_size
    return int(np.clip(n_windows // _STEPS_AN_EPOCH, 16, 256))
