"""What the recurrent estimators share: windows, and the module that reads them."""

from __future__ import annotations

from dataclasses import asdict
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from ..modules import Architecture, RecurrentNetwork
from ..training import DeviceDataset, StepDataset, WindowDataset, gate_activations
from ..windows import (
    Steps,
    Windows,
    check_consecutive,
    joined,
    overlap,
    read_steps,
    split_windows_in_time,
)
from ._architecture import architecture_of, check_layer_sizes
from ._base import BaseNetwork
from ._network_parameters import SequenceParameters
from ._samples import Samples
from ._stateful import (
    check_one_series,
    check_stateful,
    split_series,
    warn_of_rows,
    warn_of_sliding,
)
from ._steps import check_steps_aligned
from ._stream import Stream
from ._windows import check_aligned, check_windows


class BaseRecurrent(SequenceParameters, BaseNetwork):
    """RNN, GRU and LSTM estimators: a recurrent module over windows."""

    _cell: ClassVar[str]
    _has_steps = False  # a target at each, as the last fit was asked for
    _is_stateful = False  # as the last fit was asked for
    _module_class = RecurrentNetwork
    _later_module_params = asdict(Architecture("of the fit"))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    def _module_params(self) -> dict[str, Any]:
        sizes = check_layer_sizes(self.hidden_layer_sizes, 1)
        embedding_dim = self.embedding_dim
        return {
            **asdict(architecture_of(self, sizes)),
            "n_features": 1 if self._is_fitted_on_table else self.n_features_in_,
            "hidden_layer_sizes": sizes,
            "n_outputs": self.n_outputs_,
            "embedding_dim": None if embedding_dim is None else int(embedding_dim),
            "n_tokens": self.n_tokens_,
            "dtype": np.dtype(self.dtype).name,
        }

    def gate_activations(self, X: Any, layer: int = -1) -> dict[str, np.ndarray]:
        """Return what the cells of a layer compute at each step.

        Parameters
        ----------
        X : array, DataFrame, list of arrays or Windows
            The sequences, as in :meth:`predict`.
        layer : int, default=-1
            Which recurrent layer, counted from the input; -1 is the last.

        Returns
        -------
        activations : dict of str to ndarray of shape (n_samples, n_timesteps, n_units)
            Of an LSTM "input", "forget", "output", "candidate", "cell" and "hidden"; of
            a GRU "reset", "update", "candidate" and "hidden"; of a plain RNN "hidden".
            Those of the second direction end in "_backward". "hidden" has
            ``projection_size`` units, where that is set. Steps that a sequence does
            not have are NaN; with conv_padding="valid" there are fewer than in X.

        Raises
        ------
        ValueError
            If there is no such layer.
        """
        check_is_fitted(self)
        n_layers = len(self.net_.module_.stack())
        is_number = isinstance(layer, Integral)
        if not (is_number and -n_layers <= layer < n_layers):
            raise ValueError(
                f"layer must be from {-n_layers} to {n_layers - 1}, an int, for "
                f"{n_layers} recurrent layers, got {layer!r}"
            )
        windows = self._check_inputs(X, reset=False)
        n_samples = len(windows)
        if self._is_stateful:
            windows = joined(windows)
        data = self._dataset(windows)
        found = gate_activations(self.net_, data, layer, self.n_threads)
        return {
            name: values.reshape(n_samples, -1, values.shape[2])
            for name, values in found.items()
        }

    def stream(self, X: Any = None) -> Stream:
        """Follow one series row by row: a prediction after each, at a constant cost.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_rows, n_features), default=None
            Rows that the stream reads first, the history of the series.

        Returns
        -------
        stream : Stream
            Its ``step(x)`` takes the next row. It keeps the network of today, whatever
            becomes of the estimator.

        Raises
        ------
        ValueError
            If the network reads ahead of the newest row, as bidirectional layers and
            convolutions do that are not causal, or if X is no such series.
        sklearn.exceptions.NotFittedError
            Before ``fit``.
        """
        return Stream(self, X)

    def _check_samples(
        self, X: Any, y: Any, weights: Any, reset: bool, **known: Any
    ) -> Samples:
        if reset or known.get("is_warm"):
            self._is_stateful = bool(self.stateful)
        if self._is_stateful:
            check_stateful(self)
        samples = super()._check_samples(X, y, weights, reset, **known)
        if self._is_stateful:
            warn_of_rows(X)
            warn_of_sliding(samples.inputs)
        return samples

    def _check_inputs(self, X: Any, reset: bool) -> Windows:
        if reset:
            self._fitted_dtype = np.dtype(self.dtype).name
        windows = check_windows(self, X, reset=reset)
        if self._is_stateful:
            check_one_series(X)
            check_consecutive(windows)
        return windows

    @property
    def _keeps_weightless(self) -> bool:
        return self._is_stateful  # their rows lead to the state of those after them

    def _read_target(self, y: Any, reset: bool, **known: Any) -> Any:
        if reset or known.get("is_warm"):
            self._has_steps = bool(self.return_sequences)
        if not self._has_steps:
            return super()._read_target(y, reset, **known)
        table, starts, lengths = read_steps(y, is_single=is_classifier(self))
        rows = self._check_target(table, reset, **known)
        return Steps(Windows(rows, starts, lengths))

    def _check_aligned(self, X: Any, y: Any, inputs: Windows, targets: Any) -> None:
        if isinstance(targets, Steps):
            check_steps_aligned(X, y, inputs, targets)
        else:
            check_aligned(X, y, len(inputs), len(targets))

    def _steps_of(self, inputs: Windows) -> np.ndarray | None:
        return inputs.lengths if self._has_steps else None

    def _split_in_time(
        self, inputs: Windows, strata: Any = None
    ) -> tuple[np.ndarray, np.ndarray] | None:
        if self._is_stateful:
            return split_series(self, inputs)
        if self.validation_split == "last" or (
            self.validation_split == "auto" and overlap(inputs)
        ):
            gap = self._n_steps_ahead() - 1
            if self._has_steps and overlap(inputs):  # targets are as long as windows
                gap += inputs.n_timesteps - 1
            fraction = self.validation_fraction
            return split_windows_in_time(inputs, fraction, gap, strata=strata)
        return None

    def _dataset(
        self, inputs: Windows, targets: Any = None, weights: Any = None, **options: Any
    ) -> WindowDataset:
        options = {"carries": "series" if self._is_stateful else None, **options}
        kind = StepDataset if self._has_steps else WindowDataset
        return kind(inputs, targets, weights, device=self.device_, **options)

    def _training_data(self, samples: Samples) -> DeviceDataset:
        if self._mean_weight is None:
            self._mean_weight = samples.mean_weight
        options = {"carries": "lanes"} if self._is_stateful else {}
        return self._weighted(samples, self._mean_weight, **options)

    def _validation_data(self, held_out: Samples) -> DeviceDataset:
        longest_first = np.argsort(-held_out.inputs.lengths, kind="stable")
        held_out = held_out.take(longest_first)  # so that batches hold their like
        return self._weighted(held_out, held_out.mean_weight)

    def _weighted(
        self, samples: Samples, mean_weight: float, **options: Any
    ) -> DeviceDataset:
        options["mean_weight"] = mean_weight
        return self._dataset(
            samples.inputs, samples.targets, samples.weights, **options
        )
