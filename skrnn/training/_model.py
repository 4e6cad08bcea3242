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
from ._state import set_weights, weights_of
from ._stopping import Outcome
from ._train import train


class Model:
    """A network on its device, with the settings that it is trained with.

    Parameters
    ----------
    module_class : type of torch.nn.Module
    module_params : dict
        Its arguments, ``dtype`` among them.
    loss : torch.nn.Module
        What is minimised.
    settings : Settings
    asked_device : str or torch.device
        As the user names it.
    resolve : callable
        Gives the device for that name and a dtype.
    """

    def __init__(
        self,
        module_class: type[nn.Module],
        module_params: dict[str, Any],
        loss: nn.Module,
        settings: Settings,
        asked_device: Any,
        resolve: Callable[[Any, str], torch.device] = resolve_device,
    ) -> None:
        self.module_class = module_class
        self.module_params = module_params
        self.loss = loss
        self.build(settings, asked_device, resolve)

    def build(
        self,
        settings: Settings,
        asked_device: Any,
        resolve: Callable[[Any, str], torch.device] = resolve_device,
    ) -> None:
        """Make a new net."""
        self.settings = settings.without_callbacks()
        self.asked_device = asked_device
        self.device = resolve(asked_device, self.module_params["dtype"])
        self.net = build_net(
            self.module_class,
            self.module_params,
            self.loss,
            self.settings,
            None,
            self.device,
        )

    def rebuild(self, settings: Settings, asked_device: Any) -> None:
        """Make a new net with the same weights, to train it in another way or place."""
        weights = self.weights
        self.build(settings, asked_device)
        set_weights(self.net, weights)

    @property
    def weights(self) -> dict[str, np.ndarray]:
        """Of the network, by name."""
        return weights_of(self.net)

    def train(self, *data_and_settings: Any, **options: Any) -> Outcome:
        """Train the net as :func:`~skrnn.training.train` does."""
        return train(self.net, *data_and_settings, **options)

    def state(self) -> dict[str, Any]:
        """What a file holds: weights, settings and the name of the device, as data."""
        return {
            "net": self.weights,
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
    ) -> Self:
        """The model of a :meth:`state`, on a device that is available here."""
        settings, device = Settings(**state["settings"]), state["asked_device"]
        how = (settings, device, device_after_loading)
        model = cls(module_class, module_params, loss, *how)
        set_weights(model.net, state["net"])
        return model
