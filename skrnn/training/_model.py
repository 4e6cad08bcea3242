"""A network on its device: built, trained, and taken apart for a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
import torch
from torch import nn

from ._build import build_net
from ._device import as_text, device_after_loading, resolve_device
from ._settings import Settings
from ._state import momenta_of, set_momenta, set_weights, weights_of
from ._stopping import Outcome
from ._train import train

_MAY_CHANGE = ("seed", "dropout")  # ends of their names
_OFTEN_WITHOUT_WEIGHTS = ("activation", "pooling")


class Model:
    """A network on its device, with the settings that it is trained with.

    Parameters
    ----------
    module_class : type of torch.nn.Module
    module_params : dict
        Its arguments, ``dtype`` among them.
    loss : torch.nn.Module
        The loss to minimise.
    settings : Settings
    asked_device : str or torch.device
        The device, as the user names it.
    score : callable, default=None
        Validation score; None is minus the loss.
    resolve : callable
        Returns the device for that name and a dtype.
    """

    def __init__(
        self,
        module_class: type[nn.Module],
        module_params: dict[str, Any],
        loss: nn.Module,
        settings: Settings,
        asked_device: Any,
        *,
        score: Callable[..., float] | None = None,
        resolve: Callable[[Any, str], torch.device] = resolve_device,
    ) -> None:
        self.module_class = module_class
        self.module_params = module_params
        self.loss = loss
        self.settings = settings.without_callbacks()
        self.asked_device = asked_device
        self.score = score
        self.device = resolve(asked_device, module_params["dtype"])
        self.net = build_net(
            module_class, module_params, loss, settings, score, self.device
        )

    def rebuilt(self, settings: Settings, asked_device: Any, **changes: Any) -> Model:
        """A model with a new net of the same weights, to be trained in another way.

        Parameters
        ----------
        settings : Settings
        asked_device : str or torch.device
        **changes
            Another ``loss`` or ``score``, or some ``module_params``.

        Raises
        ------
        ValueError
            If the module would have other weights.
        """
        module_params = changes.pop("module_params", {})
        self._check_same_weights(module_params)
        model = Model(
            self.module_class,
            {**self.module_params, **module_params},
            changes.pop("loss", self.loss),
            settings,
            asked_device,
            **{"score": self.score, **changes},
        )
        set_weights(model.net, self.weights)
        return model

    def _check_same_weights(self, today: dict[str, Any]) -> None:
        """Raise if the present parameters need other weights than the model has.

        Dropouts of any kind may change. So may the activation and the pooling, unless
        they bring weights of their own or another code, whose biases are others.
        """
        # a file from before there was a parameter lacks it
        fitted = {**getattr(self.module_class, "defaults", {}), **self.module_params}
        changed = [
            name
            for name, value in today.items()
            if fitted[name] != value and not name.endswith(_MAY_CHANGE)
        ]
        others = [name for name in changed if name not in _OFTEN_WITHOUT_WEIGHTS]
        if not changed or (not others and self._shapes({}) == self._shapes(today)):
            return
        name = (others or changed)[0]
        raise ValueError(
            f"warm_start continues with the network of the last fit, whose {name} was "
            f"{fitted[name]}, is now {today[name]}; set it back, or set "
            "warm_start=False to train a new network"
        )

    def _shapes(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Shapes of the weights after a change of parameters."""
        module = self.module_class(**{**self.module_params, **changes, "seed": 0})
        return {name: weight.shape for name, weight in module.state_dict().items()}

    @property
    def weights(self) -> dict[str, np.ndarray]:
        """The weights of the network, by name."""
        return weights_of(self.net)

    def begin_with(self, weights: dict[str, np.ndarray]) -> None:
        """Take the weights of another network of the same kind."""
        set_weights(self.net, weights)

    def train(self, *data_and_settings: Any, **options: Any) -> Outcome:
        """Train the net as :func:`~skrnn.training.train` does."""
        return train(self.net, *data_and_settings, **options)

    def state(self, *, with_momenta: bool = False) -> dict[str, Any]:
        """The model as data: weights, settings and the name of the device."""
        return {
            "net": self.weights,
            "momenta": momenta_of(self.net) if with_momenta else None,
            "settings": vars(self.settings).copy(),
            "asked_device": as_text(self.asked_device),
        }

    @classmethod
    def from_state(
        cls,
        module_class: type[nn.Module],
        module_params: dict[str, Any],
        loss: nn.Module,
        state: dict[str, Any],
        *,
        score: Callable[..., float] | None = None,
    ) -> Self:
        """The model of a :meth:`state`, on a device that is available here."""
        model = cls(
            module_class,
            module_params,
            loss,
            Settings(**state["settings"]),
            state["asked_device"],
            score=score,
            resolve=device_after_loading,
        )
        set_weights(model.net, state["net"])
        if state["momenta"] is not None:
            set_momenta(model.net, state["momenta"])
        return model
