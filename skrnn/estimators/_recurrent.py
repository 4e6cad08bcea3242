"""The base of the recurrent estimators: windows, and the module that reads them."""

from __future__ import annotations

from dataclasses import replace
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils.validation import check_is_fitted

from ..modules import RecurrentNetwork
from ..training import (
    Checkpoint,
    Outcome,
    Settings,
    StepDataset,
    WindowDataset,
    gate_activations,
    planned,
)
from ..windows import Windows, joined
from ._architecture import architecture_of, check_layer_sizes
from ._base import BaseNetwork
from ._network_parameters import SequenceParameters
from ._normalization import (
    learn_normalization,
    learnt_targets,
    normalized_targets,
)
from ._recipe_parameters import RecipeParameters
from ._samples import Samples
from ._sequence_reader import SequenceReader
from ._stateful import check_stateful
from ._stream import Stream
from ._trial import RATE_AFTER_TRIAL, Found, fit_readout, try_out

_MOST_ON_PATH = 256  # values of the last rows; with more features there is no path


class BaseRecurrent(SequenceParameters, RecipeParameters, BaseNetwork):
    """RNN, GRU and LSTM estimators: a recurrent module over windows."""

    _cell: ClassVar[str]
    _reader_class = SequenceReader
    _module_class = RecurrentNetwork
    _reader: SequenceReader

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        X_val: Any = None,
        y_val: Any = None,
    ) -> Any:
        """Fit the network to windows and their targets.

        Parameters
        ----------
        X : array of shape (n_samples, n_timesteps, n_features), \
                {array-like, DataFrame} of shape (n_samples, n_timesteps), \
                list of arrays of shape (n_timesteps_i, n_features), \
                DataFrame with an (instance, time) MultiIndex, or Windows
            The sequences. A 2-D X has one feature. Rows that are NaN in every feature
            shorten the sequence: at the start of a 3-D window, or at the end of a
            window that shares no memory with others.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets, one for each sequence. With return_sequences, one for each
            step: an array (n_samples, n_timesteps) or (n_samples, n_timesteps,
            n_outputs), a list of arrays, Windows, or a pandas object with the
            MultiIndex of X.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample, or step of it, in the loss and the validation score.
        X_val : like X, default=None
            Held-out sequences, used instead of a split of X.
        y_val : array-like, default=None
            Targets of ``X_val``.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        return self._fit(X, y, sample_weight, X_val, y_val)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    def _module_params(self) -> dict[str, Any]:
        sizes = check_layer_sizes(self.hidden_layer_sizes, 1)
        embedding_dim = self.embedding_dim
        return {
            **vars(architecture_of(self, sizes, self._reader.longest)),
            "n_features": self._reader.n_features,
            "hidden_layer_sizes": sizes,
            "n_outputs": self.n_outputs_,
            "embedding_dim": None if embedding_dim is None else int(embedding_dim),
            "n_tokens": self._reader.n_tokens,
            "normalize": self.normalize,
            "normalize_outputs": "standard" if self._task.normalizes else None,
            "path_rows": self._n_path_rows(),
            "dtype": np.dtype(self.dtype).name,
        }

    def _n_path_rows(self) -> int:
        """Rows from which a linear path leads to the outputs; 0 without a read-out."""
        has_one_target = not (self._task.has_steps or self._reader.is_stateful)
        reads_numbers = self.embedding_dim is None
        if not (self._task.has_readout and has_one_target and reads_numbers):
            return 0
        return min(self._reader.longest, _MOST_ON_PATH // self._reader.n_features)

    def gate_activations(self, X: Any, layer: int = -1) -> dict[str, np.ndarray]:
        """Return what the cells of a layer compute at each step.

        Parameters
        ----------
        X : array, DataFrame, list of arrays or Windows
            The sequences, as in :meth:`predict`.
        layer : int, default=-1
            Index of the recurrent layer, counted from the input; -1 is the last.

        Returns
        -------
        activations : dict of str to ndarray of shape (n_samples, n_timesteps, n_units)
            An LSTM has "input", "forget", "output", "candidate", "cell" and "hidden"; a
            GRU has "reset", "update", "candidate" and "hidden"; a plain RNN has
            "hidden". Names of the second direction end in "_backward". "hidden" has
            ``projection_size`` units if that is set. Steps beyond the end of a sequence
            are NaN. With conv_padding="valid", conv_strides or conv_pool_size, there
            are fewer steps than in X.

        Raises
        ------
        ValueError
            If the network does not have the layer.
        """
        check_is_fitted(self)
        n_layers = len(self.net_.module_.stack())
        is_number = isinstance(layer, Integral)
        if not (is_number and -n_layers <= layer < n_layers):
            raise ValueError(
                f"layer must be from {-n_layers} to {n_layers - 1} (an int) for "
                f"{n_layers} recurrent layers, got {layer!r}"
            )
        windows = self._reader.read(self, X)
        n_samples = len(windows)
        if self._reader.is_stateful:
            windows = joined(windows)
        data = self._prediction_data(windows)
        found = gate_activations(self.net_, data, layer, self.n_threads)
        return {
            name: values.reshape(n_samples, -1, values.shape[2])
            for name, values in found.items()
        }

    def stream(self, X: Any = None) -> Stream:
        """Follow one series row by row, with a prediction after each at constant cost.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_rows, n_features), default=None
            Rows that the stream reads first: the history of the series.

        Returns
        -------
        stream : Stream
            Its ``step(x)`` takes the next row. It keeps a copy of the network, so that
            a later ``fit`` does not change it.

        Raises
        ------
        ValueError
            If the network reads ahead of the newest row (bidirectional layers,
            convolutions that are not causal), if its convolutions make one step of
            several rows (conv_strides, conv_pool_size), or if X is not one series.
        sklearn.exceptions.NotFittedError
            Before ``fit``.
        """
        return Stream(self, X)

    def _reader_options(self) -> dict[str, Any]:
        return {
            "dtype": np.dtype(self.dtype).name,
            "reads_tokens": self.embedding_dim is not None,
            "is_stateful": bool(self.stateful),
        }

    def _check_parameters(self) -> None:
        if self._reader.is_stateful:
            check_stateful(self)

    def _settings(self) -> Settings:
        return replace(Settings.of(self), tol_is_relative=True)

    def _planned(self, settings: Settings, n_samples: int) -> Settings:
        is_one_series, has_norms = self._reader.is_stateful, self._has_norms
        how = {"is_one_series": is_one_series, "has_norms": has_norms}
        return planned(settings, n_samples, self._task.budget, **how)

    @property
    def _has_norms(self) -> bool:
        """Whether figures of a batch are part of what the network computes."""
        parts = self.net_.module_.architecture
        return parts.conv_filters is not None and parts.conv_norm is not None

    def _tried(
        self,
        samples: Samples,
        given: Samples | None,
        module_params: dict[str, Any],
        settings: Settings,
        checkpoint: Checkpoint | None,
    ) -> tuple[Settings, Found]:
        has_held_out = settings.early_stopping or given is not None
        if self.warm_start and hasattr(self, "_model"):  # held-out samples were seen
            trusted = None if has_held_out else np.ones(self._task.n_outputs)
            return settings, Found(share=trusted)
        asks_for_epochs = settings.max_iter == "auto" and settings.solver != "lbfgs"
        asks = asks_for_epochs or (module_params["path_rows"] and given is None)
        if not asks or settings.early_stopping or self._reader.is_stateful:
            return settings, Found()

        def search() -> dict[str, Any]:
            found = try_out(self, samples, given, module_params, settings)
            generator = self._random_state.get_state(legacy=False)
            return {**found._asdict(), "generator": generator}

        known = search() if checkpoint is None else checkpoint.found(search)
        self._random_state.set_state(known["generator"])
        found = Found(**{name: known[name] for name in Found._fields})
        if has_held_out:
            found = found._replace(share=None)
        if has_held_out or not asks_for_epochs:  # max_iter counts all epochs
            found = found._replace(weights=None)
        if asks_for_epochs and found.n_epochs is not None:
            n_epochs = found.epochs_to_come()
            settings = replace(settings, max_iter=n_epochs, max_iter_is_found=True)
        if found.weights is not None:
            rate = RATE_AFTER_TRIAL * settings.learning_rate_init
            settings = replace(settings, learning_rate_init=rate)
        return settings, found

    def _begin_with(self, found: Found) -> None:
        if found.weights is None:
            return
        self._model.begin_with(found.weights)
        self.loss_curve_ += found.losses
        self.n_iter_ += len(found.losses)

    def _finish(
        self, training: Samples, held_out: Samples | None, found: Found
    ) -> None:
        if self.net_.module_.path is not None:
            fit_readout(self, training, held_out, found.share)

    def _draw_weights(self) -> None:
        pass  # the module has drawn all of them

    def _training_data(self, samples: Samples) -> WindowDataset:
        if self._mean_weight is None:
            self._mean_weight = samples.mean_weight
        if not self.t_:  # later samples are normalised as the first ones
            names = getattr(self, "feature_names_in_", None)
            learn_normalization(
                self.net_.module_,
                samples,
                names,
                is_one_series=self._reader.is_stateful,
            )
        carries = "lanes" if self._reader.is_stateful else None
        targets = learnt_targets(self.net_.module_, samples)
        return self._dataset(samples, targets, self._mean_weight, carries)

    def _validation_data(self, held_out: Samples) -> WindowDataset:
        longest_first = np.argsort(-held_out.inputs.lengths, kind="stable")
        held_out = held_out.take(longest_first)  # so that batches hold similar lengths
        carries = "series" if self._reader.is_stateful else None
        targets, layer = held_out.targets, self.net_.module_.output_normalization
        if layer is not None:
            targets = normalized_targets(layer, targets)
        return self._dataset(held_out, targets, held_out.mean_weight, carries)

    def _prediction_data(self, inputs: Windows) -> WindowDataset:
        carries = "series" if self._reader.is_stateful else None
        return self._dataset(Samples(inputs, None, None), None, None, carries)

    def _dataset(
        self,
        samples: Samples,
        targets: Any,
        mean_weight: float | None,
        carries: str | None,
    ) -> WindowDataset:
        kind = StepDataset if self._task.has_steps else WindowDataset
        weights = samples.weights
        if weights is not None and targets is not None:
            weights = weights.astype(targets.dtype)
        return kind(
            samples.inputs,
            targets,
            weights,
            device=self.device_,
            mean_weight=mean_weight,
            carries=carries,
        )

    def _record(self, outcome: Outcome, n_samples: int) -> None:
        self._add_epochs(outcome.losses, outcome.scores, n_samples)
