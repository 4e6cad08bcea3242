"""Compiled kernels for the CPU: the library, and the calls into it."""

from ._library import library, variant, variants, why_not
from ._network import (
    Batches,
    CompiledNetwork,
    DenseDescription,
    Description,
    DropoutPart,
    LossPart,
    RecurrentDescription,
    Samples,
    SolverPart,
)
from ._stream import CompiledStream, NotFiniteError, StreamState, is_causal
from ._structures import ACTIVATIONS, MOST_LAYERS, POOLINGS
