"""The gradient against the distance in time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from ._figure import axes_or_new, check_matplotlib, styled
from ._fitted import unwrapped
from ._gradients import gradient_norms


class GradientNormDisplay:
    """How far back in time the output of recurrent networks depends on their input.

    Made by :meth:`from_estimator` for one network, by :meth:`from_estimators` for
    several beside each other.

    Parameters
    ----------
    norms : dict of str to array-like of shape (n_distances,)
        By name, the norm of the gradient at distance 0, 1, 2, … from the last step, as
        :func:`gradient_norms` returns them.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    lines_ : dict of str to matplotlib Line2D
        By name.

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
            Whether the axis of the norm is logarithmic, which leaves out norms of 0.
        line_kw : dict, default=None
            Keywords for matplotlib's ``plot``.

        Returns
        -------
        self : GradientNormDisplay

        Raises
        ------
        ValueError
            If ``norms`` names no network.
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
        ax: Any = None,
        log_scale: bool = True,
        line_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Measure and draw one network.

        Parameters
        ----------
        estimator, X, y
            See :func:`gradient_norms`.
        name : str, default=None
            What the legend calls the network; None takes the name of its class.
        ax, log_scale, line_kw
            See :meth:`plot`.

        Returns
        -------
        display : GradientNormDisplay
        """
        name = type(unwrapped(estimator)).__name__ if name is None else name
        return cls.from_estimators(
            {name: estimator}, X, y, ax=ax, log_scale=log_scale, line_kw=line_kw
        )

    @classmethod
    def from_estimators(
        cls,
        estimators: Mapping[str, Any],
        X: Any,
        y: Any = None,
        *,
        ax: Any = None,
        log_scale: bool = True,
        line_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Measure several networks on the same sequences, and draw them in one axes.

        Parameters
        ----------
        estimators : dict of str to estimator instance
            By the name that the legend shows: ``{"RNN": rnn, "LSTM": lstm}``.
        X, y
            See :func:`gradient_norms`.
        ax, log_scale, line_kw
            See :meth:`plot`.

        Returns
        -------
        display : GradientNormDisplay

        Raises
        ------
        TypeError
            If ``estimators`` is no dict.
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
        return cls(norms).plot(ax, log_scale=log_scale, line_kw=line_kw)
