"""What the engine computes with a trained network."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np

from ..engine import CompiledNetwork, Samples
from ..modules import draws_masks, normalizations_of
from ._engine import CALL
from ._linear_path import with_path

_FIRST_PART = 1024  # samples of a prediction


def raw_outputs(net: Any, data: Any, order: np.ndarray | None) -> np.ndarray | None:
    """Raw outputs (n_samples, n_outputs) in an order, or None if torch has to compute.

    ``data`` is in its own order.
    """
    network = net.engine_.network_of(net.module_)
    if network is None or draws_masks(net.module_):
        return None
    samples = data.for_engine()
    if samples is None:
        return None
    outputs = _in_calls(network, samples, order)
    if getattr(net.module_, "path", None) is None:
        return outputs
    windows = data.windows if order is None else data.windows.take(order)
    return with_path(net.module_, windows, outputs)


def features(net: Any, data: Any, order: np.ndarray | None) -> np.ndarray | None:
    """What the output layer reads, (n_samples, read); else as :func:`raw_outputs`."""
    network = net.engine_.network_of(net.module_)
    samples = data.for_engine()
    if network is None or samples is None or draws_masks(net.module_):
        return None
    weights = [p.detach().numpy() for p in net.module_.parameters()]
    n_read = net.module_.head.in_features
    identity = np.eye(n_read, dtype=network.dtype), np.zeros(n_read, network.dtype)
    parts = normalizations_of(net.module_)
    parts.pop("outputs", None)
    description: Any = replace(network.description, n_outputs=n_read)
    reader = CompiledNetwork(description, [*weights[:-2], *identity], **parts)
    return _in_calls(reader, samples, order)


def _in_calls(
    network: CompiledNetwork, samples: Samples, order: np.ndarray | None
) -> np.ndarray:
    """Outputs in an order, by calls that Ctrl-C can interrupt."""
    n = samples.n_samples if order is None else len(order)
    if n <= _FIRST_PART:
        return network.predict(samples, order)
    places = np.arange(n) if order is None else order
    out = np.empty((n, network.description.n_outputs), network.dtype)
    first, size = 0, _FIRST_PART
    while first < n:
        part = slice(first, first + size)
        start = time.perf_counter()
        out[part] = network.predict(samples, places[part])
        seconds = time.perf_counter() - start
        first += size
        size = max(_FIRST_PART, int(size * min(CALL / max(seconds, 1e-9), 100)))
    return out
