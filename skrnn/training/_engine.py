"""The compiled engine behind the loop: what it computes, and what torch does.

torch is the definition. The engine computes the same batches in the same order, with
the same losses and steps. It changes the same weights, and the state of the same
solver, in place.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch

from ..engine import (
    Batches,
    CompiledNetwork,
    Description,
    LossPart,
    Samples,
    SolverPart,
    Training,
    is_forced,
    library,
)
from ..modules import (
    batch_norms,
    description_of,
    draws_masks,
    dropout_part,
    dropouts_of,
    is_as_built,
    learn_as_built,
    loss_part,
    normalization_layers,
    normalizations_of,
    running_figures,
)
from ._datasets import DeviceDataset
from ._engine_solver import CompiledSolver, can_step
from ._threads import choose_engine_threads

CALL = 0.05  # seconds of a call, so that Ctrl-C is heard
_FIRST_CALL = 4  # batches, to measure their time


class Engine:
    """The compiled network of a net, if there is one.

    It is made again if the weights have moved, or another library is to be used.
    """

    def __init__(self) -> None:
        # library and addresses of weights, and their network: one assignment, because
        # threads may predict at the same time
        self._made: tuple[Any, CompiledNetwork | None] = None, None

    def __reduce__(self) -> Any:
        return Engine, ()  # a copy of the net has weights of its own

    def network_of(self, module: Any) -> CompiledNetwork | None:
        """The compiled network of a module, or None if torch has to run it."""
        parameters = list(module.parameters())
        if not parameters or parameters[0].device.type != "cpu":
            return None
        if torch.is_autocast_enabled("cpu"):  # of the caller, who wants torch's numbers
            return None
        if not is_as_built(module):
            return None
        found = library(str(parameters[0].dtype).removeprefix("torch."))
        arrays = [*parameters, *_figures_of(module)]
        key = found, [(array.data_ptr(), array.stride()) for array in arrays]
        made_for, network = self._made
        if key != made_for:
            network = None if found is None else _network_of(module, parameters)
            self._made = key, network
        return network


def _network_of(module: Any, parameters: list[Any]) -> CompiledNetwork | None:
    description = description_of(module)
    if description is None or not (description.pays() or is_forced()):
        return None
    if not fits(module, parameters, description):
        return None
    weights = [p.detach().numpy() for p in parameters]
    return CompiledNetwork(description, weights, **normalizations_of(module))


def fits(module: Any, parameters: list[Any], description: Description) -> bool:
    """Whether the arrays of a module are those described: none is tied, or a view."""
    figures = _figures_of(module)
    expected = [
        (n,)
        for layer in normalization_layers(module).values()
        for n in [layer.n_columns] * len(layer.figures)
    ] + [(norm.num_features,) for norm in batch_norms(module) for _ in range(2)]
    shapes = [p.shape for p in parameters], [array.shape for array in figures]
    return shapes == (description.shapes, expected) and all(
        array.is_contiguous()
        and array.dtype == parameters[0].dtype
        and array.device == parameters[0].device
        for array in [*parameters, *figures]
    )


def _figures_of(module: Any) -> list[torch.Tensor]:
    """The buffers by which a network normalises."""
    layers = normalization_layers(module).values()
    return [array for one in layers for array in one.figures] + running_figures(module)


def trunk_of(net: Any) -> CompiledNetwork | None:
    """The compiled trunk of a forecasting net, or None if torch has to run it."""
    module = net.module_
    if not is_as_built(module) or draws_masks(module):
        return None
    return Engine().network_of(module.trunk)


class CompiledEpochs:
    """The epochs of one training, which the engine runs.

    Parameters
    ----------
    net : DeviceNet
    network : CompiledNetwork
        Its module.
    samples : Samples
        The data to train on.
    loss : LossPart
    n_threads : int
    is_watched : bool
        Whether callbacks of the user may change the net between epochs.
    """

    def __init__(
        self,
        net: Any,
        network: CompiledNetwork,
        samples: Samples,
        loss: LossPart,
        n_threads: int,
        is_watched: bool,
    ) -> None:
        self.net = net
        self.network = network
        self.samples = samples
        self.loss = loss
        self.n_threads = n_threads
        self.is_watched = is_watched
        self._begun: tuple[CompiledSolver, Training] | None = None

    @classmethod
    def of(
        cls, net: Any, data: DeviceDataset, n_threads: int | str, is_watched: bool
    ) -> CompiledEpochs | None:
        """Those of a net, or None if torch has to train it."""
        loss, network = loss_part(net.criterion_), net.engine_.network_of(net.module_)
        if network is None or loss is None or net.uses_closure:
            return None
        if net.processes_.count > 1 or net.listens_to_batches():
            return None
        if network.most_samples is not None and net.batch_size > network.most_samples:
            return None
        samples = data.for_engine()
        if samples is None or not samples.n_targets:
            return None
        threads = _threads_for(network, samples, net.batch_size, n_threads)
        return cls(net, network, samples, loss, threads, is_watched)

    def may_run(self) -> bool:
        """Whether nothing is frozen, hooked or replaced that torch would heed."""
        if self._begun is not None and not self.is_watched:
            return True
        module = self.net.module_
        parameters = list(module.parameters())
        if not can_step(self.net.optimizer_, parameters):
            return False
        if loss_part(self.net.gradients_.criterion) != self.loss:
            return False
        if self.net.engine_.network_of(module) is not self.network:
            return False
        if not learn_as_built(batch_norms(module)):
            return False
        return all(
            p.requires_grad
            and not p._backward_hooks
            and not p._post_accumulate_grad_hooks
            for p in parameters
        )

    def run(self, iterator: Any) -> tuple[list[float], list[int]]:
        """Losses and sizes of the batches of an epoch, after a step for each."""
        order, sizes = iterator._plan()
        batches = self._batches(iterator.dataset, order, np.asarray(sizes))
        solver, training = self._begin()
        first, n = 0, _FIRST_CALL
        while first < len(batches):
            n = min(n, len(batches) - first)
            start = time.perf_counter()
            try:
                training.run(batches, first, n)
            finally:  # Ctrl-C is raised after the steps that it has waited for
                self._advance(solver, training, batches.rates[first : first + n])
            seconds = time.perf_counter() - start
            first += n
            n = max(1, int(n * min(CALL / max(seconds, 1e-9), 1000)))
        return batches.losses.tolist(), batches.sizes.tolist()

    def _begin(self) -> tuple[CompiledSolver, Training]:
        """Solver and training, made anew if somebody may have changed the net."""
        if self._begun is None or self.is_watched:
            net = self.net
            solver = CompiledSolver(net.optimizer_)
            dropouts = map(dropout_part, dropouts_of(net.module_))
            training = Training(
                self.network,
                self.samples,
                self.loss,
                solver.part(net.alpha, net.max_grad_norm),
                **dict(zip(("dropout", "input_dropout"), dropouts, strict=True)),
                n_threads=self.n_threads,
                gradients=_gradients_of(net.module_) if self.is_watched else None,
            )
            self._begun = solver, training
        return self._begun

    def _advance(
        self, solver: CompiledSolver, training: Training, rates: np.ndarray
    ) -> None:
        """Note that a step was taken at each of these rates."""
        solver.advance(rates, training.solver)
        if self.net.batch_rates_ is not None:
            self.net.batch_rates_.advance(self.net.optimizer_, len(rates))
        n_draws = self.network.description.n_dropouts, 1  # in a batch
        names = "dropout", "input_dropout"
        dropouts = dropouts_of(self.net.module_)
        for name, dropout, n in zip(names, dropouts, n_draws, strict=True):
            part: Any = getattr(training.parts, name, None)
            if dropout is not None and part.p:
                dropout.n_draws += len(rates) * n
                part.n_draws = dropout.n_draws
        for norm in batch_norms(self.net.module_):
            norm.count_batches(len(rates))

    def _batches(self, data: Any, order: Any, sizes: np.ndarray) -> Batches:
        """The batches that have any weight, as the loader gives them."""
        firsts = np.cumsum(sizes) - sizes
        totals = _totals(data, order, firsts, sizes)
        if data.weights_on_host is not None:
            counts = totals > 0
            firsts, sizes, totals = firsts[counts], sizes[counts], totals[counts]
        schedule = self.net.batch_rates_
        if schedule is None:
            rates = np.full(len(sizes), self.net.optimizer_.param_groups[0]["lr"])
        else:
            rates = schedule.next_rates(len(sizes))
        return Batches(order, firsts, sizes, totals, rates)


class CompiledGradients:
    """Loss and gradient of all samples together, for solvers that search along lines.

    Parameters
    ----------
    net : DeviceNet
    network : CompiledNetwork
    data : DeviceDataset
    samples : Samples
    loss : LossPart
    n_threads : int
    """

    def __init__(
        self,
        net: Any,
        network: CompiledNetwork,
        data: DeviceDataset,
        samples: Samples,
        loss: LossPart,
        n_threads: int,
    ) -> None:
        solver = SolverPart("none", alpha=net.alpha)
        self.training = Training(
            network,
            samples,
            loss,
            solver,
            n_threads=n_threads,
            gradients=_gradients_of(net.module_),
        )
        order = None
        if not data.is_uniform:
            order = np.argsort(-data.lengths, kind="stable")
        first, size = np.zeros(1, np.int64), np.array([len(data)])
        total = _totals(data, order, first, size)
        self.batches = Batches(order, first, size, total, np.zeros(1))

    @classmethod
    def of(
        cls, net: Any, data: DeviceDataset, n_threads: int | str, is_watched: bool
    ) -> Any:
        """Those of a net, or None if torch has to compute them."""
        loss, network = loss_part(net.criterion_), net.engine_.network_of(net.module_)
        if is_watched or network is None or loss is None or net.processes_.count > 1:
            return None
        if not all(p.requires_grad for p in net.module_.parameters()):
            return None
        if network.most_samples is not None:  # torch settles the norms as well
            return None
        samples = data.for_engine()
        if samples is None or not samples.n_targets:
            return None
        threads = _threads_for(network, samples, len(data), n_threads)
        return cls(net, network, data, samples, loss, threads)

    def compute(self) -> float:
        """The loss with its penalty; the gradients are those of the parameters."""
        self.training.run(self.batches)
        return float(self.batches.losses[0])


def _threads_for(
    network: CompiledNetwork, samples: Samples, batch_size: int, n_threads: int | str
) -> int:
    is_large = network.is_worth_sharing(samples.n_steps, batch_size)
    return choose_engine_threads(n_threads, is_large)


def _gradients_of(module: Any) -> list[np.ndarray]:
    """The gradients of the parameters, zero if they had none."""
    parameters = list(module.parameters())
    for p in parameters:
        if p.grad is None:
            p.grad = torch.zeros_like(p)
    return [p.grad.numpy() for p in parameters]


def _totals(data: Any, order: Any, firsts: Any, sizes: np.ndarray) -> np.ndarray:
    """What the loss of each batch is divided by."""
    if data.mean_weight is not None:
        return sizes * data.mean_weight
    if data.weights_on_host is None:
        return sizes.astype(float)
    weights = data.weights_on_host.astype("f8")
    weights = weights if order is None else weights[order]
    return np.add.reduceat(weights, firsts)
