"""Regression: targets are numbers, one or several per sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import _fit_context
from sklearn.metrics import r2_score
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_array, check_is_fitted

from .._bases import RegressorMixin
from ..modules import PointLoss
from ..windows import reading, refuse_mask
from ._base import BaseNetwork
from ._labels import warn_of_column
from ._tasks import Task, truth_and_answers
from ._training_parameters import RegressionParameters, is_stochastic

_FLOATS = (np.float32, np.float64)


@dataclass(kw_only=True)
class RegressionTask(Task):
    """Numbers, predicted in the shape of y and close to its precision."""

    loss: str
    quantile: float
    normalize: str | None = None
    readout: str | None = None
    y_ndim: int = 1
    y_dtype: str = "float64"

    _is_single = False

    @property
    def normalizes(self) -> bool:
        return self.normalize is not None and self.loss != "poisson"

    @property
    def has_readout(self) -> bool:
        return self.readout is not None and self.loss != "poisson"

    def _learn(self, y: Any, classes: Any) -> np.ndarray:
        targets = self._encode(y)
        self.n_outputs = targets.shape[1]
        if self.as_sklearn:
            self.y_ndim, self.y_dtype = 1 if self.n_outputs == 1 else 2, self.dtype
            return targets
        given = np.asarray(y)
        is_single = given.dtype == np.float32
        self.y_ndim, self.y_dtype = given.ndim, "float32" if is_single else "float64"
        return targets

    def _encode(self, y: Any) -> np.ndarray:
        dtypes = ["float64", "float32"] if self.normalizes else [self.dtype]
        with reading("y"):
            targets = _finite_floats(y, dtypes)
            if targets is None:
                options = {"ensure_2d": False, "input_name": "y"}
                targets = check_array(y, dtype=dtypes, **options)
        if targets.ndim > 2:
            raise ValueError(
                "y must be of shape (n_samples,) or (n_samples, n_outputs), got "
                f"{targets.shape}"
            )
        if self.loss == "poisson" and (targets < 0).any():
            raise ValueError(
                'loss="poisson" models counts: y must not be negative, but its '
                f"smallest value is {targets.min():g}"
            )
        targets = targets.reshape(len(targets), -1)
        if self.as_sklearn and targets.shape[1] == 1:
            warn_of_column(np.asarray(y))  # which is read as 1-D
        return targets

    def _encode_all(self, y: Any) -> np.ndarray:
        return self._encode(y)

    @property
    def attributes(self) -> dict[str, Any]:
        return {"n_outputs_": self.n_outputs}

    def loss_params(self) -> dict[str, Any]:
        params = {"loss": self.loss, "quantile": self.quantile}
        return {**params, "sums_outputs": True} if self.as_sklearn else params

    def new_loss(self) -> PointLoss:
        return PointLoss(**self.loss_params())

    @property
    def out_activation(self) -> str:
        return "exp" if self.loss == "poisson" else "identity"

    def scorer(self) -> Callable[[np.ndarray, np.ndarray, Any], float]:
        return _r2

    @property
    def n_steps_ahead(self) -> int:
        return self.n_outputs

    def strata(self, targets: Any) -> None:
        return None

    def weigh(self, targets: Any, weights: Any, class_weight: Any) -> tuple[Any, Any]:
        return targets, weights

    def warn_of_split(
        self, whole: Any, training: Any, held_out: Any, *, can_draw: bool
    ) -> None:
        pass

    def decode(self, raw: np.ndarray) -> np.ndarray:
        prediction = raw.astype(self.y_dtype, copy=False)
        return prediction[:, 0] if self.y_ndim == 1 else prediction


class Regression(RegressionParameters, RegressorMixin, BaseNetwork):
    """Targets are numbers, one or several per sample; ``loss`` is the loss of each."""

    _task_class = RegressionTask

    def _task_options(self) -> dict[str, Any]:
        names = ("normalize", "readout")  # which MLPs do not have
        parts = {name: getattr(self, name, None) for name in names}
        return {"loss": self.loss, "quantile": float(self.quantile), **parts}

    def predict(self, X: Any) -> Any:
        """Predict the target of each sample.

        Parameters
        ----------
        X : array, DataFrame, sparse matrix, list of arrays or Windows
            The samples, in any form that :meth:`fit` takes. The number of features, and
            in an array of sequences the number of time steps, must be that of
            :meth:`fit`.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The predictions. Recurrent networks compute them in ``dtype`` and return
            float32 if y was float32 in ``fit``, else float64. MLPs return float32 if X
            was float32 in ``fit``, else float64. With return_sequences the shape is
            (n_samples, n_timesteps) or (n_samples, n_timesteps, n_outputs), as y had in
            ``fit``; if sequences differ in length, a list of arrays is returned.
        """
        return self._predicted(X, RegressionTask.decode)

    @available_if(is_stochastic)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Train for one more epoch on the given samples.

        The optimiser continues from its current state. Recurrent networks use a
        constant learning rate, or "invscaling". Later calls keep the network, the loss,
        the solver and the learning rate of the first call.

        Parameters
        ----------
        X : array, DataFrame, sparse matrix, list of arrays or Windows
            The samples, as in :meth:`fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets; with return_sequences at each step, as in :meth:`fit`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample in the loss.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        return self._partial_fit(X, y, sample_weight)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return R2, the share of the variance of y that the predictions explain.

        Parameters
        ----------
        X : array, DataFrame, sparse matrix, list of arrays or Windows
            The samples, as in :meth:`predict`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The true targets; with return_sequences at each step, as in :meth:`fit`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample, or of each of its steps.

        Returns
        -------
        score : float
            R2 is at most 1; for several outputs it is their mean. With return_sequences
            all steps of all samples count equally.
        """
        check_is_fitted(self)
        refuse_mask("y", y)  # scikit-learn's scores would ignore the mask
        if not self._task.has_steps:
            return _r2_or_error(y, self.predict(X), sample_weight)
        truth, answers, weights = truth_and_answers(
            y, self.predict(X), sample_weight, is_single=False
        )
        return float(r2_score(truth, answers, sample_weight=weights))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _finite_floats(y: Any, dtypes: list[str]) -> np.ndarray | None:
    """An array in which scikit-learn's checks, which take longer, would find no fault.

    None if they might. Its dtype is one of ``dtypes``, or the first of them.
    """
    if type(y) is not np.ndarray or y.dtype.kind != "f" or y.ndim not in (1, 2):
        return None
    targets = y if y.dtype in dtypes else y.astype(dtypes[0])
    return targets if y.size and np.isfinite(targets).all() else None


