"""Gates and states of a recurrent layer over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from sklearn.utils import check_scalar

from ._display import (
    check_fitted,
    check_matplotlib,
    check_recurrent,
    styled,
    unwrapped_with,
)

_GATES = ("input", "forget", "output", "reset", "update")  # from 0 to 1
_BACKWARD = "_backward"


class GateDisplay:
    """What each unit of a recurrent layer does at each step of one sequence.

    Draws one heat map (unit, time) for each gate and state, below the sequence. Use
    :meth:`from_estimator` or :meth:`from_activations` to create one.

    Parameters
    ----------
    activations : dict of str to ndarray of shape (n_timesteps, n_units)
        Gates and states by name. Gates ("input", "forget", "output" of an LSTM, "reset"
        and "update" of a GRU) are drawn from 0, closed, to 1, open. Everything else
        ("candidate", "cell", "hidden") is drawn in two colours around 0, on a
        logarithmic scale beyond 1. Names that end in "_backward" belong to the
        direction that reads from the end.
    series : ndarray of shape (n_timesteps, n_features), default=None
        The sequence, drawn on top.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        The axes from top to bottom; the first holds the sequence, if there is one.
    figure_ : matplotlib Figure
    images_ : dict of str to matplotlib AxesImage
        The heat maps, by the names of ``activations``.
    lines_ : list of matplotlib Line2D
        One for each feature of the sequence.

    See Also
    --------
    GradientNormDisplay : How far back in time a network learns from.

    Notes
    -----
    A forget gate near 1 keeps the cell as it is, an input gate near 0 keeps new values
    out: a unit that remembers shows both. In a GRU an update gate near 1 keeps the
    state, as in torch.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.inspection import GateDisplay
    >>> open_late = np.linspace(0, 1, 24).reshape(1, 8, 3)  # (sample, time, unit)
    >>> display = GateDisplay.from_activations({"forget": open_late})
    >>> print(display.images_["forget"].get_array().shape)
    (3, 8)
    """

    def __init__(
        self, activations: Mapping[str, np.ndarray], *, series: Any = None
    ) -> None:
        self.activations = activations
        self.series = series

    def plot(
        self,
        ax: Any = None,
        *,
        line_kw: dict[str, Any] | None = None,
        image_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Draw the sequence and the heat maps below each other.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of Axes, default=None
            A single axes is replaced by a column of axes. Several axes must be one for
            the sequence and one for each heat map. None makes a new figure.
        line_kw : dict, default=None
            Keywords for matplotlib's ``plot`` of the sequence.
        image_kw : dict, default=None
            Keywords for matplotlib's ``imshow``.

        Raises
        ------
        ValueError
            If the number of axes is wrong, or the shapes do not fit together.
        """
        check_matplotlib(f"{type(self).__name__}.plot")
        panels = {name: np.asarray(a) for name, a in self.activations.items()}
        series = None if self.series is None else _as_columns(self.series)
        _check_shapes(panels, series)
        self.axes_ = _column_of_axes(ax, len(panels) + (series is not None))
        self.figure_ = self.axes_[0].figure
        self.lines_ = []
        below = self.axes_
        if series is not None:
            top, below = self.axes_[0], self.axes_[1:]
            self.lines_ = top.plot(series, **styled(line_kw, "line", linewidth=1))
            top.set(ylabel="sequence")
            top.tick_params(labelbottom=False)
        self.images_ = {}
        for axes, (name, values) in zip(below, panels.items(), strict=True):
            self.images_[name] = _draw_map(axes, name, values, image_kw)
            axes.tick_params(labelbottom=axes is below[-1])
        below[-1].set(xlabel="time step")
        return self

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        sample: int = 0,
        layer: int = -1,
        **plot_options: Any,
    ) -> Self:
        """Draw what a fitted network does with one sequence of X.

        Parameters
        ----------
        estimator : estimator instance
            A fitted classifier or regressor of the RNN, GRU or LSTM family, or a
            pipeline or search that ends in one.
        X : array, DataFrame, list of arrays or Windows
            Sequences, as in ``predict``.
        sample : int, default=0
            Index of the sequence to draw; negative counts from the end.
        layer : int, default=-1
            Index of the stacked layer; -1 is the one before the output.
        **plot_options
            See :meth:`plot`.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        TypeError
            If the estimator is not a recurrent network.
        ValueError
            If there is no such sample or layer.
        """
        caller = f"{cls.__name__}.from_estimator"
        check_matplotlib(caller)
        check_fitted(estimator, caller)
        network, X = unwrapped_with(estimator, X)
        check_recurrent(network, caller)
        windows = network._reader.read(network, X)
        place = _place(sample, len(windows))
        # a stateful network needs the samples before for its state
        first = 0 if network._reader.is_stateful else place
        read = windows[np.arange(first, place + 1)]
        activations = network.gate_activations(read, layer=layer)
        n_steps = max(values.shape[1] for values in activations.values())
        stride = network.net_.module_.architecture.stride  # rows of a step
        series = windows[place]
        ends = np.arange(stride, len(series) + stride, stride).clip(max=len(series))
        series = series[ends[-n_steps:] - 1]  # convolutions may drop the first steps
        return cls.from_activations(
            activations, sample=-1, series=series, **plot_options
        )

    @classmethod
    def from_activations(
        cls,
        activations: Mapping[str, Any],
        *,
        sample: int = 0,
        series: Any = None,
        **plot_options: Any,
    ) -> Self:
        """Draw given activations.

        Parameters
        ----------
        activations : dict of str to array of shape (n_samples, n_timesteps, n_units)
            The activations that ``gate_activations`` of a recurrent estimator returns;
            steps after the end of a shorter sequence are NaN.
        sample : int, default=0
            Index of the sequence to draw; negative counts from the end.
        series : array-like of shape (n_timesteps,) or (n_timesteps, n_features), \
                default=None
            The sequence, to draw above the heat maps.
        **plot_options
            See :meth:`plot`.

        Raises
        ------
        ValueError
            If there is no such sample, or the shapes do not fit together.
        """
        check_matplotlib(f"{cls.__name__}.from_activations")
        chosen = {
            name: _steps_of(name, np.asarray(values), sample)
            for name, values in activations.items()
        }
        display = cls(chosen, series=None if series is None else _as_columns(series))
        return display.plot(**plot_options)


