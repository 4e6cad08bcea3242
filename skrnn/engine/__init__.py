"""Compiled kernels for the CPU: the library, and the calls into it."""

from ._descriptions import (
    ChangesPart,
    DenseDescription,
    Description,
    DropoutPart,
    Figures,
    NormalizationPart,
    RecurrentDescription,
    SquashPart,
)
from ._layer import LayerCall, LayerDescription, LayerTensors
from ._library import is_forced, library, variant, variants, why_not
from ._network import CompiledNetwork, Training
from ._samples import Batches, Samples
from ._stream import CompiledStream, NotFiniteError, StreamState, is_causal
from ._structures import ACTIVATIONS, MOST_LAYERS, POOLINGS
from ._training_parts import LossPart, SolverPart
