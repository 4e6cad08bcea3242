"""Networks that follow one series: through the engine, or through torch."""

from __future__ import annotations

import struct
from collections.abc import Callable
from itertools import chain
from typing import Any

import numpy as np
import torch

from ..engine import (
    CompiledStream,
    NotFiniteError,
    RecurrentDescription,
    StreamState,
    is_causal,
    library,
)
from ..modules import (
    LogLoss,
    NetworkState,
    PointLoss,
    draws_masks,
    is_as_built,
    normalizations_of,
    stream_description_of,
)
from ..windows import WindowArrays, squashed
from ._datasets import to_tensor
from ._engine import fits
from ._linear_path import figures_of, parts_of, squash_figures_of
from ._net import DeviceNet
from ._threads import choose_threads, limit_threads

_LARGEST_PART = 2**13  # rows at once
_NUMBERS = {float, int, np.float32, np.float64}

Read = tuple[np.ndarray, Any]  # predictions (n_rows, n_outputs), and a state


def follower_of(net: DeviceNet, n_threads: int | str) -> Follower:
    """What follows a series with the network of a net, from now on.

    The engine if it can run the network, with copies of the weights, on one thread;
    else torch.
    """
    follower = _follower_of_layers(net, n_threads)
    return follower if _path_of(net) is None else PathFollower(net, follower)


def _path_of(net: DeviceNet) -> Any:
    return getattr(net.module_, "path", None)


def _follower_of_layers(
    net: DeviceNet, n_threads: int | str
) -> TorchFollower | CompiledFollower:
    description = _description(net)
    if description is not None:
        return CompiledFollower(net, description)
    if n_threads == "auto" and not net.module_.is_worth_sharing(1):
        n_threads = 1  # resolved once: it takes longer than a small step
    return TorchFollower(net, n_threads)


def _description(net: DeviceNet) -> RecurrentDescription | None:
    """The description of the network, if the engine can follow a series with it."""
    parameters = list(net.module_.parameters())
    dtype = str(parameters[0].dtype).removeprefix("torch.")
    if parameters[0].device.type != "cpu" or library(dtype) is None:
        return None
    if not is_as_built(net.module_) or draws_masks(net.module_):
        return None
    description = stream_description_of(net.module_)
    if description is None or not fits(net.module_, parameters, description):
        return None
    return description if is_causal(description) else None


class TorchFollower:
    """Follows a series through the module; states are of :class:`NetworkState`."""

    def __init__(self, net: DeviceNet, n_threads: int | str) -> None:
        self.net = net
        self.n_threads = n_threads

    def read_one(self, x: Any, state: NetworkState | None) -> None:
        """No form of a row has a shorter way than :meth:`read`."""

    def read(self, rows: np.ndarray, state: NetworkState | None) -> Read:
        """Predictions after each row (n_rows, n_outputs), and the state after all.

        ``state`` is the state after the rows before, None at the start; it is not
        changed.
        """
        n_threads = choose_threads(self.n_threads, self.net.module_, 1)
        with limit_threads(n_threads), torch.inference_mode():
            return _in_parts(self._read_part, rows, state)

    def _read_part(self, rows: np.ndarray, state: NetworkState | None) -> Read:
        x = to_tensor(rows, self.net.device)[None]  # (1, time, feature)
        outputs, after = self.net.module_.outputs_along(x, state)
        return self.net.criterion_.predictions(outputs).cpu().numpy(), after

    def portable(self, state: NetworkState) -> NetworkState:
        """The state with arrays in the place of tensors."""
        return state.mapped(_to_array)

    def restored(self, state: NetworkState, n_rows: int) -> NetworkState:
        """The state that :meth:`portable` made portable."""
        return state.mapped(lambda part: torch.tensor(part).to(self.net.device))


