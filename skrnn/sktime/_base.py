"""The base of the forecasters: fit, update, pretrain, predict."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sktime.datatypes import convert_to
from sktime.forecasting.base import ForecastingHorizon

from .._bases import MYPY
from .._warnings import warn
from ..arguments import Vocabulary
from ..estimators import NetworkSummary
from ..training import (
    Checkpoint,
    Outcome,
    Settings,
    has_fixed_length,
    open_checkpoint,
    processes_of,
)
from ._files import loaded_state, saved_state
from ._forecast import Forecast, Sampling
from ._forecast_model import ForecastModel
from ._history import History
from ._plan import Plan, check_counts, check_parameters, check_same, plan_of
from ._request import Request, request_of, request_of_rows

if MYPY:
    from .._bases import BaseEstimator as BaseForecaster
else:
    from sktime.forecasting.base import BaseForecaster

_SEED_LIMIT = 2**31 - 1
_MTYPES = ["pd.DataFrame", "pd-multiindex", "pd_multiindex_hier"]


class NetworkForecaster(Vocabulary, BaseForecaster):
    """A neural network that forecasts one series, or all series of a panel."""

    _cell: ClassVar[str]
    _model: ForecastModel
    _history: History
    _random_state: np.random.RandomState
    _fh: Any
    _cutoff: Any

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
    _config = {"remember_data": False}  # the history holds the data
    _y = _X = None  # sktime reads them nevertheless

    def _fit(
        self, y: pd.DataFrame, X: pd.DataFrame | None, fh: ForecastingHorizon | None
    ) -> NetworkForecaster:
        check_parameters(self)
        history = self._new_history(y, X)
        history.warn_of_gaps()
        if self.fine_tune:
            self._note(*self._learn(history, fh))
            return self
        if self._pretrained is None:
            raise ValueError(
                "fine_tune=False forecasts with a pretrained network, but there is "
                "none; call pretrain first (set_params and scikit-learn's clone "
                "forget it), or set fine_tune=True"
            )
        self._plan(history, fh)  # raises unless it is the pretrained one
        self._start_drawing()
        model = self._adopted(self._pretrained)
        model.meet(history)
        model.warn_of_ignored()
        self._note(model, history, None)
        return self

    def _update(
        self, y: pd.DataFrame, X: pd.DataFrame | None = None, update_params: bool = True
    ) -> NetworkForecaster:
        history = self._history.extended(y, X)
        if self._model.plan.loss == "negative_binomial":
            check_counts(history)
        model = deepcopy(self._model)  # an error in training keeps the old one
        if not update_params:
            model.meet(history)
            self._model, self._history = model, history
            return self
        model.network = model.network.rebuilt(Settings.of(self), self.device)
        self._note(model, history, self._train(model, history, continued=True))
        return self

    def _pretrain(
        self,
        y: pd.DataFrame,
        X: pd.DataFrame | None = None,
        fh: ForecastingHorizon | None = None,
    ) -> NetworkForecaster:
        check_parameters(self)
        self.pretrained_model_, _, _ = self._learn(self._new_history(y, X), fh)
        return self

    @property
    def _pretrained(self) -> ForecastModel | None:
        return getattr(self, "pretrained_model_", None)

    def _new_history(self, y: pd.DataFrame, X: pd.DataFrame | None) -> History:
        """The history, with columns in the order of a pretrained model."""
        if y is None:
            raise ValueError("y is None, expected the series to learn from")
        model = self._pretrained
        if model is not None:
            y = _in_order(y, model.y_names)
            X = None if X is None else _in_order(X, model.X_names)
        return History(y, X)

    def _learn(
        self, history: History, fh: ForecastingHorizon | None
    ) -> tuple[ForecastModel, History, Outcome | None]:
        """A model, new or pretrained, that has learnt the history."""
        pretrained = self._pretrained
        plan = self._plan(history, fh)
        names = {"y": list(history.y_names), "X": history.X_names}
        learnt = None if pretrained is None else pretrained.learnt
        data = {**history.content, "pretrained network": learnt}
        network = {**plan.described(), "columns": names}
        self._start_drawing()
        with open_checkpoint(self, data, network) as checkpoint:
            if checkpoint is not None:
                self._random_state = checkpoint.begin(self._random_state)
            continued = pretrained is not None
            if pretrained is None:
                how = (Settings.of(self), self._new_seed(), self.device)
                model = ForecastModel(plan, history, *how)
            else:
                model = self._adopted(pretrained)
            outcome = self._train(model, history, continued, checkpoint)
        model.warn_of_ignored()
        return model, history, outcome

    def _plan(self, history: History, fh: ForecastingHorizon | None) -> Plan:
        """The network for the data and parameters; raise unless it equals a pretrained
        one.

        An open horizon is that of the pretrained network.
        """
        pretrained = self._pretrained
        if pretrained is None:
            return plan_of(self, history, fh)
        known, own = pretrained.plan.horizon, self.horizon
        plan = plan_of(self, history, None, known if own == "auto" else int(own))
        mine = {**plan.described(), "X": history.X_names}
        check_same(mine, pretrained.described())
        return plan

    def _adopted(self, pretrained: ForecastModel) -> ForecastModel:
        """The pretrained network, for other series."""
        model = deepcopy(pretrained)
        model.network = model.network.rebuilt(Settings.of(self), self.device)
        model.forget_series()
        return model

    def _start_drawing(self) -> None:
        seed = check_random_state(self.random_state).randint(_SEED_LIMIT)
        common = processes_of(self.device).broadcast(seed)
        self._random_state = np.random.RandomState(int(common))

    def _new_seed(self) -> int:
        return int(self._random_state.randint(_SEED_LIMIT))

    def _train(
        self,
        model: ForecastModel,
        history: History,
        continued: bool,
        checkpoint: Checkpoint | None = None,
    ) -> Outcome | None:
        outcome = model.train(
            history,
            Settings.of(self),
            self.validation_fraction,
            self._random_state,
            continued=continued,
            checkpoint=checkpoint,
        )
        if outcome is None and not continued:
            raise ValueError(
                f"no series has the {model.plan.horizon + 1} rows that a window of one "
                f"row and horizon={model.plan.horizon} need (the longest has "
                f"{history.sizes.max()}); lower horizon, or pass longer series"
            )
        if self.early_stopping and self.validation_fraction and outcome is not None:
            model.warn_unless_held_out()
        return outcome

    def _note(
        self, model: ForecastModel, history: History, outcome: Outcome | None
    ) -> None:
        self._model, self._history = model, history
        self._sampling_seed = self._new_seed()
        self.horizon_ = model.plan.horizon
        self.loss_curve_ = [] if outcome is None else outcome.losses
        self.validation_scores_ = None if outcome is None else outcome.scores or None
        self.n_iter_ = len(self.loss_curve_)
        if outcome is not None:
            self._warn_unless_converged(outcome)

    def _warn_unless_converged(self, outcome: Outcome) -> None:
        is_done = outcome.ending.kind in ("converged", "interrupted")
        if is_done or has_fixed_length(Settings.of(self)):
            return
        text = (
            f"max_iter={self.max_iter} epochs were reached before the loss stopped "
            "improving; raise max_iter"
        )
        if self.solver == "lbfgs":
            text = f"lbfgs did not converge: {outcome.ending.message}; raise max_iter"
        warn(text, ConvergenceWarning)

    def __getstate__(self) -> dict[str, Any]:
        """Return only data: weights for nets, arrays for series and times."""
        return saved_state(super().__getstate__())

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Rebuild the net on a device that is available."""
        self.__dict__.update(loaded_state(self, state))

    @property
    def net_(self) -> Any:
        """The trained skorch net; ``net_.module_`` is the PyTorch module."""
        return self._fitted_model("net_").network.net

    @property
    def device_(self) -> torch.device:
        """The device that holds the network."""
        return self._fitted_model("device_").network.device

    def _fitted_model(self, name: str) -> ForecastModel:
        if "_model" not in self.__dict__:
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {name!r} before fit"
            )
        return self._model

    def _check_fh(self, fh: Any, pred_int: bool = False) -> Any:
        """Like sktime's, but thread-safe: sktime sets ``_fh`` and reads it again."""
        own = object.__new__(type(self))  # copy would write the state of a file
        own.__dict__.update(self.__dict__)
        if isinstance(own._cutoff, pd.DatetimeIndex):
            # the calendar of the history counts the steps, not the freq of fh
            own._cutoff = pd.DatetimeIndex(own._cutoff, freq=None)
        checked = super(NetworkForecaster, own)._check_fh(fh, pred_int)
        self._fh = own._fh
        return checked

    def _forecast(self, fh: ForecastingHorizon, X: pd.DataFrame | None) -> Forecast:
        known_ahead = X if self._model.plan.future else None
        return self._forecast_of(request_of(fh, self._history, known_ahead), X)

    def _forecast_of(self, request: Request, X: pd.DataFrame | None) -> Forecast:
        how = (Sampling(self.n_samples, self._sampling_seed), self.n_threads)
        return Forecast(self._model, self._history, request, X, *how)

    def _predict(self, fh: ForecastingHorizon, X: pd.DataFrame | None) -> pd.DataFrame:
        forecast = self._forecast(fh, X)
        index, columns = forecast.request.index, self._history.y_names
        return pd.DataFrame(forecast.points(), index, columns)

    def _predict_quantiles(
        self, fh: ForecastingHorizon, X: pd.DataFrame | None, alpha: list[float]
    ) -> pd.DataFrame:
        if not alpha:
            raise ValueError("no level was given; pass one in alpha or coverage")
        forecast = self._forecast(fh, X)
        values = np.moveaxis(forecast.quantiles(alpha), 0, 2)  # (entry, target, level)
        columns = self._get_columns(method="predict_quantiles", alpha=alpha)
        values = values.reshape(len(values), -1)
        return pd.DataFrame(values, forecast.request.index, columns)

    def _predict_var(
        self, fh: ForecastingHorizon, X: pd.DataFrame | None, cov: bool = False
    ) -> pd.DataFrame:
        forecast = self._forecast(fh, X)
        columns = self._get_columns(method="predict_var")
        return pd.DataFrame(forecast.variances(), forecast.request.index, columns)

    def _predict_proba(
        self, fh: ForecastingHorizon, X: pd.DataFrame | None, marginal: bool = True
    ) -> Any:
        columns = self._get_columns(method="predict_var")
        forecast = self._forecast(fh, X)
        return (forecast.marginal if marginal else forecast.joint)(columns)

    def predict_residuals(self, y: Any = None, X: Any = None) -> Any:
        """Return y minus its forecast, each row forecast from the rows before it.

        Parameters
        ----------
        y : time series, default=None
            As in ``fit``; None takes all rows seen so far.
        X : time series, default=None
            Covariates of the rows of ``y`` that have not been seen; for a single series
            only.

        Returns
        -------
        residuals : time series
            The residuals, with the type and index of ``y``. The first row of each
            series is forecast from the row after it.

        Raises
        ------
        ValueError
            If ``y`` is a panel with rows or series that have not been seen.
        """
        self.check_is_fitted()
        mtype, store = self._y_metadata["mtype"], self._converter_store_y
        how = {"store": store, "store_behaviour": "freeze"}
        if y is None:
            y = convert_to(self._history.y_frame, mtype, **how)
        frame = convert_to(y, _MTYPES)
        X_inner = self._check_X(X=X)
        request = request_of_rows(frame.index, self._history, X_inner)
        residuals = frame - self._forecast_of(request, X_inner).points()
        return convert_to(residuals, mtype, **how)

    def summary(self) -> NetworkSummary:
        """Return the layers of the fitted network, with their parameters counted.

        Returns
        -------
        summary : NetworkSummary
            Prints as text, and as a table in a notebook.

        Raises
        ------
        sktime.exceptions.NotFittedError
            If the forecaster is not fitted.
        """
        self.check_is_fitted()
        title = f"{type(self).__name__}, {self._model.plan.dtype} on {self.device_}"
        return NetworkSummary(title, self.net_.module_.outline())

    @classmethod
    def get_test_params(cls, parameter_set: str = "default") -> list[dict[str, Any]]:
        """Return parameters that make sktime's checks fast.

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


def _in_order(frame: pd.DataFrame, names: list) -> pd.DataFrame:
    """The columns in the order of the names, or unchanged if their names differ."""
    return frame.loc[:, names] if set(frame.columns) == set(names) else frame
