"""torch's optimisers where scikit-learn's of the same name take other steps."""

from __future__ import annotations

import math
from typing import Any

import torch


class Adam(torch.optim.Adam):
    """Adam with ``eps`` added after the correction of the bias, not before.

    So scikit-learn does it, and the paper in its last line of section 2; torch adds it
    to the corrected root of the second moment.
    """

    def __init__(self, params: Any, **options: Any) -> None:
        super().__init__(params, **options)
        for group in self.param_groups:
            group |= {"epsilon": group["eps"], "n_steps": 0}

    def step(self, closure: Any = None) -> Any:
        for group in self.param_groups:
            group["n_steps"] += 1
            correction = 1 - group["betas"][1] ** group["n_steps"]
            group["eps"] = group["epsilon"] / math.sqrt(correction)
        if closure is None and all(map(self._is_plain, self.param_groups)):
            return self._plain_step()
        return super().step(closure)

    def _is_plain(self, group: dict[str, Any]) -> bool:
        """Whether the fused kernel can be called right away: it is all that is needed.

        The checks of ``torch.optim.Adam.step`` take longer than a small step itself.
        """
        return (
            bool(group["fused"])
            and not (group["amsgrad"] or group["maximize"] or group["weight_decay"])
            and isinstance(group["lr"], float)
            and all(p.grad is not None and p in self.state for p in group["params"])
        )

    @torch.no_grad()
    def _plain_step(self) -> None:
        for group in self.param_groups:
            states = [self.state[p] for p in group["params"]]
            steps = [state["step"] for state in states]
            torch._foreach_add_(steps, 1)
            torch._fused_adam_(
                group["params"],
                [p.grad for p in group["params"]],
                [state["exp_avg"] for state in states],
                [state["exp_avg_sq"] for state in states],
                [],
                steps,
                lr=group["lr"],
                beta1=group["betas"][0],
                beta2=group["betas"][1],
                weight_decay=0.0,
                eps=group["eps"],
                amsgrad=False,
                maximize=False,
            )


class SGD(torch.optim.SGD):
    """SGD whose momentum is a velocity that holds the learning rates of its steps.

    torch multiplies all of the momentum with the newest rate. The two are the same
    while the rate is constant.
    """

    def step(self, closure: Any = None) -> Any:
        for group in self.param_groups:
            last, rate = group.get("last_lr", group["lr"]), group["lr"]
            if rate > 0:
                group["last_lr"] = rate
                if rate != last:
                    self._rescale(group, last / rate)
        return super().step(closure)

    def _rescale(self, group: dict[str, Any], factor: float) -> None:
        for parameter in group["params"]:
            buffer = self.state[parameter].get("momentum_buffer")
            if buffer is not None:
                buffer.mul_(factor)
