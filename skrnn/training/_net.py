"""The skorch net: its loop, with our batches, gradients and bookkeeping."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Iterator
from math import isfinite
from operator import mul
from typing import Any

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import Callback
from skorch.utils import TeeGenerator
from torch.nn.utils import clip_grad_norm_

from ..modules import Dropout
from ._engine import CompiledEpochs, Engine
from ._engine_outputs import raw_outputs
from ._gradients import Gradients
from ._optimizers import copied, load_state
from ._processes import ALONE
from ._schedules import OneCycle
from ._stopping import Diverged, StopTraining, how_it_diverged

_DIVERGED = (
    "training diverged in epoch {epoch}: {what}. {advice} "
    "learning_rate_init (now {rate:g}), or set max_grad_norm=1.0"
)
_SCALE = (
    "Scale X and y (for instance with StandardScaler and TransformedTargetRegressor), "
    "lower"
)

_OF_BATCHES = ("on_batch_begin", "on_batch_end", "on_grad_computed")
_LOSSES_ON_DEVICE = 64  # keeping more for long would fragment the memory


class DeviceNet(NeuralNet):
    """A ``NeuralNet`` for batches that are on the device already.

    Against the stock net: the L2 penalty is scikit-learn's; losses are read from the
    device many at a time; the history keeps epochs, not batches; a loss that is not
    finite is an error; validation is scored on all held-out samples together.

    Parameters
    ----------
    alpha : float
        See :class:`Gradients`.
    score : callable ``(y_true, y_pred, sample_weight) -> float``, default=None
        Validation score, larger is better; None is minus the loss.
    max_grad_norm : float, default=None
        Gradients of a larger norm, over all weights together, are scaled down to it,
        before callbacks see them. L-BFGS takes them as they are.
    uses_closure : bool
        Whether the optimiser may evaluate the loss several times in a step.
    """

    gradients_: Gradients  # of one call that trains
    epochs_: CompiledEpochs | None = None  # of one call that trains

    def __init__(
        self,
        module: Any,
        *args: Any,
        alpha: float = 0.0,
        score: Callable[..., float] | None = None,
        max_grad_norm: float | None = None,
        uses_closure: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(module, *args, **kwargs)
        self.alpha = alpha
        self.score = score
        self.max_grad_norm = max_grad_norm
        self.uses_closure = uses_closure
        self.lowest_: dict[str, float] = {}
        self.processes_ = ALONE
        self.batch_rates_: OneCycle | None = None  # of one call that trains
        self.engine_ = Engine()
        self.kernel_ = "torch"

    @property
    def _default_callbacks(self) -> list[Any]:
        return []

    def notify(self, method_name: str, **cb_kwargs: Any) -> None:
        """Like skorch's, but a callback that raises KeyboardInterrupt ends training.

        Ctrl-C while a callback runs is passed on, because the line that it hits does
        not raise it.
        """
        if method_name != "on_epoch_end":
            super().notify(method_name, **cb_kwargs)
            return
        try:
            super().notify(method_name, **cb_kwargs)
        except KeyboardInterrupt as stop:
            line = traceback.extract_tb(stop.__traceback__)[-1].line
            if re.search(r"\braise\b", line or "raise"):
                raise StopTraining from stop
            raise
        finally:
            del self.history[-1]["batches"][1:]

    def on_train_begin(self, net: Any, *args: Any, **kwargs: Any) -> None:
        """Like skorch's, but set the rate of the first batch."""
        super().on_train_begin(net, *args, **kwargs)
        if self.batch_rates_ is not None:
            self.batch_rates_.advance(self.optimizer_, 0)

    def on_epoch_begin(self, net: Any, *args: Any, **kwargs: Any) -> None:
        """Like skorch's, but continue the epoch count of a shortened history."""
        super().on_epoch_begin(net, *args, **kwargs)
        if len(self.history) > 1:
            self.history.record("epoch", self.history[-2]["epoch"] + 1)

    def _set_training(self, training: bool = True) -> None:
        """Like skorch's, but do nothing if the mode is set already."""
        if self.module_.training != training:
            super()._set_training(training)

    def snapshot(self) -> dict[str, Any]:
        """Everything that training changes, for :meth:`rewind`."""
        return {
            "weights": copied(self.module_.state_dict()),
            "optimizer": copied(self.optimizer_.state_dict()),
            "draws": self.draws(),
            "lowest": self.lowest_.copy(),
            "n_epochs": len(self.history),
        }

    def rewind(self, snapshot: dict[str, Any]) -> None:
        """Restore the state of a :meth:`snapshot`, ready to predict."""
        self.module_.eval()
        self.module_.load_state_dict(snapshot["weights"])
        load_state(self.optimizer_, snapshot["optimizer"])
        self.set_draws(snapshot["draws"])
        self.lowest_ = snapshot["lowest"]
        del self.history[snapshot["n_epochs"] :]

    def check_weights(self) -> None:
        """Raise if the last step made a weight infinite or NaN."""
        for name, value in self.module_.state_dict().items():
            # a sum is quicker; that of finite values may overflow
            if not (isfinite(value.sum().item()) or torch.isfinite(value).all()):
                raise self.diverged(
                    f"its last steps made the weights {name} infinite or NaN, a sign "
                    "of exploding gradients"
                )

    def check_trainable(self) -> None:
        """Raise if there is nothing to train."""
        if not any(p.requires_grad for p in self.module_.parameters()):
            raise ValueError(
                "a callback has frozen all weights, so there is nothing to train"
            )

    @property
    def is_normalized(self) -> bool:
        """Whether the network itself scales what it reads."""
        return getattr(self.module_, "input_normalization", None) is not None

    def dropouts(self) -> list[Dropout]:
        """The layers that draw at random."""
        return [layer for layer in self.module_.modules() if isinstance(layer, Dropout)]

    def torch_compile(self, module: Any, name: str) -> Any:
        """Like skorch's, but masks are drawn outside: a count in them moves on."""
        if self.compile:
            for layer in module.modules():
                if isinstance(layer, Dropout):
                    vars(layer)["forward"] = torch.compiler.disable(layer.forward)
        return super().torch_compile(module, name)

    def draws(self) -> list[int]:
        """How many masks each of them has drawn."""
        return [layer.n_draws for layer in self.dropouts()]

    def set_draws(self, draws: list[int]) -> None:
        """Continue after these draws."""
        for layer, n_draws in zip(self.dropouts(), draws, strict=True):
            layer.n_draws = n_draws

    def diverged(self, what: str) -> Diverged:
        """The error to raise if numbers are not finite."""
        rate = self.optimizer_.param_groups[0]["lr"]
        epoch = self.history[-1]["epoch"] if len(self.history) else 0
        advice = "Lower" if self.is_normalized else _SCALE
        text = _DIVERGED.format(what=what, epoch=epoch, rate=rate, advice=advice)
        return Diverged(text)

    def run_single_epoch(
        self,
        iterator: Any,
        training: bool,
        prefix: str,
        step_fn: Callable[..., dict[str, Any]],
        **fit_params: Any,
    ) -> None:
        """One pass; records ``<prefix>_loss``, and ``valid_score`` on held-out data."""
        if iterator is None:
            return
        self._set_training(training)
        if training:
            self.check_trainable()
        if not self.history[-1]["batches"]:
            self.history.new_batch()  # callbacks of skorch look for one
        if training and self._runs_compiled(iterator):
            return
        figures: list[float] = []
        losses, sizes, seen = [], [], []
        for y, weights, step in self._steps(iterator, training, step_fn, **fit_params):
            losses.append(step["loss"])
            if len(losses) == _LOSSES_ON_DEVICE:
                figures += _on_host(losses)
                losses.clear()
            sizes.append(len(step["y_pred"]))
            if not training:
                seen.append((y, step["y_pred"], weights))
        sizes = self.processes_.sum_counts(sizes) if training else sizes
        self.history.record(prefix + "_batch_count", len(sizes))
        self.record_loss(prefix, figures + _on_host(losses), sizes)
        if training:
            return
        if self.score is None:
            self.history.record("valid_score", -self.history[-1]["valid_loss"])
        else:
            self._record_score(self.score, *zip(*seen, strict=True))

    def listens_to_batches(self) -> bool:
        """Whether a callback is called at batches."""
        return any(map(self._has_listener, _OF_BATCHES))

    def _runs_compiled(self, iterator: Any) -> bool:
        """Train an epoch by the engine, if nobody listens to what it leaves out."""
        epochs = self.epochs_
        if epochs is None or not epochs.may_run():
            self.kernel_ = "torch"
            return False
        self.kernel_ = "compiled"
        losses, sizes = epochs.run(iterator)
        self.history.record("train_batch_count", len(sizes))
        self.record_loss("train", losses, sizes)
        return True

    def _steps(
        self,
        iterator: Any,
        training: bool,
        step_fn: Callable[..., dict[str, Any]],
        **fit_params: Any,
    ) -> Iterator[tuple[Any, Any, dict[str, Any]]]:
        """Targets, weights and result of the step of each batch."""
        is_heard = any(map(self._has_listener, _OF_BATCHES[:2]))
        if not (training or is_heard):
            outputs = self._compiled_outputs(iterator)
            if outputs is not None:
                yield from self._judged(*outputs)
                return
        for batch in iterator:
            inputs, (y, weights, _) = batch
            what = {"batch": (inputs, y), "training": training}
            if is_heard:
                self.notify("on_batch_begin", **what)
            step = step_fn(batch, **fit_params)
            if training and self.batch_rates_ is not None:
                self.batch_rates_.advance(self.optimizer_)
            if is_heard:
                self.notify("on_batch_end", **what, **step)
            yield y, weights, step

    def _compiled_outputs(self, iterator: Any) -> Any:
        """Held-out samples in order, their outputs from the engine, and batch sizes."""
        if self.processes_.count > 1:
            return None
        order, sizes = iterator._plan()
        raw = raw_outputs(self, iterator.dataset, order)
        if raw is None:
            return None
        return iterator.dataset.in_order(order), torch.from_numpy(raw), sizes

    def _judged(
        self, data: Any, outputs: torch.Tensor, sizes: list[int]
    ) -> Iterator[tuple[Any, Any, dict[str, Any]]]:
        """Like :meth:`_steps`, from outputs (sample, output) that are known."""
        first = 0
        for size in sizes:
            part = slice(first, first + size)
            first += size
            targets = data.targets_of(part)
            if targets[2] > 0:
                step = self._losses_of(outputs[part], targets)
                yield targets[0], targets[1], step

    def train_step(self, batch: Any, **fit_params: Any) -> dict[str, Any]:
        """One step of the optimiser, with a closure only if it may need one."""
        if self.uses_closure:
            return super().train_step(batch, **fit_params)
        self.optimizer_.zero_grad()
        step = self.train_step_single(batch)
        if self._has_listener("on_grad_computed"):
            named = TeeGenerator(self.get_all_learnable_params())
            self.notify(
                "on_grad_computed", named_parameters=named, batch=batch, training=True
            )
        self.optimizer_.step()
        return step

    def train_step_single(self, batch: Any, **fit_params: Any) -> dict[str, Any]:
        """Loss and gradient of one batch, both with the penalty."""
        loss, raw = self.gradients_.compute(*batch)
        if self.max_grad_norm is not None:
            parameters = (p for _, p in self.get_all_learnable_params())
            clip_grad_norm_(parameters, self.max_grad_norm)
        return {"loss": loss, "y_pred": raw}

    def validation_step(self, batch: Any, **fit_params: Any) -> dict[str, Any]:
        inputs, targets = batch
        with torch.no_grad():
            return self._losses_of(self.module_(**inputs), targets)

    @torch.no_grad()
    def _losses_of(self, raw: torch.Tensor, targets: Any) -> dict[str, Any]:
        """The loss of outputs in evaluation mode, in the units of training."""
        normalization = getattr(self.module_, "output_normalization", None)
        if normalization is not None:
            raw = normalization(raw)
        loss = self.criterion_(raw, *targets)
        return {
            "loss": self.criterion_.reported(loss, raw, *targets),
            "y_pred": raw,
        }

    def penalty(self) -> float:
        """The L2 penalty in the loss of a full batch."""
        strength = self.alpha / self.batch_size
        return float(self.gradients_.add_penalty(torch.zeros(()), strength))

    def _has_listener(self, method_name: str) -> bool:
        """Whether any callback does something at this event."""
        silent = getattr(Callback, method_name)
        return any(
            getattr(type(callback), method_name, None) is not silent
            for _, callback in self.callbacks_
        )

    def record_loss(self, prefix: str, losses: list[float], sizes: list[int]) -> None:
        """Note the loss of an epoch, the mean over its batches."""
        loss = sum(map(mul, losses, sizes)) / sum(sizes)
        loss = self.processes_.broadcast(loss)  # rounding may change its last bit
        if not np.isfinite(loss):
            raise self.diverged(how_it_diverged(self.history, prefix, losses))
        name = prefix + "_loss"
        self.history.record(name, loss)
        self.history.record(name + "_best", loss < self.lowest_.get(name, np.inf))
        self.lowest_[name] = min(loss, self.lowest_.get(name, np.inf))

    def _record_score(
        self, score: Callable[..., float], targets: Any, outputs: Any, weights: Any
    ) -> None:
        """Score all batches together, each given as a tuple over the batches."""
        merit = score(
            torch.cat(targets).cpu().numpy(),
            self.criterion_.predictions(torch.cat(outputs)).cpu().numpy(),
            None if weights[0] is None else torch.cat(weights).cpu().numpy(),
        )
        merit = self.processes_.broadcast(float(merit))
        self.history.record("valid_score", merit)


def _on_host(losses: list[torch.Tensor]) -> list[float]:
    """Read all of them from the device at once."""
    if not losses:
        return []
    return [losses[0].item()] if len(losses) == 1 else torch.stack(losses).tolist()