class CompiledFollower:
    """Follows a series through the engine, which has copies of the weights."""

    def __init__(self, net: DeviceNet, description: RecurrentDescription) -> None:
        weights = [p.detach().numpy() for p in net.module_.parameters()]
        normalizations = normalizations_of(net.module_)
        self.stream = CompiledStream(description, weights, **normalizations)
        self.start = self.stream.start()
        self.link = _link(net.criterion_)
        self.shapes = _shapes_of_row(description.n_features)
        letter = "f" if self.stream.dtype == np.float32 else "d"
        self.to_bytes = struct.Struct(f"{description.n_features}{letter}").pack

    def read_one(self, x: Any, state: StreamState | None) -> Read | None:
        """As :meth:`read` for one row in a common form; None if it is another one.

        None as well if the row, or a prediction, is not finite.
        """
        row = self._bytes_of(x)
        if row is None:
            return None
        try:
            raw, after = self.stream.step(row, state or self.start)
        except NotFiniteError:
            return None
        if self.link is None:
            return raw, after
        predictions = self.link(raw)
        return (predictions, after) if np.isfinite(predictions).all() else None

    def _bytes_of(self, x: Any) -> bytes | None:
        """A row as the engine reads it; faster than to make an array."""
        kind = type(x)
        try:
            if kind is np.ndarray:
                if x.shape not in self.shapes or x.dtype.kind not in "fiub":
                    return None
                if x.dtype == self.stream.dtype:
                    return x.tobytes()
                return self.to_bytes(*x.ravel().tolist())
            if kind is list or kind is tuple:
                return self.to_bytes(*x) if _NUMBERS.issuperset(map(type, x)) else None
            return self.to_bytes(x) if kind in _NUMBERS else None
        except (struct.error, OverflowError):
            return None  # another number of features, or too large for the dtype

    def read(self, rows: np.ndarray, state: StreamState | None) -> Read:
        """As :meth:`TorchFollower.read`."""
        rows = np.ascontiguousarray(rows)
        raw, after = _in_parts(self.stream.run, rows, state or self.start)
        return raw if self.link is None else self.link(raw), after

    def portable(self, state: StreamState) -> NetworkState:
        """The state as torch has it, with arrays in the place of tensors."""
        description = self.stream.description
        parts: Any = iter(self.stream.arrays_of(state))
        levels = next(parts)[None] if description.reads_changes else None
        rows = [next(parts)[None] for _ in description.conv_filters]  # (1, time, _)
        n_parts = 2 if description.cell == "lstm" else 1
        layers = [
            tuple(next(parts)[None, None] for _ in range(n_parts))  # (1, 1, hidden)
            for _ in description.hidden_layer_sizes
        ]
        pooled: list[Any] = []
        for name in (*description.poolings, *description.front_poolings):
            if name == "mean":
                pooled.append(np.array([[state.n_rows]]))
            if name != "last":
                pooled.append(next(parts)[None])  # (1, hidden)
        return NetworkState(rows or None, layers, tuple(pooled) or None, levels)

    def restored(self, state: NetworkState, n_rows: int) -> StreamState:
        """The state that :meth:`portable` made portable."""
        pooled = [np.asarray(part) for part in state.pooled or ()]
        pooled = [part for part in pooled if part.dtype.kind == "f"]  # not counts
        levels = [] if state.levels is None else [state.levels]
        rows = state.rows or []
        parts: list[Any] = [*levels, *rows, *chain(*state.layers), *pooled]
        return self.stream.state_of(n_rows, parts)


