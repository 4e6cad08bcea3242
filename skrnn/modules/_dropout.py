"""Dropout whose masks are a function of the seed and of a count of draws."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

_RANK_STRIDE = 10_007  # between the seeds of processes; those of layers are close
_BITS_32, _BITS_64 = 2**32 - 1, 2**64 - 1
_ROUNDS = ((16, 0x7FEB352D), (15, 0x846CA68B))  # shifts and factors of lowbias32
_BLOCK = 2**14  # elements hashed at once, which stay in the cache; a power of 2
_MOST_DRAWS = 16  # at once
_FIRST = np.arange(_BLOCK, dtype=np.uint32)
_FIRST.flags.writeable = False


class Dropout(nn.Module):
    r"""Zero a share of the values in training, and scale up the others.

    Unlike ``torch.nn.Dropout`` it has its own random numbers: a fit neither reads nor
    moves the global ones, and several fits can run side by side in threads. A mask is
    a function of the seed, the rank of the process and the number of earlier draws, so
    it has the same bits on every device, and ``n_draws`` is all that continuing needs.

    Parameters
    ----------
    p : float
        Probability of zeroing a value, in [0, 1).
    seed : int
        Not negative.

    Notes
    -----
    All numbers are unsigned; the first block is modulo :math:`2^{64}`, the second
    modulo :math:`2^{32}`. Draw :math:`d = 0, 1, \dots` has two keys::

        z = (seed + 10007 rank) 0x9E3779B97F4A7C15 + (d + 1) 0xD1B54A32D192ED03
        z ^= z >> 30; z *= 0xBF58476D1CE4E5B9      the finaliser of splitmix64 [1]_
        z ^= z >> 27; z *= 0x94D049BB133111EB
        z ^= z >> 31
        key_0, key_1 = the low and the high 32 bits of z

    The element of index i, in C order of the shape that is dropped, has the hash u::

        u = (i ^ key_0) (key_1 | 1)
        u ^= u >> 16; u *= 0x7feb352d              lowbias32 [2]_
        u ^= u >> 15; u *= 0x846ca68b
        u ^= u >> 16

    and is kept if :math:`u < \min(\lfloor 2^{32} (1 - p) \rfloor, 2^{32} - 1)`. Kept
    values are multiplied by :math:`1 / (1 - p)`, rounded to their dtype. Without the
    product with key_1, neighbours correlate by 1e-3.

    References
    ----------
    .. [1] G. Steele, D. Lea and C. Flood, "Fast splittable pseudorandom number
       generators", 2014. https://doi.org/10.1145/2660193.2660195
    .. [2] C. Wellons, "Prospecting for hash functions", 2018.
       https://nullprogram.com/blog/2018/07/31/
    """

    def __init__(self, p: float, seed: int) -> None:
        super().__init__()
        self.p = p
        self.seed = seed
        self.rank = 0
        self.n_draws = 0
        self._ahead: tuple[Any, int, Tensor] = (None, 0, torch.empty(0))

    @property
    def seed_of_process(self) -> int:
        return self.seed + _RANK_STRIDE * self.rank

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        draw, self.n_draws = self.n_draws, self.n_draws + 1
        if x.device.type == "cpu":
            return x * self._factors_on_host(draw, x.numel(), x.dtype).view(x.shape)
        keys = _keys(self.seed_of_process, draw)
        is_kept = _is_kept(x.numel(), *keys, self._below, x.device)
        return x * is_kept.view(x.shape).to(x.dtype).mul_(1 / (1 - self.p))

    @property
    def _below(self) -> int:
        return min(int((1 - self.p) * 2**32), _BITS_32)

    def _factors_on_host(self, draw: int, n: int, dtype: torch.dtype) -> Tensor:
        """The factors of ``n`` values; those of later draws are kept if they are few.

        Calls of NumPy take longer than the hashes of a small mask.
        """
        kind = (self.p, self.seed_of_process, n, dtype)
        kind_ahead, first, ahead = self._ahead
        if kind != kind_ahead or not first <= draw < first + len(ahead):
            n_draws = min(max(1, _BLOCK // max(n, 1)), _MOST_DRAWS)
            draws = range(draw, draw + n_draws)
            keys = np.array([_keys(self.seed_of_process, d) for d in draws], np.uint32)
            is_kept = _is_kept_on_host(n, keys, self._below)
            with torch.inference_mode(False):  # a later draw may have gradients
                ahead = torch.from_numpy(is_kept).to(dtype).mul_(1 / (1 - self.p))
            first = draw
            self._ahead = kind, first, ahead  # (draw, value)
        return ahead[draw - first]


def _keys(seed: int, draw: int) -> tuple[int, int]:
    """The keys of a draw, see the notes of :class:`Dropout`."""
    z = seed * 0x9E3779B97F4A7C15 + (draw + 1) * 0xD1B54A32D192ED03 & _BITS_64
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & _BITS_64
    z = (z ^ z >> 27) * 0x94D049BB133111EB & _BITS_64
    z ^= z >> 31
    return z & _BITS_32, z >> 32


def _is_kept_on_host(n: int, keys: np.ndarray, below: int) -> np.ndarray:
    """Whether each of ``n`` values is kept, in draws with ``keys`` (draw, 2).

    In NumPy, which has 32 bits without a sign. Returns (draw, value).
    """
    key_0, key_1 = keys[:, :1], keys[:, 1:]
    is_kept = np.empty((len(keys), n), bool)
    shifted = np.empty((len(keys), min(n, _BLOCK)), np.uint32)
    for first in range(0, n, _BLOCK):
        end = min(first + _BLOCK, n)
        s = shifted[:, : end - first]
        u = _FIRST[: end - first] ^ (key_0 ^ np.uint32(first & _BITS_32))
        u *= key_1 | np.uint32(1)
        for shift, factor in _ROUNDS:
            u ^= np.right_shift(u, shift, out=s)
            u *= np.uint32(factor)
        u ^= np.right_shift(u, 16, out=s)
        np.less(u, np.uint32(below), out=is_kept[:, first:end])
    return is_kept


def _is_kept(
    n: int, key_0: int, key_1: int, below: int, device: torch.device
) -> Tensor:
    """Like :func:`_is_kept_on_host`, in torch; products keep their low 64 bits."""
    u = torch.arange(n, device=device).bitwise_and_(_BITS_32)
    u.bitwise_xor_(key_0).mul_(key_1 | 1).bitwise_and_(_BITS_32)
    for shift, factor in _ROUNDS:
        u.bitwise_xor_(u >> shift).mul_(factor).bitwise_and_(_BITS_32)
    u.bitwise_xor_(u >> 16)
    return u < below
