"""Several processes, launched by accelerate, that fit one network together."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import torch
from torch import distributed

from ._fingerprint import digest

_DIGITS = 15  # of a checksum, so that it fits into an int64


@dataclass(frozen=True)
class Processes:
    """The processes of a fit, seen from one of them.

    Each has the same data, network and random numbers, and computes its share of every
    batch. The sums over the shares are what one process would have computed.

    Parameters
    ----------
    rank : int
        Number of this process; 0 is the main one, which decides for all.
    count : int
        Number of processes; with 1 nothing is sent.
    device : torch.device
        The device that tensors must be on to be sent.
    """

    rank: int = 0
    count: int = 1
    device: torch.device | str = "cpu"

    @property
    def is_main(self) -> bool:
        return self.rank == 0

    def sum_in_place(self, tensor: torch.Tensor) -> None:
        """Sum a tensor over the processes."""
        distributed.all_reduce(tensor)

    def sum_counts(self, counts: list[int]) -> list[int]:
        """Each count summed over the processes."""
        if self.count == 1:
            return counts
        tensor = torch.tensor(counts, device=self.device)
        self.sum_in_place(tensor)
        return tensor.tolist()

    def broadcast(self, value: float) -> float:
        """The value of the main process."""
        if self.count == 1:
            return value
        tensor = torch.tensor([value], dtype=torch.float64, device=self.device)
        distributed.broadcast(tensor, src=0)
        return tensor.item()

    def differing(self, named: dict[str, Any]) -> list[str]:
        """Names of the values that differ between processes; see :func:`digest`."""
        numbers = [int(digest(value)[:_DIGITS], 16) for value in named.values()]
        digests = torch.tensor(numbers, device=self.device)
        lowest, highest = digests.clone(), digests.clone()
        distributed.all_reduce(lowest, distributed.ReduceOp.MIN)
        distributed.all_reduce(highest, distributed.ReduceOp.MAX)
        differs = (lowest != highest).tolist()
        return [name for name, is_so in zip(named, differs, strict=True) if is_so]


ALONE = Processes()


def processes_of(device: str | torch.device) -> Processes:
    """The processes that fit together with this ``device`` parameter.

    Without accelerate there is one process, so that a loaded network can be used.
    """
    if device != "accelerate" or find_spec("accelerate") is None:
        return ALONE
    state = launched_state()
    if state.num_processes == 1:
        return ALONE
    return Processes(state.process_index, state.num_processes, state.device)


def launched_state() -> Any:
    """The state of accelerate for this process, which joins the others.

    Raises
    ------
    ImportError, ValueError
        If accelerate is not installed, or cannot join the processes.
    """
    try:
        accelerate = import_module("accelerate")
    except ImportError as error:
        raise ImportError(
            'device="accelerate" needs the package accelerate; install it with '
            '"pip install accelerate", or set device="auto"'
        ) from error
    on_cpu = accelerate.utils.parse_flag_from_env("ACCELERATE_USE_CPU")
    state = accelerate.PartialState(cpu=on_cpu)  # an Accelerator sets more
    n_launched = int(os.environ.get("WORLD_SIZE", 1))
    if state.num_processes == 1 and n_launched > 1:
        raise ValueError(
            f"{n_launched} processes were launched, but accelerate does not join them "
            "without CUDA; to run them on the CPU, launch them with the environment "
            "variable ACCELERATE_USE_CPU=true"
        )
    return state
