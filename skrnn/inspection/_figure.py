"""Axes to draw on, and the style of what is drawn."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def check_matplotlib(caller: str) -> None:
    """Raise a sentence if there is nothing to draw with."""
    try:
        import_module("matplotlib")
    except ImportError as error:
        raise ImportError(
            f"{caller} draws with matplotlib, which is not installed: "
            'pip install "skrnn[plots]", or pip install matplotlib'
        ) from error


def axes_or_new(ax: Any) -> Any:
    """The axes given, or those of a new figure."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(layout="constrained")[1]


def styled(given: dict[str, Any] | None, artist: str, **defaults: Any) -> Any:
    """Keywords for matplotlib; those of the user win, also under a short name.

    ``artist`` is "line", "band" or "image", whose short names ("lw", "c") are known.
    """
    from matplotlib import cbook, collections, image, lines

    kinds = {
        "line": lines.Line2D,
        "band": collections.PolyCollection,
        "image": image.AxesImage,
    }
    return {**defaults, **cbook.normalize_kwargs(given or {}, kinds[artist])}
