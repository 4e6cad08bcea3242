"""SciPy's L-BFGS over all samples at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from scipy.optimize import OptimizeResult, minimize

from ..modules import BatchNorm
from ._datasets import DeviceDataset
from ._engine import CompiledGradients
from ._gradients import gradient_of
from ._net import DeviceNet
from ._settings import Settings
from ._stopping import StopTraining

CONVERGED, LIMIT = 0, 1  # of SciPy's status; others report a failed line search
STOPPED = 99  # stopped by a callback


def lbfgs_loop(
    net: DeviceNet,
    training: DeviceDataset,
    validation: DeviceDataset | None,
    settings: Settings,
    n_epochs: int,
) -> OptimizeResult:
    """Minimise the loss; each iteration counts as an epoch of the net."""
    if any(dropout.p for dropout in net.dropouts()):
        raise ValueError(
            'solver="lbfgs" needs the same loss function throughout, but dropout of '
            "any kind and zoneout change it at each evaluation; set them to 0, or use "
            'another solver such as "adam"'
        )
    data = {"dataset_train": training, "dataset_valid": validation}
    net._set_training(True)
    net.notify("on_epoch_begin", **data)
    net.check_trainable()
    search = _Search(net, data, settings)
    try:
        result = minimize(
            search.loss_and_gradient,
            search.accepted,
            method="L-BFGS-B",
            jac=True,
            callback=search.end_iteration,
            options={
                "maxiter": n_epochs,
                "maxfun": settings.max_fun,
                "gtol": settings.tol,
            },
        )
        if not np.isfinite(result.fun):
            raise net.diverged(f"the loss was {result.fun}")
        return result
    finally:
        search.write(search.accepted)
        if "train_loss" not in net.history[-1]:
            del net.history[-1:]  # an epoch that has begun and not ended


class _Search:
    """The weights as one vector, and the loss as a function of it."""

    def __init__(
        self, net: DeviceNet, data: dict[str, Any], settings: Settings
    ) -> None:
        self.net = net
        self.data = data
        self.batch = _everything(data["dataset_train"])
        self.step: dict[str, Any] = {}
        self.compiled = CompiledGradients.of(
            net, data["dataset_train"], settings.n_threads, bool(settings.callbacks)
        )
        net.kernel_ = "torch" if self.compiled is None else "compiled"
        self.parameters = [p for p in net.module_.parameters() if p.requires_grad]
        sizes = [p.numel() for p in self.parameters]
        self.flat = np.empty(sum(sizes))
        parts = torch.from_numpy(self.flat).split(sizes)
        self.views = [
            view.view_as(p) for view, p in zip(parts, self.parameters, strict=True)
        ]  # of the vector, each shaped as its parameter
        self.accepted = self._read([p.detach() for p in self.parameters])

    def _read(self, tensors: list[torch.Tensor]) -> np.ndarray:
        for view, tensor in zip(self.views, tensors, strict=True):
            view.copy_(tensor.cpu())  # first: not every device has float64
        return self.flat.copy()

    def write(self, vector: np.ndarray) -> None:
        np.copyto(self.flat, vector)
        with torch.no_grad():
            for view, parameter in zip(self.views, self.parameters, strict=True):
                parameter.copy_(view)

    def loss_and_gradient(self, vector: np.ndarray) -> tuple[float, np.ndarray]:
        self.evaluated = vector.copy()
        self.write(vector)
        loss = self._compute()
        gradients = [gradient_of(parameter) for parameter in self.parameters]
        return loss, self._read(gradients)

    def _compute(self) -> float:
        if self.compiled is not None:
            return self.compiled.compute()
        self.net.module_.zero_grad()
        loss, raw = self.net.gradients_.compute(*self.batch)
        self.step = {"loss": loss, "y_pred": raw}
        return loss.item()

    def _settle_norms(self) -> None:
        """Let batch norms predict with the means at the accepted weights."""
        norms = [m for m in self.net.module_.modules() if isinstance(m, BatchNorm)]
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # the mean of all batches since, here of one
        if norms:
            with torch.no_grad():
                self.net.module_(**self.batch[0])

    def end_iteration(self, intermediate_result: OptimizeResult) -> None:
        """End an epoch, as skorch's loop does; SciPy calls this after an iteration."""
        self.accepted = intermediate_result.x.copy()
        if not np.array_equal(self.accepted, self.evaluated):
            self.write(self.accepted)
        self._settle_norms()
        try:
            self._end_epoch(float(intermediate_result.fun))
        except StopTraining as stop:
            raise StopIteration from stop

    def _end_epoch(self, loss: float) -> None:
        net, (inputs, (y, _, _)) = self.net, self.batch
        net.history.new_batch()
        net.notify("on_batch_begin", batch=(inputs, y), training=True)
        net.notify("on_batch_end", batch=(inputs, y), training=True, **self.step)
        net.record_loss("train", [loss], [len(self.data["dataset_train"])])
        held_out = self.data["dataset_valid"]
        iterator = None if held_out is None else net.get_iterator(held_out)
        net.run_single_epoch(iterator, False, "valid", net.validation_step)
        net._set_training(True)
        net.notify("on_epoch_end", **self.data)
        net.notify("on_epoch_begin", **self.data)


def _everything(training: DeviceDataset) -> Any:
    """One batch of all samples, the longest first."""
    if not training.is_uniform:
        training = training.in_order(np.argsort(-training.lengths, kind="stable"))
    everything = slice(0, len(training))
    return training.gather(everything), training.targets_of(everything)
