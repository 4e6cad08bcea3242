"""What the multi-layer perceptrons share: tables, and the module that reads them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from sklearn.base import _fit_context
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.validation import validate_data

from .._warnings import warn
from ..modules import MLPNetwork, draw_layer
from ..training import (
    DeviceDataset,
    Outcome,
    Progress,
    Settings,
    TableDataset,
    batch_size_of,
    processes_of,
)
from ..windows import reading, time_ordered_split, unmasked
from ._architecture import check_layer_sizes
from ._base import BaseNetwork
from ._layer_arrays import LayerArrays
from ._samples import Samples
from ._training_parameters import MLPTrainingParameters

_ONLY_FOR_SGD = ("invscaling", "adaptive")


class BaseMLP(MLPTrainingParameters, BaseNetwork):
    """A multi-layer perceptron over the rows of a table, as in scikit-learn."""

    _module_class = MLPNetwork
    _scores_as_sklearn = True
    _pickles_momenta = True
    _draws_anew = True

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        X_val: Any = None,
        y_val: Any = None,
    ) -> Any:
        """Fit the network to rows and their targets.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows. Computed is in float32 if X is, else in float64.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets: numbers, classes, or an indicator of labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample in the loss and the validation score.
        X_val : {array-like, sparse matrix} of shape (n_val_samples, n_features), \
                default=None
            Held-out rows, used instead of a split of X.
        y_val : array-like, default=None
            Targets of ``X_val``.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        return self._fit(X, y, sample_weight, X_val, y_val)

    @property
    def _keeps_weightless(self) -> bool:
        return True

    @property
    def coefs_(self) -> list[np.ndarray]:
        """Weights (n_inputs, n_outputs) of each layer.

        On the CPU they share the memory of the network: changing them in place changes
        it. On any device, the list and its items can be assigned.
        """
        return LayerArrays([layer.weight.T for layer in self._linear_layers("coefs_")])

    @coefs_.setter
    def coefs_(self, coefs: Sequence[np.ndarray]) -> None:
        _assign("coefs_", self.coefs_, coefs)

    @property
    def intercepts_(self) -> list[np.ndarray]:
        """Biases (n_outputs,) of each layer; see ``coefs_``."""
        layers = self._linear_layers("intercepts_")
        return LayerArrays([layer.bias for layer in layers])

    @intercepts_.setter
    def intercepts_(self, intercepts: Sequence[np.ndarray]) -> None:
        _assign("intercepts_", self.intercepts_, intercepts)

    def _linear_layers(self, name: str) -> list[torch.nn.Linear]:
        if not hasattr(self, "net_"):
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {name!r} before fit"
            )
        return self.net_.module_.linear_layers()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _check_inputs(self, X: Any, reset: bool) -> Any:
        options = {"accept_sparse": "csr", "accept_large_sparse": True}
        floats = (np.float64, np.float32)
        dtype: Any = floats if reset else np.dtype(self._fitted_dtype)
        with reading("X"):
            X = validate_data(self, unmasked(X), reset=reset, dtype=dtype, **options)
        if reset:
            self._fitted_dtype = X.dtype.name
        return X

    def _check_aligned(self, X: Any, y: Any, inputs: Any, targets: Any) -> None:
        check_consistent_length(inputs, targets)

    def _module_params(self) -> dict[str, Any]:
        if self.batch_norm and self.layer_norm:
            raise ValueError(
                "batch_norm and layer_norm both normalise the same values; set one of "
                "them to False"
            )
        return {
            "n_features": self.n_features_in_,
            "hidden_layer_sizes": check_layer_sizes(self.hidden_layer_sizes, 0),
            "n_outputs": self.n_outputs_,
            "activation": self.activation,
            "dropout": float(self.dropout),
            "batch_norm": bool(self.batch_norm),
            "layer_norm": bool(self.layer_norm),
            "dtype": self._fitted_dtype,
        }

    def _settings(self) -> Settings:
        """In scikit-learn's meaning: what a solver does not use is no error."""
        settings = replace(Settings.of(self), steps_as_sklearn=True)
        has_own_rate = self.solver in ("adam", "lbfgs")
        if has_own_rate and self.learning_rate in _ONLY_FOR_SGD:
            settings = replace(settings, learning_rate="constant")
        if self.solver == "lbfgs":
            settings = replace(settings, early_stopping=False)
        return replace(settings, verbose=2 if self.verbose else 0)

    def _new_random_state(self) -> np.random.RandomState:
        if self.random_state is None and processes_of(self.device).count > 1:
            return super()._new_random_state()
        return check_random_state(self.random_state)

    def _new_seed(self) -> int:
        return super()._new_seed() if self.dropout else 0

    def _start(self) -> None:
        super()._start()
        sizes = [layer.weight.shape for layer in self.net_.module_.linear_layers()]
        self.n_layers_ = len(sizes) + 1
        layers = [
            draw_layer(
                self.weight_initializer,
                n_inputs,
                n_outputs,
                self.activation,
                self._random_state,
            )
            for n_outputs, n_inputs in sizes
        ]
        self.coefs_, self.intercepts_ = map(list, zip(*layers, strict=True))
        self.best_validation_score_: float | None = None
        self._progress = Progress()

    def _begin(self) -> None:
        """The search for the best goes on where the last call has left it."""
        self.n_iter_ = 0
        self.out_activation_ = self._out_activation()
        of_scores = self._settings().early_stopping
        if self._progress.of_scores != of_scores:
            self._progress = Progress(of_scores)

    @abstractmethod
    def _out_activation(self) -> str:
        """What is applied to the outputs, in scikit-learn's words."""

    def _dataset(
        self, inputs: Any, targets: Any = None, weights: Any = None, **options: Any
    ) -> TableDataset:
        return TableDataset(inputs, targets, weights, device=self.device_)

    def _split_in_time(
        self, inputs: Any, strata: Any = None
    ) -> tuple[np.ndarray, np.ndarray] | None:
        if self.validation_split != "last":
            return None
        gap = self._n_steps_ahead() - 1
        return time_ordered_split(inputs.shape[0], self.validation_fraction, gap)

    def _training_data(self, samples: Samples) -> DeviceDataset:
        n_samples = len(samples)
        clipped = batch_size_of(self._settings(), n_samples)
        if self.solver != "lbfgs" and self.batch_size not in ("auto", clipped):
            warn(
                f"Got `batch_size` = {self.batch_size}, larger than the {n_samples} "
                "samples to train on. It is going to be clipped",
            )
        return super()._training_data(samples)

    def _record(self, outcome: Outcome, n_samples: int) -> None:
        n_counted = 0 if self.solver == "lbfgs" else n_samples  # as scikit-learn
        losses: list[float] = [np.float64(loss) for loss in outcome.losses]
        super()._record(replace(outcome, losses=losses), n_counted)
        self.loss_ = None if outcome.loss is None else np.float64(outcome.loss)
        if self._settings().early_stopping:
            self.best_loss_ = None
        if outcome.scores:
            self.best_validation_score_ = max(self.validation_scores_ or [])


def _assign(name: str, layers: list, arrays: Sequence[np.ndarray]) -> None:
    """Replace the weights of all layers."""
    shapes = [array.shape for array in layers]
    given = [np.shape(array) for array in arrays]
    if given != shapes:
        raise ValueError(
            f"{name} of this network have the shapes {shapes}, got {given}"
        )
    for i, array in enumerate(arrays):
        layers[i] = array
