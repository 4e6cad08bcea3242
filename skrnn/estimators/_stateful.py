"""Checks of a network that carries its state from sample to sample."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from .._warnings import warn
from ..training import processes_of
from ..windows import (
    Windows,
    has_time,
    instances_of,
    is_panel,
    overlap,
    series_of,
)
from ._architecture import parts_of


def check_stateful(estimator: Any) -> None:
    """Raise if parameters of the training exclude ``stateful=True``."""
    parts = SimpleNamespace(**parts_of(estimator))
    check_causal(parts, "stateful=True carries the state from sample to sample")
    if list(np.atleast_1d(parts.pooling)) != ["last"]:
        raise ValueError(
            f"pooling={parts.pooling!r} reads all steps of a sample, but "
            "stateful=True passes only the state after the last one to the next "
            'sample; set pooling="last"'
        )
    if parts.conv_filters is not None and parts.conv_pooling is not None:
        raise ValueError(
            f"conv_pooling={parts.conv_pooling!r} reads all steps of a sample, but "
            "stateful=True passes only the state after the last one to the next "
            "sample; set conv_pooling=None"
        )
    if estimator.shuffle:
        raise ValueError(
            "stateful=True reads the samples in their order, as pieces of one series, "
            "but shuffle=True changes the order; set shuffle=False"
        )
    if estimator.solver == "lbfgs":
        raise ValueError(
            'solver="lbfgs" takes all samples at once, but stateful=True reads them '
            'one after the other; use another solver, such as "adam"'
        )
    if estimator.early_stopping and estimator.validation_split == "random":
        raise ValueError(
            'validation_split="random" takes pieces out of the series, but '
            'stateful=True needs it as a whole; set validation_split="last"'
        )
    if processes_of(estimator.device).count > 1:
        raise ValueError(
            "stateful=True does not work with several processes of "
            'device="accelerate", which share each batch; launch one process'
        )


def check_causal(parts: Any, what: str) -> None:
    """Raise if a network reads ahead of the newest row, or several rows at once.

    Parameters
    ----------
    parts : BaseRecurrent or Architecture
        The parts of the network.
    what : str
        What requires an output for each row: the beginning of the error.
    """
    if parts.bidirectional:
        raise ValueError(
            f"{what}, which bidirectional=True does not allow: the second direction "
            "begins at the end of the series; set bidirectional=False"
        )
    if parts.conv_filters is not None and parts.conv_padding != "causal":
        raise ValueError(
            f"{what}, which conv_padding={parts.conv_padding!r} does not allow: "
            'such a convolution reads later steps; set conv_padding="causal"'
        )
    strides = np.atleast_1d(parts.conv_strides).tolist()
    if parts.conv_filters is not None and not {1, "auto"}.issuperset(strides):
        raise ValueError(
            f"{what}, which conv_strides={parts.conv_strides!r} does not allow: such a "
            "convolution makes one step of several rows; set conv_strides=1"
        )
    if parts.conv_filters is not None and parts.conv_pool_size not in (1, "auto"):
        raise ValueError(
            f"{what}, which conv_pool_size={parts.conv_pool_size} does not allow: it "
            "makes one step of several rows; set conv_pool_size=1"
        )


def check_one_series(X: Any) -> None:
    """Raise if X is a panel of several series, or a table not in order of time."""
    if has_time(X) and not is_panel(X):
        series_of(X, len(X))
    elif is_panel(X) and len(instances_of(X)) > 1:
        raise ValueError(
            "X has an (instance, time) MultiIndex with several instances, but "
            "stateful=True reads one series; call fit with the first instance and "
            "partial_fit with each of the others, or set stateful=False"
        )


def warn_of_rows(X: Any) -> None:
    """Warn if the pieces look like the rows of a series."""
    columns = getattr(X, "columns", [])
    if (
        len(columns) > 1
        and not is_panel(X)
        and all(isinstance(c, str) for c in columns)
    ):
        warn(
            f"X is a table whose columns {list(columns)[:3]} have names, but "
            "stateful=True reads each row as a piece of the series with one feature, "
            "whose time steps are the columns. If the rows are the time steps, cut "
            "the table into pieces of T rows: X.to_numpy()[: n * T].reshape(n, T, -1)",
        )


def warn_of_sliding(windows: Windows) -> None:
    """Warn if the pieces of a series look like sliding windows.

    It is not an error, because a series that repeats itself looks like this, too.
    """
    if overlap(windows):
        warn(
            "most samples begin with rows of the one before, as sliding windows do, "
            "but stateful=True reads them as consecutive pieces of one series, and so "
            "the same rows several times; cut the series with "
            "rows[: n * T].reshape(n, T, -1), or set stateful=False",
        )
