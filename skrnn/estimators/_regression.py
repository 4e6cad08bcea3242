"""What makes a network a regressor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import RegressorMixin, _fit_context
from sklearn.metrics import r2_score
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_array

from ..modules import PointLoss
from ..windows import reading, refuse_mask
from ._base import BaseNetwork, is_stochastic
from ._samples import Samples
from ._training_parameters import RegressionParameters


class Regression(RegressionParameters, RegressorMixin, BaseNetwork):
    """Targets are numbers, one or several a sample; ``loss`` says what is lost."""

    _loss_class = PointLoss

    def predict(self, X: Any) -> Any:
        """Predict the target of each sequence.

        Parameters
        ----------
        X : array of shape (n_samples, n_timesteps, n_features), \
                {array-like, DataFrame} of shape (n_samples, n_timesteps), \
                list of arrays of shape (n_timesteps_i, n_features), \
                DataFrame with an (instance, time) MultiIndex, or Windows
            The sequences, with as many features, and as an array as many time steps,
            as in :meth:`fit`.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            float32 if y was in ``fit``, else float64; as precise as ``dtype``. With
            return_sequences of shape (n_samples, n_timesteps) or (n_samples,
            n_timesteps, n_outputs), as y was in ``fit``; where sequences differ in
            length, a list of arrays.
        """
        return self._predicted(X, self._answer)

    def _answer(self, raw: np.ndarray) -> np.ndarray:
        """What the network computes, as ``predict`` gives it."""
        prediction = raw.astype(self._target_dtype, copy=False)
        return prediction[:, 0] if self._target_ndim == 1 else prediction

    @available_if(is_stochastic)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Train for one more epoch on the given samples.

        The optimiser goes on from where it stands, at a constant learning rate or with
        "invscaling". The network, the loss, the solver and its learning rate stay those
        of the first call.

        Parameters
        ----------
        X : array, DataFrame, list of arrays or Windows
            The sequences, as in :meth:`fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets; with return_sequences at each step, as in :meth:`fit`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample in the loss.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        fitted = getattr(self, "_fitted_loss_params", self._loss_params())
        return self._partial_fit(X, y, sample_weight, **fitted)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        refuse_mask("y", y)  # scikit-learn's scores would ignore the mask
        return super().score(X, y, sample_weight)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _check_target(self, y: Any, reset: bool, **known: Any) -> np.ndarray:
        dtype = np.dtype(self._fitted_dtype)
        with reading("y"):
            targets = check_array(y, dtype=dtype, ensure_2d=False, input_name="y")
        if targets.ndim > 2:
            raise ValueError(
                "y must be of shape (n_samples,) or (n_samples, n_outputs), got "
                f"{targets.shape}"
            )
        if known.get("loss", self.loss) == "poisson" and (targets < 0).any():
            raise ValueError(
                'loss="poisson" models counts: y must not be negative, but its '
                f"smallest value is {targets.min():g}"
            )
        if reset:
            given = np.asarray(y)
            self._target_ndim = given.ndim
            is_single = given.dtype == np.float32
            self._target_dtype = "float32" if is_single else "float64"
        return targets.reshape(len(targets), -1)

    def _weigh(self, samples: Samples) -> Samples:
        return samples

    def _loss_params(self) -> dict[str, Any]:
        return {"loss": self.loss, "quantile": float(self.quantile)}

    def _n_steps_ahead(self) -> int:
        return self.n_outputs_

    def _strata(self, targets: Any) -> None:
        return None

    def _scorer(self) -> Callable[[np.ndarray, np.ndarray, Any], float]:
        return _r2


def _r2(y: np.ndarray, prediction: np.ndarray, weights: Any) -> float:
    wide = y.astype(np.float64)  # squares of float32 overflow early
    return float(r2_score(wide, prediction, sample_weight=weights))
