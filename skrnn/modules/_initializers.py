"""Weights to start from."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import nn

INITIALIZERS = ("glorot", "he", "normal", "orthogonal")
_SEED_LIMIT = 2**31 - 1
_FACTORS = {"logistic": 2.0}  # of the others: 6


def draw_layer(
    initializer: str,
    n_inputs: int,
    n_outputs: int,
    activation: str,
    random_state: np.random.RandomState,
) -> tuple[np.ndarray, np.ndarray]:
    """Weights (n_inputs, n_outputs) and biases (n_outputs,) of a layer, in float64.

    Parameters
    ----------
    initializer : {"glorot", "he", "normal", "orthogonal"}
        "glorot" [1]_ is uniform within ``sqrt(6 / (n_inputs + n_outputs))``, with the
        factor 2 in place of 6 for the logistic activation, and so are the biases: the
        same numbers as scikit-learn draws. The others start from biases of zero: "he"
        [2]_ is normal with variance ``2 / n_inputs``, "normal" has variance 1, and
        "orthogonal" [3]_ has orthonormal rows or columns.
    random_state : numpy.random.RandomState

    References
    ----------
    .. [1] X. Glorot and Y. Bengio, "Understanding the difficulty of training deep
       feedforward neural networks", AISTATS 2010.
    .. [2] K. He et al., "Delving deep into rectifiers", ICCV 2015,
       https://arxiv.org/abs/1502.01852.
    .. [3] A. Saxe et al., "Exact solutions to the nonlinear dynamics of learning in
       deep linear neural networks", ICLR 2014, https://arxiv.org/abs/1312.6120.
    """
    shape = (n_inputs, n_outputs)
    if initializer == "glorot":
        factor = _FACTORS.get(activation, 6.0)
        bound = math.sqrt(factor / (n_inputs + n_outputs))
        weights = random_state.uniform(-bound, bound, shape)
        return weights, random_state.uniform(-bound, bound, n_outputs)
    biases = np.zeros(n_outputs)
    if initializer == "orthogonal":
        seed = int(random_state.randint(_SEED_LIMIT))
        generator = torch.Generator().manual_seed(seed)
        empty = torch.empty(shape, dtype=torch.float64)
        return nn.init.orthogonal_(empty, generator=generator).numpy(), biases
    deviation = math.sqrt(2 / n_inputs) if initializer == "he" else 1.0
    return random_state.normal(0, deviation, shape), biases