def _r2(y: np.ndarray, prediction: np.ndarray, weights: Any) -> float:
    """R2 of targets and a prediction (n_samples, n_outputs), in float64.

    Squares of float32 overflow early.
    """
    y, prediction = y.astype(np.float64), prediction.astype(np.float64)
    if len(y) < 2 or not np.isfinite(prediction).all():
        return float(r2_score(y, prediction, sample_weight=weights))  # which explains
    return _r2_of_floats(y, prediction, weights)


def _r2_or_error(y: Any, prediction: np.ndarray, weights: Any) -> float:
    """R2 of what the user gives, or scikit-learn's error about it."""
    is_plain = weights is None and type(y) is np.ndarray and y.dtype in _FLOATS
    if not (is_plain and y.shape == prediction.shape and len(y) > 1):
        return float(r2_score(y, prediction, sample_weight=weights))
    if not np.isfinite(y).all():
        return float(r2_score(y, prediction))
    dtype = np.result_type(y, prediction)
    y, prediction = y.astype(dtype), prediction.astype(dtype)
    return _r2_of_floats(y.reshape(len(y), -1), prediction.reshape(len(y), -1), None)


def _r2_of_floats(y: np.ndarray, prediction: np.ndarray, weights: Any) -> float:
    """The bits of scikit-learn's ``r2_score``, without checks that take longer.

    y and the prediction, both finite and of one dtype, are (n_samples, n_outputs).
    """
    weight: Any = 1.0
    if weights is not None:
        weights = weights.astype(y.dtype)
        weight = weights[:, np.newaxis]
    mean = np.average(y, axis=0, weights=weights)
    errors = np.sum(weight * (y - prediction) ** 2, axis=0)  # (output,)
    spread = np.sum(weight * (y - mean) ** 2, axis=0)
    scores = (errors == 0).astype(errors.dtype)
    counts = (errors != 0) & (spread != 0)  # otherwise the output is right, or constant
    scores[counts] = 1 - errors[counts] / spread[counts]
    return float(np.mean(scores))
