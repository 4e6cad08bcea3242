"""What the compiled engine needs to know of a network, if it can run it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from ..engine import (
    ACTIVATIONS,
    MOST_LAYERS,
    POOLINGS,
    ChangesPart,
    DenseDescription,
    Description,
    DropoutPart,
    Figures,
    LossPart,
    NormalizationPart,
    RecurrentDescription,
    SquashPart,
)
from ._cells import UnrolledLayer
from ._changes import Changes
from ._convolution import Convolutions
from ._dropout import Dropout
from ._forecast import ForecastNetwork, FutureDecoder, WindowMLP
from ._layers import RecurrentLayer, has_global_hooks, is_intercepted
from ._linear_path import LinearPath
from ._losses import LogLoss, PointLoss
from ._mlp import DenseLayer, MLPNetwork
from ._normalization import BatchNorm, Normalization
from ._recurrent import RecurrentNetwork
from ._squash import Squash

_KNOWN = {
    *(RecurrentNetwork, ForecastNetwork, FutureDecoder, WindowMLP, MLPNetwork),
    *(RecurrentLayer, UnrolledLayer, Convolutions, DenseLayer, Dropout),
    *(Normalization, Changes, Squash, BatchNorm, LinearPath),
    *(nn.RNN, nn.GRU, nn.LSTM, nn.Linear, nn.Conv1d, nn.ModuleList),
}
_PARTS: dict[type[nn.Module], Any] = {
    Normalization: NormalizationPart,
    Changes: ChangesPart,
    Squash: SquashPart,
}

_NORM_EPSILON, _NORM_MOMENTUM = 1e-5, 0.1  # as in batch_norm.h


def is_as_built(module: nn.Module) -> bool:
    """Whether no part has a hook or a parametrisation, or was exchanged."""
    return not has_global_hooks() and all(
        type(part) in _KNOWN
        and not is_intercepted(part)
        and (type(part) is not BatchNorm or part.eps == _NORM_EPSILON)
        for part in _parts_of(module)
    )


def description_of(module: nn.Module) -> Description | None:
    """The description of a network for the engine; None if a part is not in it."""
    if type(module) is ForecastNetwork:
        return None if module.future is not None else description_of(module.trunk)
    if type(module) is RecurrentNetwork:
        return _recurrent(module)
    if type(module) is WindowMLP:
        return description_of(module.network)
    return _dense(module) if type(module) is MLPNetwork else None


def draws_masks(module: nn.Module) -> bool:
    """Whether predictions are random: a dropout is in training mode.

    Or they depend on each other: a batch norm is.
    """
    return any(
        part.training and (type(part) is BatchNorm or part.p)
        for part in _parts_of(module)
        if type(part) in (BatchNorm, Dropout)
    )


def _parts_of(module: nn.Module) -> list[nn.Module]:
    """As ``module.modules()``, which takes longer than a small prediction may."""
    parts = [module]
    for part in parts:
        parts += [child for child in part._modules.values() if child is not None]
    return parts


def stream_description_of(module: nn.Module) -> RecurrentDescription | None:
    """The description for outputs after each row of one series; None as above."""
    if type(module) is RecurrentNetwork:
        return _recurrent(module, is_stream=True)
    return None


def dropouts_of(module: nn.Module) -> tuple[Dropout | None, Dropout | None]:
    """The dropouts that the engine runs: of outputs, and of inputs."""
    network: Any = module
    if type(network) is ForecastNetwork:
        network = network.trunk
    if type(network) is WindowMLP:
        network = network.network
    return network.dropout, getattr(network, "input_dropout", None)


def normalizations_of(module: nn.Module) -> dict[str, Figures]:
    """The normalisations that the engine runs, in memory of the module."""
    found: dict[str, Figures] = {}
    for name, layer in normalization_layers(module).items():
        part = _PARTS[type(layer)]
        found[name] = part(*(figure.numpy() for figure in layer.figures))
    figures = running_figures(module)
    if figures:
        found["running"] = [array.numpy() for array in figures]
    return found


def batch_norms(module: nn.Module) -> list[BatchNorm]:
    """The norms of the convolutions, from the input on."""
    network: Any = module.trunk if type(module) is ForecastNetwork else module
    convolutions = getattr(network, "convolutions", None)
    return [] if convolutions is None else list(convolutions.norms)


def learn_as_built(norms: Sequence[BatchNorm]) -> bool:
    """Whether training moves the figures of norms as the engine does."""
    return all(norm.training and norm.momentum == _NORM_MOMENTUM for norm in norms)


def running_figures(module: nn.Module) -> list[Tensor]:
    """Mean and variance of each batch norm, one after the other."""
    return [
        array
        for norm in batch_norms(module)
        for array in (norm.running_mean, norm.running_var)
        if array is not None
    ]


def normalization_layers(
    module: nn.Module,
) -> dict[str, Normalization | Changes | Squash]:
    """The layers of these names, if the network has them."""
    names = (
        ("squash", "squash"),
        ("inputs", "input_normalization"),
        ("outputs", "output_normalization"),
        ("changes", "changes"),
    )
    layers = {name: getattr(module, attribute, None) for name, attribute in names}
    return {name: layer for name, layer in layers.items() if layer is not None}


def dropout_part(dropout: Dropout | None) -> DropoutPart:
    """The dropout as the engine draws it."""
    if dropout is None or not dropout.training:
        return DropoutPart()
    return DropoutPart(dropout.p, dropout.seed_of_process, dropout.n_draws)


def loss_part(criterion: nn.Module) -> LossPart | None:
    """The loss as the engine computes it; None if it cannot."""
    if is_intercepted(criterion):
        return None
    if type(criterion) is PointLoss:
        return LossPart(
            criterion.name,
            quantile=criterion.quantile,
            is_sum=criterion.sums_outputs,
            reports_mean=criterion.reports_mean,
        )
    if type(criterion) is LogLoss:
        return LossPart(
            "softmax" if criterion.is_exclusive else "logistic",
            label_smoothing=criterion.label_smoothing,
            clips=criterion.clips,
        )
    return None


def _recurrent(
    network: RecurrentNetwork, *, is_stream: bool = False
) -> RecurrentDescription | None:
    parts = network.architecture
    filters = parts.conv_filters or ()
    is_plain = not (
        (parts.recurrent_dropout and not is_stream)  # which only training has
        or parts.residual
        or (parts.return_sequences and not is_stream)
        or network.embedding is not None
        or not set(parts.poolings).issubset(POOLINGS)
        or (filters and parts.conv_padding == "valid")
        or parts.conv_activation not in ACTIVATIONS
    )
    sizes = tuple(_hidden_size(layer) for layer in network.stack())
    n_layers = max(len(sizes), len(filters))
    cell = parts.engine_cell
    if not is_plain or cell is None or n_layers > MOST_LAYERS:
        return None
    blocks = zip(parts.spans, parts.strides, strict=True)
    divisor = 2 if parts.conv_padding == "same" else 1
    return RecurrentDescription(
        cell,
        network.n_features,
        sizes,
        network.head.out_features,
        bidirectional=parts.bidirectional,
        merge_mode=parts.merge_mode,
        poolings=parts.poolings,
        conv_filters=filters,
        conv_kernel_sizes=parts.kernel_sizes,
        conv_strides=parts.strides,
        conv_dilations=parts.dilations,
        n_backs=tuple((span - stride) // divisor for span, stride in blocks),
        has_norms=bool(filters) and parts.conv_norm is not None,
        conv_activation=parts.conv_activation,
        reads_changes=network.changes is not None,
        front_poolings=parts.conv_poolings,
        pool_size=parts.pool_size,
    )


def _hidden_size(layer: Any) -> int:
    return layer.forward_in_time.hidden_size


def _dense(network: MLPNetwork) -> DenseDescription | None:
    layers = network.linear_layers()
    if len(network.norms) or len(layers) > MOST_LAYERS:
        return None
    return DenseDescription(
        layers[0].in_features,
        tuple(layer.out_features for layer in layers),
        network.activation_name,
    )