def _place(sample: int, n_samples: int) -> int:
    check_scalar(sample, "sample", (int, np.integer))
    if not -n_samples <= sample < n_samples:
        raise ValueError(
            f"sample={sample}, but there are {n_samples} sequences, counted from 0"
        )
    return int(sample) % n_samples


def _steps_of(name: str, values: np.ndarray, sample: int) -> np.ndarray:
    """The valid steps of one sequence, (time, unit)."""
    if values.ndim != 3:
        raise ValueError(
            f"activations[{name!r}] should have the shape (n_samples, n_timesteps, "
            f"n_units), got {values.shape}"
        )
    steps = values[_place(sample, len(values))]
    is_valid = ~np.isnan(steps).all(axis=1)
    return steps[: int(is_valid.sum())]


def _as_columns(series: Any) -> np.ndarray:
    values = np.asarray(series)
    return values[:, np.newaxis] if values.ndim == 1 else values


def _check_shapes(panels: Mapping[str, np.ndarray], series: Any) -> None:
    if not panels:
        raise ValueError("activations is empty; expected at least one gate or state")
    lengths = {f"activations[{name!r}]": len(a) for name, a in panels.items()}
    if series is not None:
        lengths["series"] = len(series)
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(f"all should have the same number of time steps, got {told}")


def _column_of_axes(ax: Any, n_axes: int) -> np.ndarray:
    """Axes below each other: new ones, some in the place of one, or those given."""
    if ax is None:
        import matplotlib.pyplot as plt

        figure = plt.figure(figsize=(8, 1 + 1.4 * n_axes), layout="constrained")
        return figure.subplots(n_axes, 1, sharex=True, squeeze=False)[:, 0]
    if not hasattr(ax, "get_subplotspec"):
        given = np.asarray(ax, dtype=object).ravel()
        if len(given) != n_axes:
            raise ValueError(
                f"ax holds {len(given)} axes, but {n_axes} are needed: one for the "
                "sequence, if there is one, and one for each gate and state"
            )
        return given
    place = ax.get_subplotspec()
    if place is None:
        raise ValueError(
            "ax is not in a grid, so it cannot be divided; make it with plt.subplots, "
            f"or pass an array of {n_axes} axes"
        )
    figure, grid = ax.figure, place.subgridspec(n_axes, 1)
    ax.set_axis_off()
    first = figure.add_subplot(grid[0])
    rest = [figure.add_subplot(grid[i], sharex=first) for i in range(1, n_axes)]
    return np.array([first, *rest], dtype=object)


def _draw_map(axes: Any, name: str, values: np.ndarray, given: Any) -> Any:
    from matplotlib.colors import Normalize, SymLogNorm

    kind = name.removesuffix(_BACKWARD)
    limit = max(1.0, float(np.abs(values).max(initial=0)))
    if kind in _GATES:
        colours = {"cmap": "viridis", "norm": Normalize(0, 1)}
    elif limit == 1:
        colours = {"cmap": "RdBu_r", "norm": Normalize(-1, 1)}
    else:  # large cell states would make the others pale
        colours = {"cmap": "RdBu_r", "norm": SymLogNorm(1, vmin=-limit, vmax=limit)}
    if given and {"vmin", "vmax"} & set(given):
        del colours["norm"]
    style = {"aspect": "auto", "interpolation": "nearest", "origin": "lower"}
    image = axes.imshow(values.T, **styled(given, "image", **style, **colours))
    title = kind + (" gate" if kind in _GATES else "")
    title += "\nbackward" if name.endswith(_BACKWARD) else ""
    axes.set(ylabel=title)
    axes.yaxis.get_major_locator().set_params(integer=True)
    beside = axes.inset_axes((1.01, 0, 0.015, 1))  # keeps the width of the axes
    axes.figure.colorbar(image, cax=beside)
    return image
