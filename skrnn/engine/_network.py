"""Networks that the library trains and runs, over weights that belong to a module."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np

from ._descriptions import (
    Description,
    DropoutPart,
    Figures,
    check_figures,
)
from ._library import library
from ._samples import Batches, Samples
from ._structures import Pointer, Pointers, Shares, Structure, Weights, integers
from ._training_parts import LossPart, SolverPart

_N_SLOTS = 8  # shares of a large batch
_WORTH_SHARING = 2e8  # multiplications of a batch, some milliseconds


class CompiledNetwork:
    """A network that the library trains and runs.

    Parameters
    ----------
    description : RecurrentDescription or DenseDescription
    weights : sequence of ndarray
        With the shapes of ``description.shapes``; training changes them in place.
    **normalizations : NormalizationPart, SquashPart, ChangesPart or sequence
        Of ``inputs`` and ``outputs``, ``squash`` before the inputs are normalised, and
        ``changes`` after it, if a recurrent network has them. Training compares outputs
        with normalised targets; predictions are in their units. ``running``: mean and
        variance of each batch norm, which training changes in place.

    Raises
    ------
    ValueError
        If the weights, or the figures of a normalisation, have other shapes or dtypes.
    RuntimeError
        If there is no library.
    """

    def __init__(
        self,
        description: Description,
        weights: Sequence[np.ndarray],
        **normalizations: Figures,
    ) -> None:
        self.description = description
        self.dtype = weights[0].dtype
        self.normalizations = normalizations
        check_figures(normalizations.values(), self.dtype)
        self._parts = self.structure()  # for predictions
        self.shapes = description.shapes
        found = library(self.dtype.name)
        if found is None:
            raise RuntimeError("there is no compiled library")
        self._library = found
        changed = [*weights, *normalizations.get("running", ())]
        self.is_writeable = all(values.flags.writeable for values in changed)
        self.weights = Weights(
            n=len(weights),
            values=Pointers(weights, self.dtype, self.shapes),
            counts=integers([int(np.prod(shape)) for shape in self.shapes]),
            decays=integers([len(shape) > 1 for shape in self.shapes]),
        )

    def structure(self, **dropouts: Any) -> Structure:
        """What the library is told of the network."""
        parts: Any = {**dropouts, **self.normalizations}
        return self.description.structure(**parts)

    def train(
        self,
        samples: Samples,
        loss: LossPart,
        solver: SolverPart,
        batches: Batches,
        **options: Any,
    ) -> np.ndarray:
        """Take a step for each batch, see :class:`Training`; returns their losses."""
        Training(self, samples, loss, solver, **options).run(batches)
        return batches.losses

    def predict(self, samples: Samples, order: np.ndarray | None = None) -> np.ndarray:
        """Raw outputs (n_samples, n_outputs), in the order given.

        Raises
        ------
        MemoryError
        """
        self.check(samples, None)
        n = samples.n_samples if order is None else len(order)
        out = np.empty((n, self.description.n_outputs), self.dtype)
        if not n:
            return out
        places = None if order is None else Pointer(order, np.int64, (n,))
        if order is not None and (order.min() < 0 or order.max() >= samples.n_samples):
            raise ValueError("the order names samples that there are not")
        widest = self.description.widest(1, self.dtype.itemsize)
        code = self.function("predict")(
            _address(self._parts),
            _address(self.weights),
            _address(samples.structure),
            ctypes.c_void_p(None if places is None else places.address),
            ctypes.c_int64(n),
            ctypes.c_int64(widest),
            ctypes.c_void_p(out.ctypes.data),
        )
        _raise_for(code)
        return out

    @property
    def most_samples(self) -> int | None:
        """Samples of the largest batch to train on, if there is a limit.

        Batch norms need the whole batch in one block.
        """
        has_norms = getattr(self.description, "has_norms", False)
        return self._library.skrnn_most_lanes() if has_norms else None

    def is_worth_sharing(self, n_steps: int, batch_size: int) -> bool:
        """Whether a batch takes long enough for several threads."""
        return batch_size * self.description.n_multiplications(n_steps) > _WORTH_SHARING

    def check(self, samples: Samples, n_targets: int | None) -> None:
        """Raise if the samples do not fit the network."""
        expected = (self.dtype, n_targets)
        found = (samples.dtype, samples.n_targets if n_targets is not None else None)
        fits = self.description.reads(samples.n_steps, samples.n_features)
        if expected != found or not fits:
            raise ValueError(
                f"the engine expected samples for {self.description} of {self.dtype}, "
                f"got {samples.n_steps} steps of {samples.n_features} features and "
                f"{samples.n_targets} targets of {samples.dtype}"
            )

    def function(self, name: str) -> Any:
        """The function of the library for this kind of network."""
        return getattr(self._library, f"skrnn_{name}_{self.description.prefix}")


class Training:
    """Steps of a solver on the weights of a network.

    Parameters
    ----------
    network : CompiledNetwork
    samples : Samples
    loss : LossPart
    solver : SolverPart
    dropout, input_dropout : DropoutPart, default=None
    n_threads : int, default=1
        Threads that share large batches; results are the same for any number.
    gradients : sequence of ndarray, default=None
        Of the shapes of the weights; receive the gradients of the last batch.

    Raises
    ------
    ValueError
        If samples, state of the solver or gradients do not fit the network.
    """

    def __init__(
        self,
        network: CompiledNetwork,
        samples: Samples,
        loss: LossPart,
        solver: SolverPart,
        *,
        dropout: DropoutPart | None = None,
        input_dropout: DropoutPart | None = None,
        n_threads: int = 1,
        gradients: Sequence[np.ndarray] | None = None,
    ) -> None:
        description, dtype, shapes = network.description, network.dtype, network.shapes
        network.check(samples, description.n_outputs)
        if not network.is_writeable and (
            solver.name != "none" or network.most_samples is not None
        ):
            raise ValueError("the engine cannot train weights that are read-only")
        self.network = network
        self.samples = samples
        self.n_threads = n_threads
        self.solver = solver.structure(dtype, shapes)
        self.parts = network.structure(dropout=dropout, input_dropout=input_dropout)
        self._loss = loss.structure()
        self._gradients = None
        if gradients is not None:
            self._gradients = Pointers(gradients, dtype, shapes, writes=True)
        self._function = network.function("train")
        self._shares: dict[int, Shares] = {}  # by the largest batch

    def run(self, batches: Batches, first: int = 0, n: int | None = None) -> None:
        """Take a step for ``n`` of the batches, and note their losses.

        The caller keeps ``solver.n_steps``, ``solver.last_rate`` and the ``n_draws``
        of the dropouts in ``parts`` up to date between calls.

        Raises
        ------
        ValueError
            If the batches name samples that there are not.
        MemoryError
        """
        n = len(batches) - first if n is None else n
        batches.check(self.samples.n_samples)
        most = self.network.most_samples
        if most is not None and batches.most > most:
            raise ValueError(
                f"with batch norms the engine trains on batches of up to {most} "
                f"samples, got {batches.most}"
            )
        if not n:
            return
        code = self._function(
            _address(self.parts),
            _address(self.network.weights),
            _address(self.samples.structure),
            _address(self._loss),
            _address(self.solver),
            _address(batches.structure(first, n)),
            ctypes.c_int64(batches.most),
            _address(self._shares_of(batches.most)),
            None if self._gradients is None else self._gradients.list,
        )
        _raise_for(code)

    def _shares_of(self, batch_size: int) -> Shares:
        if batch_size not in self._shares:
            network, n_steps = self.network, self.samples.n_steps
            is_shared = network.is_worth_sharing(n_steps, batch_size)
            widest = network.description.widest(n_steps, network.dtype.itemsize)
            n_slots = _N_SLOTS if is_shared else 1
            self._shares[batch_size] = Shares(
                n_slots=n_slots, n_threads=self.n_threads, widest=widest
            )
        return self._shares[batch_size]


def _address(structure: Structure) -> Any:
    return ctypes.byref(structure)


def _raise_for(code: int) -> None:
    if code:
        raise MemoryError("the engine found no memory for its activations")
