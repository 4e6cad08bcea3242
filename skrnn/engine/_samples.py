"""Samples and batches, as the library reads them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._structures import BatchesStructure, Pointer, SamplesStructure

_MANY = 2**62  # more samples than there can be


class Samples:
    """Windows into shared rows with their targets, as the library reads them.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_features)
    starts : ndarray of int64, shape (n_samples,)
    lengths : ndarray of int64, shape (n_samples,)
    center, scale : ndarray of shape (n_samples, n_moved), default=None
        The first columns of each window, and of its targets, are moved by its center
        and divided by its scale.
    targets : ndarray of shape (n_target_rows, n_columns), default=None
    target_starts : ndarray of int64, shape (n_samples,), default=None
        First row of the targets of each sample; None if there is one row for each.
    n_target_steps, n_target_columns : int, default=1
        Rows of targets of a sample, and the columns of them that count.
    weights : ndarray of shape (n_samples,), default=None

    Raises
    ------
    ValueError
        If an array has another shape or dtype, or a window lies outside of the rows.
    """

    def __init__(
        self,
        rows: np.ndarray,
        starts: np.ndarray,
        lengths: np.ndarray,
        *,
        center: np.ndarray | None = None,
        scale: np.ndarray | None = None,
        targets: np.ndarray | None = None,
        target_starts: np.ndarray | None = None,
        n_target_steps: int = 1,
        n_target_columns: int | None = None,
        weights: np.ndarray | None = None,
    ) -> None:
        n, dtype = len(starts), rows.dtype
        self.n_samples, self.dtype = n, dtype
        self.n_features = rows.shape[1]
        self.n_targets = 0
        self.lengths = lengths
        self.n_steps = int(lengths.max(initial=1))
        is_uniform = bool((lengths == self.n_steps).all())
        _check_windows("window", starts, lengths, len(rows))
        fields: dict[str, Any] = {}
        if (center is None) != (scale is None):
            raise ValueError("center and scale are given together, or neither is")
        if center is not None and scale is not None:
            shape = (n, center.shape[1])
            fields["center"] = Pointer(center, dtype, shape)
            fields["scale"] = Pointer(scale, dtype, shape)
            fields["n_moved"] = shape[1]
            if shape[1] > self.n_features:
                raise ValueError("more columns are moved than there are")
        if targets is not None:
            width = targets.shape[1]
            fields["targets"] = Pointer(targets, dtype, (len(targets), width))
            fields["target_width"] = width
            fields["n_target_steps"] = n_target_steps
            n_columns = n_target_columns or width
            fields["n_target_columns"] = n_columns
            if not 0 < n_columns <= width:
                raise ValueError(f"targets have {width} columns, not {n_columns}")
            self.n_targets = n_target_steps * n_columns
            places = np.arange(n) if target_starts is None else target_starts
            _check_windows("target", places, n_target_steps, len(targets))
            if target_starts is not None:
                fields["target_starts"] = Pointer(target_starts, np.int64, (n,))
        if weights is not None:
            fields["weights"] = Pointer(weights, dtype, (n,))
        each_length = Pointer(lengths, np.int64, (n,))
        if not is_uniform:
            fields["lengths"] = each_length
        self.structure = SamplesStructure(
            rows=Pointer(rows, dtype, rows.shape),
            n_features=rows.shape[1],
            starts=Pointer(starts, np.int64, (n,)),
            n_steps=self.n_steps,
            **fields,
        )


class Batches:
    """Consecutive batches of an order of the samples.

    Parameters
    ----------
    order : ndarray of int64, shape (n_samples,), or None
        None if the samples are in order.
    firsts, sizes : ndarray of int64, shape (n_batches,)
        Place of the first sample in the order, and number of samples.
    totals : ndarray of float64, shape (n_batches,)
        What the summed losses of each batch are divided by.
    rates : ndarray of float64, shape (n_batches,)
        Learning rates.

    Attributes
    ----------
    losses : ndarray of float64, shape (n_batches,)
        Those of the batches that were trained on.

    Raises
    ------
    ValueError
        If a batch lies outside of the order, or an array has another dtype or shape.
    """

    def __init__(
        self,
        order: np.ndarray | None,
        firsts: np.ndarray,
        sizes: np.ndarray,
        totals: np.ndarray,
        rates: np.ndarray,
    ) -> None:
        n = len(sizes)
        self.sizes = sizes
        self.rates = rates
        self.losses = np.empty(n)
        self.most = int(sizes.max(initial=0))
        _check_windows("batch", firsts, sizes, _MANY if order is None else len(order))
        self.order = None if order is None else Pointer(order, np.int64, (len(order),))
        last = int((firsts + sizes).max(initial=0)) - 1  # sample
        if order is not None:
            last = int(order.max(initial=-1))
            if order.min(initial=0) < 0:
                raise ValueError(f"the order names sample {order.min()}")
        self.last = last
        self._lists = {
            "firsts": Pointer(firsts, np.int64, (n,)),
            "sizes": Pointer(sizes, np.int64, (n,)),
            "totals": Pointer(totals, np.float64, (n,)),
            "rates": Pointer(rates, np.float64, (n,)),
            "losses": Pointer(self.losses, np.float64, (n,)),
        }

    def __len__(self) -> int:
        return len(self.sizes)

    def check(self, n_samples: int) -> None:
        """Raise if there are fewer samples than the batches name."""
        if self.last >= n_samples:
            raise ValueError(
                f"the order names sample {self.last}, but there are {n_samples}"
            )

    def structure(self, first: int, n: int) -> BatchesStructure:
        """The structure of ``n`` of the batches."""
        if not 0 <= first <= first + n <= len(self):
            raise ValueError(f"there are {len(self)} batches, not {first} + {n}")
        addresses = {name: one.address + 8 * first for name, one in self._lists.items()}
        order = None if self.order is None else self.order.address
        return BatchesStructure(n=n, order=order, **addresses)


def _check_windows(
    name: str, starts: np.ndarray, lengths: np.ndarray | int, n_rows: int
) -> None:
    """Raise if a window lies outside of the rows."""
    if not len(starts):
        return
    ends_outside = starts > n_rows - np.asarray(lengths)  # a sum might overflow
    if starts.min() < 0 or np.min(lengths) < 1 or ends_outside.any():
        raise ValueError(f"a {name} lies outside of the {n_rows} rows")
