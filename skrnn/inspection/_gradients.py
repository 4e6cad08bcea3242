"""How much the output of a network depends on each time step, by autograd."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, Self

import numpy as np
import torch
from sklearn.exceptions import NotFittedError
from torch import Tensor, nn

from ..modules import RecurrentNetwork
from ..training import WindowDataset, choose_threads, limit_threads
from ..windows import Windows
from ._display import (
    axes_or_new,
    check_matplotlib,
    check_recurrent,
    styled,
    unwrapped,
    unwrapped_with,
)

_CPU = torch.device("cpu")
_BATCH_SIZE = 256


def gradient_norms(
    estimator: Any, X: Any, y: Any = None
) -> tuple[np.ndarray, np.ndarray]:
    """Measure how the gradient of the output shrinks with the distance in time.

    Parameters
    ----------
    estimator : estimator instance
        A classifier or regressor of the RNN, GRU or LSTM family, or a pipeline or
        search that ends in one.
    X : array, DataFrame, list of arrays or Windows
        Sequences, as in ``predict``. A hundred are enough for a smooth curve.
    y : array-like, default=None
        Targets, if the estimator is not fitted: then the network is measured with the
        weights that ``fit`` starts from.

    Returns
    -------
    distances : ndarray of int, shape (n_timesteps,)
        From 0, the last step of a sequence, to the longest length less 1.
    norms : ndarray of float, shape (n_timesteps,)
        Mean, over the sequences that are long enough, of the Frobenius norm of
        ``d output / d x[last - distance]``, of shape (n_outputs, n_features).

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted and there is no ``y``.
    TypeError
        If the estimator is not a recurrent network.

    See Also
    --------
    GradientNormDisplay : Draws the norms of one or several networks.

    Notes
    -----
    In ``h[t] = f(h[t - 1], x[t])`` the gradient is a product of Jacobians, one for each
    step in between. It shrinks or grows exponentially with the distance unless the
    Jacobians stay near 1, which the gates of an LSTM or GRU can learn.

    A copy of the network is differentiated on the CPU in float64, so norms down to
    1e-150 differ from 0 and the estimator does not change. Outputs are raw, before a
    softmax or sigmoid. There is no dropout, and each sequence starts from a state of
    zeros, even with ``stateful=True``. Networks that read tokens are differentiated
    with respect to the embedded vectors. With ``normalize`` both outputs and inputs
    count in units of their standard deviations, after heavy tails were squashed by
    ``normalize="robust"``. Time grows with ``n_outputs``, because each has its own
    backward pass.

    References
    ----------
    .. [1] Y. Bengio, P. Simard, P. Frasconi, "Learning long-term dependencies with
       gradient descent is difficult", IEEE Transactions on Neural Networks 5(2), 1994.
       https://doi.org/10.1109/72.279181

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import RNNRegressor
    >>> from skrnn.inspection import gradient_norms
    >>> X = np.random.default_rng(0).normal(size=(20, 50, 1))
    >>> distances, norms = gradient_norms(RNNRegressor(random_state=0), X, X[:, 0, 0])
    >>> print(distances[[0, -1]], bool(norms[40] < 1e-6 * norms[0]))
    [ 0 49] True
    """
    estimator, X = unwrapped_with(estimator, X)
    check_recurrent(estimator, "gradient_norms")
    network = _network(estimator, X, y)
    windows = network._reader.read(network, X)
    with torch.inference_mode(False), torch.enable_grad():
        module = deepcopy(network.net_.module_).to(_CPU, torch.float64)
        module.eval().requires_grad_(False)
        module.output_normalization = None
        n_threads = choose_threads(network.n_threads, module, _BATCH_SIZE)
        total = np.zeros(int(windows.lengths.max()))
        with limit_threads(n_threads):
            for norms in _norms_by_batch(module, windows):
                total[: len(norms)] += norms
    distances = np.arange(len(total))
    n_long_enough = (windows.lengths[:, np.newaxis] > distances).sum(axis=0)
    return distances, total / n_long_enough


class GradientNormDisplay:
    """How far back in time the output of recurrent networks depends on their input.

    Use :meth:`from_estimator` to create one for one network, :meth:`from_estimators`
    for several.

    Parameters
    ----------
    norms : dict of str to array-like of shape (n_distances,)
        For each name, the norm of the gradient at distance 0, 1, 2, … from the last
        step, as :func:`gradient_norms` returns them.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    lines_ : dict of str to matplotlib Line2D
        The line of each network, by name.

    See Also
    --------
    gradient_norms : The numbers.
    GateDisplay : What the gates do on one sequence.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.inspection import GradientNormDisplay
    >>> display = GradientNormDisplay({"falls": 0.5 ** np.arange(4.0)}).plot()
    >>> print(display.lines_["falls"].get_ydata())
    [1.    0.5   0.25  0.125]
    """

    def __init__(self, norms: Mapping[str, Any]) -> None:
        self.norms = norms

    def plot(
        self,
        ax: Any = None,
        *,
        log_scale: bool = True,
        line_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Draw a line for each network.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.
        log_scale : bool, default=True
            Whether the axis of the norm is logarithmic; then norms of 0 are not drawn.
        line_kw : dict, default=None
            Keywords for matplotlib's ``plot``.
        """
        check_matplotlib(f"{type(self).__name__}.plot")
        if not isinstance(self.norms, Mapping) or not self.norms:
            raise ValueError(
                "norms should be a dict with the norms of at least one network, by "
                f'name: {{"LSTM": norms}}; got {self.norms!r}'
            )
        ax = axes_or_new(ax)
        self.lines_ = {}
        for name, norms in self.norms.items():
            style = styled(line_kw, "line", label=name)
            (self.lines_[name],) = ax.plot(np.arange(len(norms)), norms, **style)
        if log_scale:
            ax.set_yscale("log")
        ax.set(
            xlabel="distance from the last step",
            ylabel="norm of the gradient of the output",
        )
        ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        *,
        name: str | None = None,
        **plot_options: Any,
    ) -> Self:
        """Measure and draw one network.

        Parameters
        ----------
        estimator, X, y
            See :func:`gradient_norms`.
        name : str, default=None
            What the legend calls the network; None takes the name of its class.
        **plot_options
            See :meth:`plot`.
        """
        name = type(unwrapped(estimator)).__name__ if name is None else name
        return cls.from_estimators({name: estimator}, X, y, **plot_options)

    @classmethod
    def from_estimators(
        cls, estimators: Mapping[str, Any], X: Any, y: Any = None, **plot_options: Any
    ) -> Self:
        """Measure several networks on the same sequences, and draw them in one axes.

        Parameters
        ----------
        estimators : dict of str to estimator instance
            The networks by their names in the legend: ``{"RNN": rnn, "LSTM": lstm}``.
        X, y
            See :func:`gradient_norms`.
        **plot_options
            See :meth:`plot`.
        """
        check_matplotlib(f"{cls.__name__}.from_estimators")
        if not isinstance(estimators, dict):
            raise TypeError(
                "estimators must be a dict by the names that the legend shows, such as "
                f'{{"RNN": rnn, "LSTM": lstm}}, got {type(estimators).__name__}'
            )
        norms = {
            name: gradient_norms(estimator, X, y)[1]
            for name, estimator in estimators.items()
        }
        return cls(norms).plot(**plot_options)


