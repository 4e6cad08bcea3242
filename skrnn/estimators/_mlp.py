"""MLPRegressor and MLPClassifier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, SupportsIndex

import numpy as np
import torch
from sklearn.base import _fit_context

from .._warnings import warn
from ..arguments import parameters, revised, text_of
from ..modules import MLPNetwork, draw_layer
from ..training import Outcome, Settings, TableDataset
from ._architecture import check_layer_sizes
from ._base import BaseNetwork
from ._classification import Classification
from ._mlp_parameters import MLPTrainingParameters
from ._reader import TableReader
from ._regression import Regression
from ._samples import Samples
from ._training_parameters import RegressionParameters

_ONLY_FOR_SGD = ("invscaling", "adaptive")


class BaseMLP(MLPTrainingParameters, BaseNetwork):
    """A multi-layer perceptron over the rows of a table, as in scikit-learn."""

    _module_class = MLPNetwork
    _reader_class = TableReader
    _follows_sklearn = True

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
            The rows. The network computes in float32 if X is float32, else in float64.
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
    def n_layers_(self) -> int:
        """Number of layers, input and output included."""
        return len(self._linear_layers("n_layers_")) + 1

    @property
    def out_activation_(self) -> str:
        """The activation of the output layer."""
        self._linear_layers("out_activation_")  # raises if not fitted
        return self._task.out_activation

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

    def _reader_options(self) -> dict[str, Any]:
        return {}

    def _check_parameters(self) -> None:
        if self.batch_norm and self.layer_norm:
            raise ValueError(
                "batch_norm and layer_norm both normalise the same values; set one of "
                "them to False"
            )

    def _module_params(self) -> dict[str, Any]:
        return {
            "n_features": self.n_features_in_,
            "hidden_layer_sizes": check_layer_sizes(self.hidden_layer_sizes, 0),
            "n_outputs": self.n_outputs_,
            "activation": self.activation,
            "dropout": float(self.dropout),
            "batch_norm": bool(self.batch_norm),
            "layer_norm": bool(self.layer_norm),
            "dtype": self._reader.dtype,
        }

    def _settings(self) -> Settings:
        """Settings; parameters that the solver ignores are not checked."""
        settings = replace(Settings.of(self), steps_as_sklearn=True)
        has_own_rate = self.solver in ("adam", "lbfgs")
        if has_own_rate and self.learning_rate in _ONLY_FOR_SGD:
            settings = replace(settings, learning_rate="constant")
        if self.solver == "lbfgs":
            settings = replace(settings, early_stopping=False)
        return replace(settings, verbose=2 if self.verbose else 0)

    def _planned(self, settings: Settings, n_samples: int) -> Settings:
        return settings  # the loop knows scikit-learn's "auto"

    def _tried(self, *of_fit: Any) -> tuple[Settings, None]:
        return of_fit[3], None

    def _begin_with(self, found: None) -> None:
        pass  # from the weights that were drawn

    def _finish(self, *of_training: Any) -> None:
        pass  # as scikit-learn

    def _draw_weights(self) -> None:
        sizes = [layer.weight.shape for layer in self.net_.module_.linear_layers()]
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

    def _training_data(self, samples: Samples) -> TableDataset:
        n, size = len(samples), self.batch_size
        if self.solver != "lbfgs" and size != "auto" and int(size) > n:
            warn(
                f"Got `batch_size` = {size}, larger than the {n} samples to train on. "
                "It is going to be clipped",
            )
        return self._dataset(samples)

    def _validation_data(self, held_out: Samples) -> TableDataset:
        return self._dataset(held_out)

    def _prediction_data(self, inputs: Any) -> TableDataset:
        return self._dataset(Samples(inputs, None, None))

    def _dataset(self, samples: Samples) -> TableDataset:
        data = (samples.inputs, samples.targets, samples.weights)
        return TableDataset(*data, device=self.device_)

    def _record(self, outcome: Outcome, n_samples: int) -> None:
        n_counted = 0 if self.solver == "lbfgs" else n_samples  # like scikit-learn
        losses: list[float] = [np.float64(loss) for loss in outcome.losses]
        self._add_epochs(losses, outcome.scores, n_counted)
        self.loss_ = None if outcome.loss is None else np.float64(outcome.loss)
        if self._progress.of_scores:
            self.best_loss_ = None
        if outcome.scores:
            self.best_validation_score_ = max(self.validation_scores_ or [])


@parameters
class MLPRegressor(BaseMLP, Regression):
    """Multi-layer perceptron for regression.

    It has the parameters, attributes and results of scikit-learn's ``MLPRegressor``,
    runs on any device, and adds losses, solvers, schedules, activations, dropout and
    normalisation.

    {parameters}

    {attributes}

    {raises}

    See Also
    --------
    MLPClassifier : The same network for classes.
    GRURegressor : For sequences.
    sklearn.neural_network.MLPRegressor : The original, on NumPy.

    Notes
    -----
    In float64 on a CPU it equals the original up to rounding: the same random_state
    gives the same weights, batches, losses and predictions. It differs if the original
    would be wrong or unclear: a loss that is not finite is an error, and so are
    negative counts. For several outputs it minimises the sum of the losses, but
    ``loss_curve_`` holds half the mean squared error, as in the original. Scale X and
    y: a network learns best from values near 1.

    References
    ----------
    .. [1] G. Hinton, "Connectionist learning procedures", Artificial Intelligence
       40(1), 1989. https://doi.org/10.1016/0004-3702(89)90049-0
    .. [2] D. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015.
       https://arxiv.org/abs/1412.6980

    Examples
    --------
    >>> from sklearn.datasets import make_regression
    >>> from sklearn.model_selection import train_test_split
    >>> from skrnn import MLPRegressor
    >>> X, y = make_regression(n_samples=200, n_features=20, random_state=1)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=1)
    >>> model = MLPRegressor(random_state=1, max_iter=2000, tol=0.1)
    >>> model.fit(X_train, y_train).predict(X_test[:2]).round(1).tolist()
    [29.0, -290.8]
    >>> round(model.score(X_test, y_test), 2)
    0.98
    """

    loss: str = revised(
        RegressionParameters,
        "loss",
        default="squared_error",
        kw_only=False,
        text=f"{text_of(RegressionParameters, 'loss')} The losses of several outputs "
        "are summed.",
    )


@parameters
class MLPClassifier(Classification, BaseMLP):
    """Multi-layer perceptron for classification.

    It has the parameters, attributes and results of scikit-learn's ``MLPClassifier``,
    runs on any device, and adds solvers, schedules, activations, dropout, normalisation
    and class weights. A softmax (a logistic function for two classes or several labels)
    turns the outputs into probabilities. The loss is the cross-entropy.

    {parameters}

    {attributes}

    {raises}

    See Also
    --------
    MLPRegressor : The same network for numbers.
    GRUClassifier : For sequences.
    sklearn.neural_network.MLPClassifier : The original, on NumPy.

    Notes
    -----
    In float64 on a CPU it equals the original up to rounding: the same random_state
    gives the same weights, batches, losses and predictions. It differs if the original
    would be wrong or unclear: a loss that is not finite is an error; a batch whose
    samples all have weight zero is skipped; a single class has one column of
    probabilities; ``predict_log_proba`` is finite if a probability underflows. Scale X:
    a network learns best from values near 1.

    References
    ----------
    .. [1] G. Hinton, "Connectionist learning procedures", Artificial Intelligence
       40(1), 1989. https://doi.org/10.1016/0004-3702(89)90049-0
    .. [2] D. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015.
       https://arxiv.org/abs/1412.6980

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.model_selection import train_test_split
    >>> from skrnn import MLPClassifier
    >>> X, y = make_classification(n_samples=100, random_state=1)
    >>> X_train, X_test, y_train, y_test = train_test_split(
    ...     X, y, stratify=y, random_state=1)
    >>> model = MLPClassifier(random_state=1, max_iter=300, tol=1e-3)
    >>> model.fit(X_train, y_train).predict(X_test[:5]).tolist()
    [1, 0, 1, 0, 1]
    >>> model.score(X_test, y_test)
    0.88
    """

    loss = "log_loss"  # no parameter, as in scikit-learn


class LayerArrays(list):
    """A list of arrays, one per layer; assigning an item changes the network.

    Parameters
    ----------
    tensors : sequence of Tensor
        The weights, in the layout of the arrays. On the CPU the arrays share their
        memory.
    """

    def __init__(self, tensors: Sequence[torch.Tensor]) -> None:
        super().__init__(tensor.detach().cpu().numpy() for tensor in tensors)
        self._tensors = list(tensors)

    def __setitem__(self, index: SupportsIndex | slice, array: Any) -> None:
        if isinstance(index, slice):
            raise TypeError("assign one layer at a time, or the whole list")
        tensor = self._tensors[index]
        values = np.asarray(array)
        if values.shape != tensor.shape or values.dtype.kind not in "fiub":
            raise ValueError(
                f"expected real numbers of shape {tuple(tensor.shape)} for layer "
                f"{index}, got {values.dtype} of shape {values.shape}"
            )
        with torch.inference_mode(False), torch.no_grad():
            tensor.copy_(torch.from_numpy(values.copy()))
        super().__setitem__(index, tensor.detach().cpu().numpy())

    def __reduce__(self) -> Any:
        return list, (list(self),)  # a copy is just the numbers


def _assign(name: str, layers: list, arrays: Sequence[np.ndarray]) -> None:
    """Replace the weights of all layers."""
    shapes = [array.shape for array in layers]
    given = [np.shape(array) for array in arrays]
    if given != shapes:
        raise ValueError(f"{name} must have the shapes {shapes}, got {given}")
    for i, array in enumerate(arrays):
        layers[i] = array
