"""What the forecasters share: fit, update, pretrain, predict."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import torch
from sklearn.utils import check_random_state
from sktime.datatypes import convert_to
from sktime.forecasting.base import BaseForecaster, ForecastingHorizon

from .._vocabulary import Vocabulary
from ..estimators import NetworkSummary
from ..training import (
    Checkpoint,
    Settings,
    open_checkpoint,
    processes_of,
)
from ._answer import Answer, future_covariates
from ._files import loaded_state, saved_state
from ._forecasts import Forecasting
from ._history import History
from ._model import ForecastModel, history_for
from ._parameters import check_counts, check_parameters, plan_of
from ._plan import Plan
from ._probability import joint_distribution, marginal_distribution
from ._remarks import warn_of_ignored, warn_unless_converged, warn_unless_held_out
from ._steps import Steps, steps_of, steps_within

_SEED_LIMIT = 2**31 - 1
_MTYPES = ["pd.DataFrame", "pd-multiindex", "pd_multiindex_hier"]


class NetworkForecaster(Vocabulary, BaseForecaster):
    """A neural network that forecasts one series, or all series of a panel."""

    _cell: ClassVar[str]
    _model: ForecastModel
    _history: History
    _random_state: np.random.RandomState
    _fh: Any

    _tags = {
        "authors": ["The skrnn developers"],
        "maintainers": ["The skrnn developers"],
        "y_inner_mtype": _MTYPES,
        "X_inner_mtype": _MTYPES,
        "capability:multivariate": True,
        "capability:exogenous": True,
        "capability:insample": True,
        "capability:pred_int": True,
        "capability:pred_int:insample": True,
        "capability:missing_values": False,
        "capability:categorical_in_X": False,
        "capability:non_contiguous_X": False,
        "capability:unequal_length": True,
        "capability:random_state": True,
        "property:randomness": "derandomized",
        "capability:update": True,
        "capability:pretrain": True,
        "pretrain:fitted_params": ["pretrained_model_"],
        "requires-fh-in-fit": False,
    }
    _config = {"remember_data": False}  # the history here is enough
    _y = _X = None  # sktime looks at them even so

    def _fit(
        self, y: pd.DataFrame, X: pd.DataFrame | None, fh: ForecastingHorizon | None
    ) -> NetworkForecaster:
        check_parameters(self)
        pretrained = getattr(self, "pretrained_model_", None)
        history = history_for(pretrained, y, X)
        history.warn_of_gaps()
        if self.fine_tune:
            self._note(*self._learn(history, fh, pretrained))
            return self
        if pretrained is None:
            raise ValueError(
                "fine_tune=False forecasts with a pretrained network, but there is "
                "none; call pretrain first (set_params and scikit-learn's clone "
                "forget it), or set fine_tune=True"
            )
        self._plan(history, fh, pretrained)
        self._start_drawing()
        model = self._adopted(pretrained)
        model.meet(history)
        warn_of_ignored(model)
        self._note(model, history, None)
        return self

    def _update(
        self, y: pd.DataFrame, X: pd.DataFrame | None = None, update_params: bool = True
    ) -> NetworkForecaster:
        history = self._history.extended(y, X)
        if self._model.plan.loss == "negative_binomial":
            check_counts(history)
        model = deepcopy(self._model)  # the old one is kept if training fails
        if update_params:
            model.rebuild(Settings.of(self), self.device)
            outcome = self._train(model, history, goes_on=True)
            self._note(model, history, outcome)
        else:
            model.meet(history)
            self._model, self._history = model, history
        return self

    def _pretrain(
        self,
        y: pd.DataFrame,
        X: pd.DataFrame | None = None,
        fh: ForecastingHorizon | None = None,
    ) -> NetworkForecaster:
        check_parameters(self)
        pretrained = getattr(self, "pretrained_model_", None)
        history = history_for(pretrained, y, X)
        self.pretrained_model_, _, _ = self._learn(history, fh, pretrained)
        return self

    def _learn(
        self,
        history: History,
        fh: ForecastingHorizon | None,
        pretrained: ForecastModel | None,
    ) -> tuple[ForecastModel, History, Any]:
        """A model, new or pretrained before, that has learnt the history."""
        plan = self._plan(history, fh, pretrained)
        names = {"y": list(history.y_names), "X": history.X_names}
        learnt = None if pretrained is None else pretrained.learnt
        data = {**history.content, "pretrained network": learnt}
        network = {**plan.described(), "columns": names}
        self._start_drawing()
        with open_checkpoint(self, data, network) as checkpoint:
            if checkpoint is not None:
                self._random_state = checkpoint.begin(self._random_state)
            if pretrained is None:
                model = self._new_model(plan, history)
            else:
                model = self._adopted(pretrained)
            goes_on = pretrained is not None
            outcome = self._train(model, history, goes_on, checkpoint)
        warn_of_ignored(model)
        return model, history, outcome

    def _plan(
        self,
        history: History,
        fh: ForecastingHorizon | None,
        pretrained: ForecastModel | None,
    ) -> Plan:
        """The network that data and parameters ask for, no other than the pretrained.

        Its horizon is that of the pretrained one, if it is open.
        """
        if pretrained is None:
            return plan_of(self, history, fh)
        known = pretrained.plan.horizon
        horizon = known if self.horizon == "auto" else int(self.horizon)
        plan = plan_of(self, history, None, horizon)
        mine = {**plan.described(), "X": history.X_names}
        differences = [
            f"{name}={mine[name]!r} (pretrained: {theirs!r})"
            for name, theirs in pretrained.described().items()
            if mine[name] != theirs
        ]
        if differences:
            raise ValueError(
                "the data or parameters ask for another network than the pretrained "
                f"one: {', '.join(differences)}. Use the same columns and parameters, "
                "or a new forecaster"
            )
        return plan

    def _new_model(self, plan: Plan, history: History) -> ForecastModel:
        seed = self._random_state.randint(_SEED_LIMIT)
        model = ForecastModel(plan, Settings.of(self), int(seed), self.device)
        model.y_names, model.X_names = list(history.y_names), history.X_names
        return model

    def _adopted(self, pretrained: ForecastModel) -> ForecastModel:
        """The pretrained network, for other series."""
        model = deepcopy(pretrained)
        model.rebuild(Settings.of(self), self.device)
        model.forget_series()
        return model

    def _start_drawing(self) -> None:
        seed = check_random_state(self.random_state).randint(_SEED_LIMIT)
        common = processes_of(self.device).broadcast(seed)
        self._random_state = np.random.RandomState(int(common))

    def _train(
        self,
        model: ForecastModel,
        history: History,
        goes_on: bool,
        checkpoint: Checkpoint | None = None,
    ) -> Any:
        outcome = model.train(
            history,
            Settings.of(self),
            self.validation_fraction,
            self._random_state,
            goes_on=goes_on,
            checkpoint=checkpoint,
        )
        if outcome is None and not goes_on:
            raise ValueError(
                f"no series has the {model.plan.horizon + 1} rows that a window of one "
                f"row and horizon={model.plan.horizon} need (the longest has "
                f"{history.sizes.max()}); lower horizon, or pass longer series"
            )
        if self.early_stopping and self.validation_fraction and outcome is not None:
            warn_unless_held_out(model)
        return outcome

    def _note(self, model: ForecastModel, history: History, outcome: Any) -> None:
        self._model, self._history = model, history
        self._sampling_seed = int(self._random_state.randint(_SEED_LIMIT))
        self.horizon_ = model.plan.horizon
        self.loss_curve_ = [] if outcome is None else outcome.losses
        scores = None if outcome is None else outcome.scores
        self.validation_scores_ = scores or None
        self.n_iter_ = len(self.loss_curve_)
        if outcome is not None:
            warn_unless_converged(self, outcome)

    def __getstate__(self) -> dict[str, Any]:
        """Data alone: weights for nets, arrays for series and times."""
        return saved_state(super().__getstate__())

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Build the net anew on the device that is there."""
        self.__dict__.update(loaded_state(self, state))

    @property
    def net_(self) -> Any:
        """The trained skorch net; ``net_.module_`` is the PyTorch module."""
        return self._fitted_model("net_").net

    @property
    def device_(self) -> torch.device:
        """Where the network is."""
        return self._fitted_model("device_").device

    def _fitted_model(self, name: str) -> ForecastModel:
        if "_model" not in self.__dict__:
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {name!r} before fit"
            )
        return self._model

    def _check_fh(self, fh: Any, pred_int: bool = False) -> Any:
        """As sktime's, which sets ``_fh`` and reads it again: threads would mix."""
        own = object.__new__(type(self))  # copy would go through the form of files
        own.__dict__.update(self.__dict__)
        if isinstance(own._cutoff, pd.DatetimeIndex):
            # steps are counted on the calendar of the history, whatever freq fh has
            own._cutoff = pd.DatetimeIndex(own._cutoff, freq=None)
        checked = super(NetworkForecaster, own)._check_fh(fh, pred_int)
        self._fh = own._fh
        return checked

    def _answer(self, fh: ForecastingHorizon, X: pd.DataFrame | None) -> Answer:
        return self._answer_of(steps_of(fh, self._history, self._known_ahead(X)), X)

    def _known_ahead(self, X: pd.DataFrame | None) -> pd.DataFrame | None:
        """X, if the network reads any of it at the steps ahead."""
        return X if self._model.plan.future else None

    def _answer_of(self, steps: Steps, X: pd.DataFrame | None) -> Answer:
        model, history = self._model, self._history
        future = future_covariates(model, history, steps, X)
        return Answer(model, history, steps, future, self.n_threads)

    def _predict(self, fh: ForecastingHorizon, X: pd.DataFrame | None) -> pd.DataFrame:
        answer = self._answer(fh, X)
        values = answer.collect(Forecasting.point)
        return pd.DataFrame(values, answer.steps.index, self._history.y_names)

    def _uncertain(self, forecasting: Forecasting) -> Any:
        return forecasting.uncertain(self.n_samples, self._sampling_seed)

    def _predict_quantiles(
        self, fh: ForecastingHorizon, X: pd.DataFrame | None, alpha: list[float]
    ) -> pd.DataFrame:
        if not alpha:
            raise ValueError("no level is asked for; pass one in alpha or coverage")
        answer = self._answer(fh, X)

        def quantiles(forecasting: Forecasting) -> np.ndarray:
            forecast = self._uncertain(forecasting)
            by_level = [forecast.quantile(level) for level in alpha]
            return np.stack(by_level, axis=1)  # (origin, level, step, target)

        values = answer.collect(quantiles)  # (entry, level, target)
        values = np.moveaxis(values, 2, 1).reshape(len(values), -1)
        columns = self._get_columns(method="predict_quantiles", alpha=alpha)
        return pd.DataFrame(values, answer.steps.index, columns)

    def _predict_var(
        self, fh: ForecastingHorizon, X: pd.DataFrame | None, cov: bool = False
    ) -> pd.DataFrame:
        answer = self._answer(fh, X)
        values = answer.collect(lambda ahead: self._uncertain(ahead).variance())
        columns = self._get_columns(method="predict_var")
        return pd.DataFrame(values, answer.steps.index, columns)

    def _predict_proba(
        self, fh: ForecastingHorizon, X: pd.DataFrame | None, marginal: bool = True
    ) -> Any:
        of = marginal_distribution if marginal else joint_distribution
        columns = self._get_columns(method="predict_var")
        answer = self._answer(fh, X)
        return of(answer, columns, self.n_samples, self._sampling_seed)

    def predict_residuals(self, y: Any = None, X: Any = None) -> Any:
        """Return y minus its forecast, each row forecast from the rows before it.

        Parameters
        ----------
        y : time series, default=None
            As in ``fit``; None takes all rows seen so far.
        X : time series, default=None
            Covariates of rows of ``y`` that are not seen yet, of a single series.

        Returns
        -------
        residuals : time series
            Of the type and index of ``y``. The first row of each series, before which
            there is none, is forecast from the row after it.

        Raises
        ------
        ValueError
            If ``y`` of a panel holds rows or series that have not been seen.
        """
        self.check_is_fitted()
        mtype = self._y_metadata["mtype"]
        if y is None:
            store = self._converter_store_y
            y = convert_to(
                self._history.y_frame, mtype, store=store, store_behaviour="freeze"
            )
        frame = convert_to(y, _MTYPES)
        X_inner = self._check_X(X=X)
        steps = steps_within(frame.index, self._history, X_inner)
        answer = self._answer_of(steps, X_inner)
        residuals = frame - answer.collect(Forecasting.point)
        store = self._converter_store_y
        return convert_to(residuals, mtype, store=store, store_behaviour="freeze")

    def summary(self) -> NetworkSummary:
        """Return the layers of the fitted network, with their parameters counted.

        Returns
        -------
        summary : NetworkSummary
            Printed as text, shown as a table in a notebook.

        Raises
        ------
        sktime.exceptions.NotFittedError
            Before ``fit``.
        """
        self.check_is_fitted()
        title = f"{type(self).__name__}, {self._model.plan.dtype} on {self.device_}"
        return NetworkSummary(title, self.net_.module_.outline())

    @classmethod
    def get_test_params(cls, parameter_set: str = "default") -> list[dict[str, Any]]:
        """Return parameters with which sktime's checks are quick.

        Parameters
        ----------
        parameter_set : str, default="default"
            There is only one set of parameters.

        Returns
        -------
        params : list of dict
        """
        quick = {
            "window_length": 5,
            "hidden_layer_sizes": 3,
            "learning_rate": "onecycle",
            "max_iter": 2,
            "random_state": 0,
        }
        sampled = {
            **quick,
            "horizon": 2,
            "loss": "normal",
            "normalize": "series",
            "n_samples": 10,
        }
        return [quick, sampled]
