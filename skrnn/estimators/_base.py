"""What every network estimator shares: fit, continue, predict, save."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted
from torch import nn

from ..arguments import Vocabulary
from ..training import (
    Checkpoint,
    DeviceDataset,
    Outcome,
    Progress,
    Settings,
    build_net,
    device_after_loading,
    open_checkpoint,
    predict,
    processes_of,
    resolve_device,
    set_momenta,
    set_weights,
    train,
    weights_of,
)
from ._files import damage_told, loaded_state, saved_state
from ._guard import unchanged_on_error
from ._held_out import checked_size, with_held_out
from ._remarks import warn_unless_converged
from ._samples import Samples, check_samples, finite
from ._steps import by_sample
from ._summary import NetworkSummary
from ._training_parameters import EstimatorParameters
from ._warm_start import check_same_network

_SEED_LIMIT = 2**31 - 1
_OF_THE_NET = ("solver", "learning_rate", "learning_rate_init", "power_t", "device")


def is_stochastic(estimator: Any) -> bool:
    """Whether the solver takes batches; as ``available_if`` wants it, else an error."""
    if estimator.solver == "lbfgs":
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers. lbfgs is not "
            "stochastic"
        )
    return True


class BaseNetwork(EstimatorParameters, Vocabulary, BaseEstimator, ABC):
    """A plain estimator that holds a skorch net in ``net_``.

    Two kinds of children supply what is missing: what the target is and what is lost
    on it (:class:`Regression`, :class:`Classification`), and what X is and which
    module reads it (:class:`BaseRecurrent`, :class:`BaseMLP`).
    """

    _loss_class: ClassVar[type[nn.Module]]
    _module_class: ClassVar[type[nn.Module]]
    _scores_as_sklearn: ClassVar[bool] = False
    _pickles_momenta: ClassVar[bool] = False  # of the solver
    _draws_anew: ClassVar[bool] = False  # each partial_fit, from random_state
    _later_module_params: ClassVar[dict[str, Any]] = {}  # that old files do not name
    _mean_weight: float | None
    _fitted_dtype: str

    @property
    def _keeps_weightless(self) -> bool:
        """Whether samples of weight zero stay in the batches."""
        return False

    # of the target

    @abstractmethod
    def _check_target(self, y: Any, reset: bool, **known: Any) -> np.ndarray:
        """Targets of shape (n_samples, n_outputs), of the estimator's dtype."""

    @abstractmethod
    def _loss_params(self) -> dict[str, Any]:
        """Arguments of ``_loss_class``, what is minimised."""

    @abstractmethod
    def _scorer(self) -> Callable[[np.ndarray, np.ndarray, Any], float]:
        """Validation score of (targets, predictions, weights), larger is better."""

    @abstractmethod
    def _n_steps_ahead(self) -> int:
        """How many steps the target of a sample reaches beyond it."""

    @abstractmethod
    def _strata(self, targets: Any) -> np.ndarray | None:
        """Groups that a random split keeps in proportion."""

    @abstractmethod
    def _weigh(self, samples: Samples) -> Samples:
        """The samples with the weights, too, that come from their class."""

    # of the input

    @abstractmethod
    def _check_inputs(self, X: Any, reset: bool) -> Any:
        """X as something that :meth:`_dataset` takes; sets ``_fitted_dtype``."""

    @abstractmethod
    def _check_aligned(self, X: Any, y: Any, inputs: Any, targets: Any) -> None:
        """Raise if X and y are not of the same samples."""

    @abstractmethod
    def _module_params(self) -> dict[str, Any]:
        """Arguments of the module, but for its seed."""

    @abstractmethod
    def _dataset(
        self, inputs: Any, targets: Any = None, weights: Any = None, **options: Any
    ) -> DeviceDataset:
        """The samples on the device."""

    @abstractmethod
    def _split_in_time(
        self, inputs: Any, strata: Any = None
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """Samples to train on and the last ones, or None for a random split."""

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
            The sequences. A 2-D X has one feature. Rows that are NaN in every
            feature at the front of a 3-D window, or at the end of one that shares no
            memory with others, do not exist: the sequence is shorter.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets, one for each sequence. With return_sequences one for each step:
            an array (n_samples, n_timesteps) or (n_samples, n_timesteps, n_outputs), a
            list of arrays, Windows, or a pandas object with the MultiIndex of X.
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

    def _fit(self, X: Any, y: Any, sample_weight: Any, X_val: Any, y_val: Any) -> Any:
        is_warm = self.warm_start and hasattr(self, "net_")
        with unchanged_on_error(self):
            samples = self._check_samples(
                X, y, sample_weight, reset=not is_warm, is_warm=is_warm
            )
            given = self._check_held_out(X_val, y_val)
            self._random_state = self._new_random_state()
            self._mean_weight = None  # of these samples; partial_fit keeps its first
            data = {**samples.named(), "X_val and y_val": given}
            network = {**self._module_params(), "objective": self._loss_params()}
            with open_checkpoint(self, data, network) as checkpoint:
                if checkpoint is not None:
                    self._random_state = checkpoint.begin(self._random_state)
                self._restart() if is_warm else self._start()
                self._begin()
                samples, held_out = with_held_out(self, samples, given)
                self._train(samples, held_out, self.max_iter, checkpoint=checkpoint)
        return self

    def summary(self) -> NetworkSummary:
        """Return the layers of the fitted network, with their parameters counted.

        Returns
        -------
        summary : NetworkSummary
            Printed as text, shown as a table in a notebook. ``n_parameters`` is the
            total, ``layers`` holds name, kind, output shape and number of parameters
            of each layer.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            Before ``fit``, when the number of features is not known.
        """
        check_is_fitted(self)
        title = f"{type(self).__name__}, {self._fitted_dtype} on {self.device_}"
        return NetworkSummary(title, self.net_.module_.outline())

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any, **known: Any) -> Any:
        """One more epoch; ``known`` is what y alone does not tell."""
        if self.early_stopping:
            raise ValueError(
                "partial_fit does not support early_stopping=True: one epoch cannot be "
                "stopped early; set early_stopping=False"
            )
        is_first = not hasattr(self, "net_")
        with unchanged_on_error(self):
            samples = self._check_samples(X, y, sample_weight, is_first, **known)
            if is_first or self._draws_anew:
                self._random_state = self._new_random_state()
            if is_first:
                self._mean_weight = None
                self._start()
            elif self._fitted_settings.solver == "lbfgs":  # which has no momenta
                self._build_net(self._settings(), weights_of(self.net_))
            self._begin()
            self._train(samples, None, n_epochs=1, incremental=True)
        return self

    def _predicted(self, X: Any, answer: Callable[[np.ndarray], np.ndarray]) -> Any:
        """What ``answer`` makes of the predictions (n_samples, n_outputs)."""
        check_is_fitted(self)
        inputs = self._check_inputs(X, reset=False)
        lengths = self._steps_of(inputs)
        raw = predict(self.net_, self._dataset(inputs), self.n_threads)
        values = answer(finite(raw, lengths))
        return values if lengths is None else by_sample(values, lengths)

    def _steps_of(self, inputs: Any) -> np.ndarray | None:
        """How many predictions each sample has, if it is not one each."""
        return None

    def _read_target(self, y: Any, reset: bool, **known: Any) -> Any:
        """Targets, whatever their form."""
        return self._check_target(y, reset, **known)

    def _check_samples(
        self, X: Any, y: Any, weights: Any, reset: bool, **known: Any
    ) -> Samples:
        def check_target(y: Any) -> Any:
            targets = self._read_target(y, reset, **known)
            if not reset and targets.shape[-1] != self.n_outputs_:
                raise ValueError(
                    f"y has {targets.shape[-1]} outputs, but {type(self).__name__} was "
                    f"fitted on {self.n_outputs_}"
                )
            return targets

        samples = check_samples(self, X, y, weights, check_target, reset=reset)
        if reset:
            self.n_outputs_ = samples.targets.shape[-1]
        return samples

    def _check_held_out(self, X_val: Any, y_val: Any) -> Samples | None:
        """The samples to validate on, if they are given."""
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val must be given together")
        if X_val is None:
            return None
        return checked_size(self._check_samples(X_val, y_val, None, reset=False))

    def _settings(self) -> Settings:
        """How to train, from the parameters."""
        return Settings.of(self)

    def _new_random_state(self) -> np.random.RandomState:
        seed = check_random_state(self.random_state).randint(_SEED_LIMIT)
        common = processes_of(self.device).broadcast(seed)
        return np.random.RandomState(int(common))

    def _new_seed(self) -> int:
        """For what the module draws itself."""
        return int(self._random_state.randint(_SEED_LIMIT))

    def _start(self) -> None:
        """A fresh net, and empty records."""
        self._fitted_module_params = {
            **self._module_params(),
            "seed": self._new_seed(),
        }
        self.device_ = resolve_device(self.device, self._fitted_dtype)
        self._fitted_loss_params = self._loss_params()
        self._build_net(self._settings())
        self.loss_curve_: list[float] = []
        self.validation_scores_: list[float] | None = None
        self.best_loss_: float | None = None
        self.t_ = 0

    def _restart(self) -> None:
        """A net with today's settings and the weights of the last fit."""
        fitted = {**self._later_module_params, **self._fitted_module_params}
        today = self._module_params()
        check_same_network(self._module_class, fitted, today)
        self._fitted_module_params = {**fitted, **today}
        if any(today[name] for name in today if name.endswith("dropout")):
            # other masks than in the last fit
            self._fitted_module_params["seed"] = self._new_seed()
        weights = weights_of(self.net_)
        self._fitted_loss_params = self._loss_params()
        self.device_ = resolve_device(self.device, self._fitted_dtype)
        self._build_net(self._settings(), weights)

    def _begin(self) -> None:
        """What every call that trains starts from."""
        self.n_iter_ = 0
        self._progress = Progress()

    def _build_net(
        self, settings: Settings, weights: dict[str, np.ndarray] | None = None
    ) -> None:
        self._fitted_settings = settings.without_callbacks()
        self.net_ = build_net(
            self._module_class,
            self._fitted_module_params,
            self._loss_class(**self._fitted_loss_params),
            settings,
            self._scorer(),
            self.device_,
        )
        if weights is not None:
            set_weights(self.net_, weights)

    def _train(
        self,
        samples: Samples,
        held_out: Samples | None,
        n_epochs: int,
        incremental: bool = False,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        settings = self._settings()
        if incremental:  # net and optimiser go on as they were made
            fitted = self._fitted_settings
            settings = replace(
                settings, **{name: getattr(fitted, name) for name in _OF_THE_NET}
            )
        progress = replace(self._progress)  # the old one is kept in case of an error
        outcome = train(
            self.net_,
            self._training_data(samples),
            None if held_out is None else self._validation_data(held_out),
            settings,
            self._random_state,
            progress,
            n_epochs=n_epochs,
            n_samples_seen=self.t_,
            incremental=incremental,
            checkpoint=checkpoint,
        )
        self._progress = progress
        self._record(outcome, len(samples))
        if not incremental:
            warn_unless_converged(self, outcome, settings, samples, held_out)

    def _training_data(self, samples: Samples) -> DeviceDataset:
        return self._dataset(samples.inputs, samples.targets, samples.weights)

    def _validation_data(self, held_out: Samples) -> DeviceDataset:
        return self._dataset(held_out.inputs, held_out.targets, held_out.weights)

    def _record(self, outcome: Outcome, n_samples: int) -> None:
        """Note how training went."""
        self.n_iter_ += len(outcome.losses)
        self.t_ += len(outcome.losses) * n_samples
        self.loss_curve_ += outcome.losses  # copies would make each call dearer
        if self.best_loss_ is None:
            self.best_loss_ = min(self.loss_curve_, default=None)
        else:
            self.best_loss_ = min([self.best_loss_, *outcome.losses])
        if outcome.scores:
            self.validation_scores_ = self.validation_scores_ or []
            self.validation_scores_ += outcome.scores

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "net_")

    def __getstate__(self) -> dict[str, Any]:
        """Arrays in place of the net: the weights, and of MLPs the momenta."""
        return saved_state(self, super().__getstate__())

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Build the net anew on the device that is there."""
        state = loaded_state(self, state)
        momenta = state.pop("_momenta", None)
        super().__setstate__(state)
        with damage_told(self):
            if "net_" in state:
                self.device_ = device_after_loading(self.device, self._fitted_dtype)
                self._build_net(self._fitted_settings, state["net_"])
            if momenta is not None:
                set_momenta(self.net_, momenta)
