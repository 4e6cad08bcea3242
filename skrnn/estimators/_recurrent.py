"""What the recurrent estimators share: windows, and the module that reads them."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval, Options, StrOptions

from ..modules import ACTIVATIONS, POOLINGS, RecurrentNetwork
from ..training import DeviceDataset, WindowDataset
from ..windows import Windows, overlap, split_windows_in_time
from ._base import BaseNetwork
from ._constraints import TRAINING_CONSTRAINTS
from ._layer_sizes import check_layer_sizes
from ._samples import Samples
from ._windows import check_aligned, check_windows

_FLOATS = {np.float32, np.float64}


class BaseRecurrent(BaseNetwork):
    """RNN, GRU and LSTM estimators: a recurrent module over windows."""

    _cell: ClassVar[str]
    _module_class = RecurrentNetwork

    _parameter_constraints: dict = {
        "hidden_layer_sizes": [
            "array-like",
            Interval(Integral, 1, None, closed="left"),
        ],
        "activation": [StrOptions({"tanh", "relu"})],
        "bidirectional": ["boolean"],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "pooling": [StrOptions(set(POOLINGS))],
        "embedding_dim": [Interval(Integral, 1, None, closed="left"), None],
        **TRAINING_CONSTRAINTS,
        "dtype": [StrOptions({"float32", "float64"}), Options(type, _FLOATS)],
    }

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    def _module_params(self) -> dict[str, Any]:
        allowed = ACTIVATIONS[self._cell]
        if self.activation not in allowed:
            raise ValueError(
                f"activation of {type(self).__name__} must be one of {list(allowed)}, "
                f"got {self.activation!r}"
            )
        embedding_dim = self.embedding_dim
        return {
            "cell": self._cell,
            "n_features": 1 if self._is_fitted_on_table else self.n_features_in_,
            "hidden_layer_sizes": check_layer_sizes(self.hidden_layer_sizes, 1),
            "n_outputs": self.n_outputs_,
            "activation": self.activation,
            "bidirectional": bool(self.bidirectional),
            "dropout": float(self.dropout),
            "pooling": self.pooling,
            "embedding_dim": None if embedding_dim is None else int(embedding_dim),
            "n_tokens": self.n_tokens_,
            "dtype": np.dtype(self.dtype).name,
        }

    def _check_inputs(self, X: Any, reset: bool) -> Windows:
        if reset:
            self._fitted_dtype = np.dtype(self.dtype).name
        return check_windows(self, X, reset=reset)

    def _check_aligned(self, X: Any, y: Any, inputs: Windows, n_targets: int) -> None:
        check_aligned(X, y, len(inputs), n_targets)

    def _split_in_time(self, inputs: Windows) -> tuple[np.ndarray, np.ndarray] | None:
        if self.validation_split == "last" or (
            self.validation_split == "auto" and overlap(inputs)
        ):
            gap = self._n_steps_ahead() - 1
            return split_windows_in_time(inputs, self.validation_fraction, gap)
        return None

    def _dataset(
        self, inputs: Windows, targets: Any = None, weights: Any = None, **options: Any
    ) -> WindowDataset:
        return WindowDataset(inputs, targets, weights, device=self.device_, **options)

    def _training_data(self, samples: Samples) -> DeviceDataset:
        if self._mean_weight is None:
            self._mean_weight = _mean_weight(samples)
        return self._weighted(samples, self._mean_weight)

    def _validation_data(self, held_out: Samples) -> DeviceDataset:
        longest_first = np.argsort(-held_out.inputs.lengths, kind="stable")
        held_out = held_out.take(longest_first)  # so that batches hold their like
        return self._weighted(held_out, _mean_weight(held_out))

    def _weighted(self, samples: Samples, mean_weight: float) -> DeviceDataset:
        return self._dataset(
            samples.inputs, samples.targets, samples.weights, mean_weight=mean_weight
        )


def _mean_weight(samples: Samples) -> float:
    if samples.weights is None:
        return 1.0
    return float(np.mean(samples.weights, dtype="f8"))