def _network(estimator: Any, X: Any, y: Any) -> Any:
    """The estimator if it is fitted, else a clone with the weights ``fit`` starts from.

    The estimator must be able to check its parameters and samples, and to build the
    network of ``fit`` without training it.
    """
    if hasattr(estimator, "net_"):
        return estimator
    if y is None:
        raise NotFittedError(
            f"this {type(estimator).__name__} is not fitted, so it has no weights yet; "
            "call fit first, or pass the targets y as well to measure the network "
            "that fit would start from"
        )
    return estimator._untrained(X, y)


def _norms_by_batch(module: RecurrentNetwork, windows: Windows) -> Iterator[np.ndarray]:
    """The sum of the norms of each batch, (distance,)."""
    order = np.argsort(-windows.lengths, kind="stable")
    if windows.rows.dtype.kind == "f":
        windows = windows.with_rows(np.asarray(windows.rows, np.float64))
    data = WindowDataset(windows, device=_CPU).in_order(order)
    lengths = windows.lengths[order]
    for first in range(0, len(order), _BATCH_SIZE):
        part = slice(first, first + _BATCH_SIZE)
        by_step = _norms(module, data.gather(part))  # (batch, time)
        yield _newest_first(by_step, lengths[part]).sum(axis=0)


def _norms(module: RecurrentNetwork, inputs: dict[str, Any]) -> np.ndarray:
    """Norm of the Jacobian of the outputs by each step, (batch, time)."""
    outputs, read = _outputs_and_input(module, inputs)
    if module.architecture.return_sequences:  # (valid step, output)
        outputs = outputs[_last_steps(inputs)]  # (batch, output)
    squares = torch.zeros(read.shape[:2], dtype=torch.float64)
    for output in outputs.sum(dim=0):  # no sample depends on another
        (gradient,) = torch.autograd.grad(output, read, retain_graph=True)
        squares += gradient.square().sum(dim=2)  # (batch, time)
    return squares.sqrt().numpy()


def _outputs_and_input(
    module: RecurrentNetwork, inputs: dict[str, Any]
) -> tuple[Tensor, Tensor]:
    """The outputs of the network, and the input of its first layer (batch, time, _)."""
    first = module.embedding or module.input_normalization
    if first is None:
        inputs["x"].requires_grad_(True)
        return module(**inputs), inputs["x"]
    read = []

    def keep(layer: nn.Module, given: Any, output: Tensor) -> None:
        read.append(output.requires_grad_(True))

    handle = first.register_forward_hook(keep)
    outputs = module(**inputs)
    handle.remove()
    return outputs, read[0]


def _last_steps(inputs: dict[str, Any]) -> Tensor:
    """The index of the last step of each sequence among all valid ones, (batch,)."""
    n_samples, n_steps, _ = inputs["x"].shape
    lengths = inputs.get("lengths", torch.full((n_samples,), n_steps))
    return lengths.cumsum(0) - 1


def _newest_first(values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Valid steps from the last one back, zeros after them, (batch, distance)."""
    index = lengths[:, np.newaxis] - 1 - np.arange(values.shape[1])
    turned = np.take_along_axis(values, np.maximum(index, 0), axis=1)
    return np.where(index < 0, 0, turned)
