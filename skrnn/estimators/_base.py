"""The base of all network estimators: fit, continue, predict, save."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from numbers import Integral
from typing import Any, Self

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .._bases import BaseEstimator
from ..arguments import Vocabulary
from ..training import (
    Checkpoint,
    Model,
    Progress,
    Settings,
    open_checkpoint,
    predict,
    processes_of,
)
from ._convergence_warnings import Fitted, needs_loss_for_score, warn_unless_converged
from ._files import loaded_state, saved_state
from ._network_parts import NetworkParts
from ._reader import Reader
from ._rollback import unchanged_on_error
from ._samples import Samples, check_given, checked, hold_out
from ._summary import NetworkSummary
from ._tasks import Task
from ._training_parameters import EstimatorParameters

_SEED_LIMIT = 2**31 - 1
_OF_THE_NET = ("solver", "learning_rate", "learning_rate_init", "power_t", "device")


class BaseNetwork(EstimatorParameters, Vocabulary, NetworkParts, BaseEstimator):
    """A plain estimator that holds a skorch net in ``net_``; see NetworkParts."""

    _reader: Reader
    _task: Task
    _model: Model
    _mean_weight: float | None

    def _fit(self, X: Any, y: Any, sample_weight: Any, X_val: Any, y_val: Any) -> Any:
        is_warm = self.warm_start and hasattr(self, "_model")
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val must be given together")
        with unchanged_on_error(self):
            samples = (self._continue if is_warm else self._learn)(X, y, sample_weight)
            given = None if X_val is None else self._read(X_val, y_val).scored()
            module_params, settings = self._module_params(), self._settings()
            self._random_state = self._new_random_state()
            with self._checkpoint_of(samples, given, module_params) as checkpoint:
                tried = self._tried(samples, given, module_params, settings, checkpoint)
                settings, found = tried
                (self._restart if is_warm else self._start)(module_params, settings)
                self._begin_with(found)
                parts = self._split(samples, given, settings)
                self._train(*parts, settings, checkpoint=checkpoint)
                self._finish(*parts, found)
        return self

    @contextmanager
    def _checkpoint_of(
        self, samples: Samples, given: Samples | None, module_params: dict[str, Any]
    ) -> Iterator[Checkpoint | None]:
        """The checkpoint of a fit, or None; it holds what the fit begins with."""
        data = {**samples.named(), "X_val and y_val": given}
        network = {**module_params, "objective": self._task.loss_params()}
        with open_checkpoint(self, data, network) as checkpoint:
            if checkpoint is not None:
                self._random_state = checkpoint.begin(self._random_state)
            yield checkpoint

    def _partial_fit(
        self, X: Any, y: Any, sample_weight: Any, classes: Any = None
    ) -> Any:
        """One more epoch; ``classes`` may be more than those in y."""
        if self.early_stopping:
            raise ValueError(
                "partial_fit does not support early_stopping=True: one epoch cannot be "
                "stopped early; set early_stopping=False"
            )
        is_first = not hasattr(self, "_model")
        with unchanged_on_error(self):
            if is_first:
                samples = self._learn(X, y, sample_weight, classes)
            else:
                samples = self._read(X, y, sample_weight)
            if is_first or self._follows_sklearn:  # which draws again in each call
                self._random_state = self._new_random_state()
            settings = self._settings()
            if is_first:
                self._start(self._module_params(), settings)
            else:
                if self._model.settings.solver == "lbfgs":  # it has no momenta
                    self._model = self._model.rebuilt(settings, self.device)
                self._begin(settings)
            fitted = vars(self._model.settings)
            settings = replace(settings, **{name: fitted[name] for name in _OF_THE_NET})
            self._train(samples, None, settings, incremental=True)
        return self

    def _predicted(self, X: Any, decode: Callable[[Any, np.ndarray], Any]) -> Any:
        """The predictions for X that ``decode``, a method of the task, makes."""
        if not hasattr(self, "_model"):  # scikit-learn's check looks at all attributes
            check_is_fitted(self)
        inputs = self._reader.read(self, X)
        raw = predict(self.net_, self._prediction_data(inputs), self.n_threads)
        return self._task.predictions(decode, raw, inputs)

    def summary(self) -> NetworkSummary:
        """Return the layers of the fitted network, with their parameters counted.

        Returns
        -------
        summary : NetworkSummary
            Prints as text, and as a table in a notebook. ``n_parameters`` is the total;
            ``layers`` holds the name, kind, output shape and number of parameters of
            each layer.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted, so that the number of features is unknown.
        """
        check_is_fitted(self)
        title = f"{type(self).__name__}, {self._reader.dtype} on {self.device_}"
        return NetworkSummary(title, self.net_.module_.outline())

    def _untrained(self, X: Any, y: Any) -> Self:
        """A copy with the initial network of ``fit``."""
        other = clone(self)
        other._validate_params()
        samples = other._learn(X, y, None)
        other._random_state = other._new_random_state()
        other._start(other._module_params(), other._settings())
        other._training_data(samples)  # the network learns their scale
        return other

    # samples

    def _learn(
        self, X: Any, y: Any, sample_weight: Any, classes: Any = None
    ) -> Samples:
        """The samples of a first fit, from which the reader and the task learn."""
        check_given(type(self).__name__, y, sample_weight)
        options = self._reader_options()
        self._reader, inputs = self._reader_class.learn(self, X, **options)
        self._task, targets = self._task_class.learn(
            y, classes=classes, **self._options_of_task()
        )
        for name, value in {**self._reader.attributes, **self._task.attributes}.items():
            setattr(self, name, value)
        return self._samples(X, y, sample_weight, inputs, targets)

    def _continue(self, X: Any, y: Any, sample_weight: Any) -> Samples:
        """The samples of a warm start, in which options may have changed."""
        check_given(type(self).__name__, y, sample_weight)
        self._reader = self._reader.continued(**self._reader_options())
        inputs = self._reader.read(self, X)
        self._task, targets = self._task.continued(y, **self._options_of_task())
        return self._samples(X, y, sample_weight, inputs, targets)

    def _read(self, X: Any, y: Any, sample_weight: Any = None) -> Samples:
        """Further samples, of the kind that was learnt before."""
        check_given(type(self).__name__, y, sample_weight)
        inputs = self._reader.read(self, X)
        return self._samples(X, y, sample_weight, inputs, self._task.encode(y))

    def _options_of_task(self) -> dict[str, Any]:
        return {
            "name": type(self).__name__,
            "dtype": self._reader.dtype,
            "has_steps": bool(getattr(self, "return_sequences", False)),
            "as_sklearn": self._follows_sklearn,
            **self._task_options(),
        }

    def _samples(
        self, X: Any, y: Any, sample_weight: Any, inputs: Any, targets: Any
    ) -> Samples:
        """Aligned inputs and targets, with their weights."""
        self._check_parameters()
        samples = Samples(inputs, targets, sample_weight)
        class_weight = getattr(self, "class_weight", None)
        samples = checked(samples, self._reader, self._task, X, y, class_weight)
        self._reader.warn_of_samples(X, samples.inputs)
        return samples

    def _split(
        self, samples: Samples, given: Samples | None, settings: Settings
    ) -> tuple[Samples, Samples | None]:
        """Samples to train on, and held-out ones: those given, a part of X, or None."""
        how = self.validation_split if given is None else "given"
        if given is not None:
            training, held_out = samples, given
        elif settings.early_stopping:
            options = (how, self.validation_fraction, self._random_state)
            training, held_out = hold_out(samples, self._reader, self._task, *options)
        else:
            return samples, None
        stops = self.early_stopping
        if needs_loss_for_score(self._task, training, held_out, how, stops=stops):
            self.net_.score = None
        return training, held_out

    # the network

    def _new_random_state(self) -> np.random.RandomState:
        """The generator of a fit, the same in all processes."""
        is_shared = processes_of(self.device).count > 1
        if self._follows_sklearn and not (is_shared and self.random_state is None):
            return check_random_state(self.random_state)
        generator = check_random_state(self.random_state)
        seed = int(processes_of(self.device).broadcast(generator.randint(_SEED_LIMIT)))
        if not isinstance(self.random_state, Integral):  # it is somebody else's
            return np.random.RandomState(seed)
        generator.seed(seed)  # quicker than another one
        return generator

    def _new_seed(self) -> int:
        """The seed of what the module draws itself: for MLPs only masks."""
        if self._follows_sklearn and not self.dropout:
            return 0
        return int(self._random_state.randint(_SEED_LIMIT))

    def _start(self, module_params: dict[str, Any], settings: Settings) -> None:
        """A fresh network, and empty records."""
        self._mean_weight = None  # that of the first samples; partial_fit keeps it
        self._model = Model(
            self._module_class,
            {**module_params, "seed": self._new_seed()},
            self._task.new_loss(),
            settings,
            self.device,
            score=self._task.scorer(),
        )
        self._draw_weights()
        self.loss_curve_: list[float] = []
        self.validation_scores_: list[float] | None = None
        self.best_loss_: float | None = None
        self.t_ = 0
        self._progress = Progress()
        self._begin(settings)

    def _restart(self, module_params: dict[str, Any], settings: Settings) -> None:
        """The weights of the last fit, with the present parameters."""
        self._mean_weight = None
        if any(value for name, value in module_params.items() if "dropout" in name):
            # draw masks that differ from those of the last fit
            module_params = {**module_params, "seed": self._new_seed()}
        self._model = self._model.rebuilt(
            settings,
            self.device,
            module_params=module_params,
            loss=self._task.new_loss(),
            score=self._task.scorer(),
        )
        self._begin(settings)

    def _begin(self, settings: Settings) -> None:
        """Prepare every call that trains."""
        self.n_iter_ = 0
        of_scores = settings.early_stopping
        if not (self._follows_sklearn and self._progress.of_scores == of_scores):
            self._progress = Progress(of_scores)  # otherwise the search would continue

    def _train(
        self,
        training: Samples,
        held_out: Samples | None,
        settings: Settings,
        *,
        incremental: bool = False,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        progress = replace(self._progress)  # an error keeps the old one
        settings = self._planned(settings, len(training))
        outcome = self._model.train(
            self._training_data(training),
            None if held_out is None else self._validation_data(held_out),
            settings,
            self._random_state,
            progress,
            n_epochs=1 if incremental else settings.max_iter,
            n_samples_seen=self.t_,
            incremental=incremental,
            checkpoint=checkpoint,
        )
        self._progress = progress
        self._record(outcome, len(training))
        if not incremental:
            parts = (self._task, settings, self.net_, training, held_out, outcome)
            warn_unless_converged(Fitted(*parts))

    def _add_epochs(
        self, losses: list[float], scores: list[float], n_samples: int
    ) -> None:
        self.n_iter_ += len(losses)
        self.t_ += len(losses) * n_samples
        self.loss_curve_ += losses  # a copy would slow down each call
        best = self.best_loss_
        known = self.loss_curve_ if best is None else [best, *losses]
        self.best_loss_ = min(known, default=None)
        if scores:
            self.validation_scores_ = self.validation_scores_ or []
            self.validation_scores_ += scores

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_model")

    @property
    def net_(self) -> Any:
        """The trained skorch net; ``net_.module_`` is the PyTorch module."""
        return self._fitted_model("net_").net

    @property
    def device_(self) -> Any:
        """The device that holds the network."""
        return self._fitted_model("device_").device

    def _fitted_model(self, name: str) -> Model:
        if "_model" not in self.__dict__:
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {name!r} before fit"
            )
        return self._model

    # files

    def __getstate__(self) -> dict[str, Any]:
        return saved_state(self, super().__getstate__())

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(loaded_state(self, state))
