"""Loss and validation score by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from ._display import axes_or_new, check_fitted, check_matplotlib, styled, unwrapped

_SCORE_AXES = "validation score"  # label by which a second display finds them


class LossCurveDisplay:
    """Training loss and validation score of each epoch.

    Use :meth:`from_estimator` or :meth:`from_curves` to create one. All parameters are
    kept as attributes.

    Parameters
    ----------
    loss_curve : array-like of shape (n_epochs,)
        Training loss after each epoch.
    validation_scores : array-like of shape (n_scores,), default=None
        Score on held-out data after each epoch; larger is better. If there are fewer
        scores than losses, they belong to the last epochs.
    best_epoch : int, default=None
        The epoch, counted from 1, whose weights were kept.
    name : str, default=None
        What the legend calls the estimator.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the loss.
    score_ax_ : matplotlib Axes or None
        The axes of the score, on the right.
    figure_ : matplotlib Figure
    loss_line_ : matplotlib Line2D
    score_line_ : matplotlib Line2D or None
    best_line_ : matplotlib Line2D or None
        The vertical line at ``best_epoch``.

    See Also
    --------
    GradientNormDisplay : How far back in time a network learns from.

    Examples
    --------
    >>> from skrnn.inspection import LossCurveDisplay
    >>> display = LossCurveDisplay.from_curves([1.0, 0.5, 0.4], [0.2, 0.6, 0.5])
    >>> print(display.loss_line_.get_ydata(), display.best_epoch)
    [1.  0.5 0.4] None
    """

    def __init__(
        self,
        loss_curve: Any,
        *,
        validation_scores: Any = None,
        best_epoch: int | None = None,
        name: str | None = None,
    ) -> None:
        self.loss_curve = loss_curve
        self.validation_scores = validation_scores
        self.best_epoch = best_epoch
        self.name = name

    def plot(
        self,
        ax: Any = None,
        *,
        log_scale: bool = False,
        loss_kw: dict[str, Any] | None = None,
        score_kw: dict[str, Any] | None = None,
        best_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure. Several displays may share one.
        log_scale : bool, default=False
            Whether the axis of the loss is logarithmic.
        loss_kw, score_kw, best_kw : dict, default=None
            Keywords for matplotlib's ``plot`` of the loss and of the score, and for
            ``axvline`` of the best epoch.

        Raises
        ------
        ValueError
            If a curve does not hold numbers, ``log_scale`` is set and a loss is 0 or
            less, or ``best_epoch`` is not one of the epochs.
        """
        check_matplotlib(f"{type(self).__name__}.plot")
        losses = _curve(self.loss_curve, "loss_curve")
        self._check(losses, log_scale)
        ax = axes_or_new(ax)
        prefix = "" if self.name is None else f"{self.name}: "
        style = styled(loss_kw, "line", label=f"{prefix}training loss")
        epochs = np.arange(1, len(losses) + 1)
        (self.loss_line_,) = ax.plot(epochs, losses, **style)
        ax.set(xlabel="epoch", ylabel="training loss")
        if log_scale:
            ax.set_yscale("log")
        ax.xaxis.get_major_locator().set_params(integer=True)
        color = self.loss_line_.get_color()
        self._plot_scores(ax, epochs, prefix, color, score_kw)
        self.best_line_ = None
        if self.best_epoch is not None:
            label = f"{prefix}best score, epoch {self.best_epoch}"
            style = styled(best_kw, "line", color=color, linestyle=":", label=label)
            self.best_line_ = ax.axvline(self.best_epoch, **style)
        self._add_legend(ax)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _check(self, losses: np.ndarray, log_scale: bool) -> None:
        if log_scale and losses.min() <= 0:
            raise ValueError(
                "log_scale=True needs losses above 0, but the smallest is "
                f"{losses.min():g}; use log_scale=False"
            )
        if self.best_epoch is not None and not 1 <= self.best_epoch <= len(losses):
            raise ValueError(
                f"best_epoch={self.best_epoch} must be one of the epochs, counted from "
                f"1 to {len(losses)}"
            )
        if self.validation_scores is not None:
            scores = _curve(self.validation_scores, "validation_scores")
            if len(scores) > len(losses):
                raise ValueError(
                    f"there are {len(scores)} validation_scores for {len(losses)} "
                    "epochs of loss_curve; expected at most one per epoch"
                )

    def _plot_scores(
        self, ax: Any, epochs: np.ndarray, prefix: str, color: Any, given: Any
    ) -> None:
        self.score_ax_ = self.score_line_ = None
        if self.validation_scores is None:
            return
        scores = _curve(self.validation_scores, "validation_scores")
        label = f"{prefix}{_SCORE_AXES}"
        style = styled(given, "line", color=color, linestyle="--", label=label)
        self.score_ax_ = _score_axes(ax)
        if self.score_ax_ is None:
            self.score_ax_ = ax.twinx()
            self.score_ax_.set(label=_SCORE_AXES, ylabel=_SCORE_AXES)
        epochs = epochs[len(epochs) - len(scores) :]
        (self.score_line_,) = self.score_ax_.plot(epochs, scores, **style)

    def _add_legend(self, ax: Any) -> None:
        """Draw one legend for both axes, on the last one, so that no line covers it."""
        twin = _score_axes(ax)
        both = [ax] if twin is None else [ax, twin]
        handles = [line for axes in both for line in axes.get_lines()]
        handles = [line for line in handles if not line.get_label().startswith("_")]
        for axes in both[:-1]:
            if axes.get_legend() is not None:  # of a display without scores
                axes.get_legend().remove()
        both[-1].legend(handles=handles, fontsize="small", loc="center right")

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, name: str | None = None, **plot_options: Any
    ) -> Self:
        """Draw how a fitted estimator was trained.

        Parameters
        ----------
        estimator : estimator instance
            Any fitted estimator with ``loss_curve_``: our networks and forecasters,
            scikit-learn's multi-layer perceptrons, pipelines and searches around them.
        name : str, default=None
            What the legend calls the estimator.
        **plot_options
            See :meth:`plot`.

        Returns
        -------
        display : LossCurveDisplay
            It marks the epoch whose weights early stopping kept.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        ValueError
            If the fit recorded no curve.
        """
        check_matplotlib(f"{cls.__name__}.from_estimator")
        check_fitted(estimator, f"{cls.__name__}.from_estimator")
        network = unwrapped(estimator)
        losses = getattr(network, "loss_curve_", None)
        if losses is None or len(losses) == 0:
            raise ValueError(
                f"{type(network).__name__} has no curve to draw: loss_curve_, the loss "
                'of each epoch, is missing or empty, as after solver="lbfgs" in '
                "scikit-learn, or in a forecaster with fine_tune=False"
            )
        scores = getattr(network, "validation_scores_", None)
        scores = None if scores is None or len(scores) == 0 else scores
        display = cls(
            losses,
            validation_scores=scores,
            best_epoch=_best_epoch(network, len(losses), scores),
            name=name,
        )
        return display.plot(**plot_options)

    @classmethod
    def from_curves(
        cls,
        loss_curve: Any,
        validation_scores: Any = None,
        *,
        best_epoch: int | None = None,
        name: str | None = None,
        **plot_options: Any,
    ) -> Self:
        """Draw given curves.

        Parameters
        ----------
        loss_curve, validation_scores, best_epoch, name
            See :class:`LossCurveDisplay`.
        **plot_options
            See :meth:`plot`.
        """
        check_matplotlib(f"{cls.__name__}.from_curves")
        display = cls(
            loss_curve,
            validation_scores=validation_scores,
            best_epoch=best_epoch,
            name=name,
        )
        return display.plot(**plot_options)


def _curve(values: Any, name: str) -> np.ndarray:
    try:
        curve = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        curve = np.empty((0, 0))
    if curve.ndim != 1 or len(curve) == 0:
        raise ValueError(f"{name} should hold one number for each epoch, got {values}")
    return curve


def _best_epoch(network: Any, n_epochs: int, scores: Sequence | None) -> int | None:
    """The epoch whose weights early stopping kept, the first of equals."""
    if scores is None or not getattr(network, "early_stopping", False):
        return None
    # our fits start again; with warm_start, scikit-learn's continue
    n_last = network.n_iter_ if hasattr(network, "net_") else len(scores)
    n_last = min(n_last, len(scores))
    return n_epochs - n_last + 1 + int(np.argmax(scores[-n_last:]))


def _score_axes(ax: Any) -> Any:
    """The axes on the right, if an earlier display has made them."""
    for other in ax.get_shared_x_axes().get_siblings(ax):
        if other is not ax and other.get_label() == _SCORE_AXES:
            return other
    return None
