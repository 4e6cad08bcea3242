"""Checks of a network that carries its state from sample to sample."""

from __future__ import annotations

from typing import Any

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


def check_stateful(estimator: Any) -> None:
    """Raise if parameters of a training do not go together with ``stateful=True``."""
    check_causal(estimator, "stateful=True carries the state from sample to sample")
    if estimator.pooling != "last":
        raise ValueError(
            f"pooling={estimator.pooling!r} reads all steps of a sample, but "
            "stateful=True continues from the last one to the next sample; set "
            'pooling="last"'
        )
    if estimator.shuffle:
        raise ValueError(
            "stateful=True reads the samples in their order, as pieces of one series, "
            "and shuffle=True draws another; set shuffle=False"
        )
    if estimator.solver == "lbfgs":
        raise ValueError(
            'solver="lbfgs" takes all samples at once, and stateful=True one after the '
            'other; take another solver, such as "adam"'
        )
    if estimator.early_stopping and estimator.validation_split == "random":
        raise ValueError(
            'validation_split="random" takes pieces out of the series that '
            'stateful=True reads as a whole; set validation_split="last"'
        )
    if processes_of(estimator.device).count > 1:
        raise ValueError(
            "stateful=True does not work with several processes of "
            'device="accelerate", which share each batch; launch one process'
        )


def check_causal(parts: Any, what: str) -> None:
    """Raise if a network reads ahead of the newest row.

    Parameters
    ----------
    parts : BaseRecurrent or Architecture
        What the network is made of.
    what : str
        What such a network cannot do, the beginning of a sentence.
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


def check_one_series(X: Any) -> None:
    """Raise if X is a panel of several series, or a table not in order of time."""
    if has_time(X) and not is_panel(X):
        series_of(X, len(X))
    elif is_panel(X) and len(instances_of(X)) > 1:
        raise ValueError(
            "X has an (instance, time) MultiIndex with several instances, and "
            "stateful=True reads one series: call fit with the first instance and "
            "partial_fit with each of the others, or set stateful=False"
        )


def warn_of_rows(X: Any) -> None:
    """Warn if what is read as pieces looks like the rows of a series."""
    columns = getattr(X, "columns", [])
    if (
        len(columns) > 1
        and not is_panel(X)
        and all(isinstance(c, str) for c in columns)
    ):
        warn(
            f"X is a table whose columns {list(columns)[:3]} have names; stateful=True "
            "reads each of its rows as a piece of one feature, the columns being time "
            "steps. If its rows are those of the series, cut it into pieces of T rows: "
            "X.to_numpy()[: n * T].reshape(n, T, -1)",
        )


def warn_of_sliding(windows: Windows) -> None:
    """Warn if samples that are to be pieces of a series look like sliding windows.

    It is not an error, because a series that repeats itself looks like this, too.
    """
    if overlap(windows):
        warn(
            "most samples begin with rows of the one before, as sliding windows do; "
            "stateful=True reads them as consecutive pieces of one series, so that "
            "rows come several times: cut the series with "
            "rows[: n * T].reshape(n, T, -1), or set stateful=False",
        )