class PathFollower:
    """Adds what a linear path knows of the last rows to what the layers predict.

    States are those of the layers, and the last rows (row, feature).
    """

    def __init__(
        self, net: DeviceNet, layers: TorchFollower | CompiledFollower
    ) -> None:
        self.layers = layers
        module = net.module_
        weight = module.path.weight.cpu().numpy()  # (output, row, feature)
        self.dtype, weight = weight.dtype, weight.astype("f8")  # layers read this one
        self.n_rows, n_features = weight.shape[1:]
        self.mean, scale = np.zeros(n_features), np.ones(n_features)
        if module.input_normalization is not None:
            self.mean, scale = figures_of(module.input_normalization)
        self.squash_figures = squash_figures_of(module)
        weight = weight / scale
        if module.output_normalization is not None:
            weight *= figures_of(module.output_normalization)[1][:, None, None]
        self.weight = weight.reshape(len(weight), -1)  # (output, row * feature)
        self.n_features = n_features

    def read_one(self, x: Any, state: Any) -> Read | None:
        """As those of the layers, which know the forms of a row."""
        inner, rows = state or (None, self._no_rows())
        found = self.layers.read_one(x, inner)
        if found is None:
            return None
        raw, after = found
        row = np.asarray(x, self.dtype).reshape(1, -1)
        rows = np.concatenate([rows[1 - self.n_rows or len(rows) :], row])
        levels = np.zeros((self.n_rows, self.n_features))
        levels[self.n_rows - len(rows) :] = self._centered(rows)
        added = self.weight @ levels.ravel()
        return (raw + added).astype(raw.dtype), (after, rows)

    def read(self, rows: np.ndarray, state: Any) -> Read:
        """As :meth:`TorchFollower.read`."""
        inner, before = state or (None, self._no_rows())
        raw, after = self.layers.read(rows, inner)
        seen = np.concatenate([before, rows.astype(self.dtype)])
        ends = np.arange(len(before), len(seen)) + 1
        first = np.maximum(ends - self.n_rows, 0)
        arrays = WindowArrays(self._centered(seen), first, ends - first)
        added = np.empty(raw.shape)
        for part in parts_of(len(raw), self.weight.shape[1]):
            levels, is_missing = arrays.take(part).last_rows(self.n_rows)
            if is_missing is not None:
                levels[is_missing] = 0.0
            added[part] = levels.reshape(len(levels), -1) @ self.weight.T
        kept = seen[max(0, len(seen) - self.n_rows) :]
        return (raw + added).astype(raw.dtype), (after, kept.copy())

    def _centered(self, rows: np.ndarray) -> np.ndarray:
        """Rows, squashed as the network does, less their mean, in float64."""
        return squashed(rows, *self.squash_figures) - self.mean

    def _no_rows(self) -> np.ndarray:
        return np.empty((0, self.n_features), self.dtype)

    def portable(self, state: Any) -> Any:
        """The state with that of the layers made portable."""
        return self.layers.portable(state[0]), state[1]

    def restored(self, state: Any, n_rows: int) -> Any:
        """The state that :meth:`portable` made portable."""
        return self.layers.restored(state[0], n_rows), state[1]


Follower = TorchFollower | CompiledFollower | PathFollower


def _in_parts(read: Callable[..., Read], rows: np.ndarray, state: Any) -> Read:
    """Read many rows with several calls, for the memory and for Ctrl-C."""
    parts = []
    for first in range(0, len(rows), _LARGEST_PART):
        outputs, state = read(rows[first : first + _LARGEST_PART], state)
        parts.append(outputs)
    return parts[0] if len(parts) == 1 else np.concatenate(parts), state


def _to_array(part: torch.Tensor) -> Any:
    return part.cpu().numpy()


def _shapes_of_row(n_features: int) -> set[tuple[int, ...]]:
    """Shapes of arrays that are one row."""
    shapes: set[tuple[int, ...]] = {(n_features,), (1, n_features)}
    return shapes | {()} if n_features == 1 else shapes


def _link(criterion: Any) -> Callable[[np.ndarray], np.ndarray] | None:
    """What makes predictions of raw outputs; None if they are the same."""
    if type(criterion) is LogLoss:
        return None
    if type(criterion) is PointLoss and not criterion.has_log_link:
        return None
    return lambda raw: criterion.predictions(torch.from_numpy(raw)).numpy()
