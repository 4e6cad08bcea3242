"""Whether the network of the last fit can be trained further."""

from __future__ import annotations

from typing import Any

_OFTEN_WITHOUT_WEIGHTS = ("activation", "pooling")


def check_same_network(
    module_class: type, fitted: dict[str, Any], today: dict[str, Any]
) -> None:
    """Raise if today's parameters of a module ask for other weights than the last fit.

    Dropouts of any kind may change. So may the activation and the pooling, unless they
    bring weights of their own or another code, whose biases are others.
    """
    changed = [
        name
        for name, value in today.items()
        if fitted[name] != value and not name.endswith("dropout")
    ]
    others = [name for name in changed if name not in _OFTEN_WITHOUT_WEIGHTS]
    if not changed or (
        not others and _shapes(module_class, fitted) == _shapes(module_class, today)
    ):
        return
    name = (others or changed)[0]
    raise ValueError(
        f"warm_start continues with the network of the last fit, whose {name} was "
        f"{fitted[name]}, is now {today[name]}; set it back, or set warm_start=False "
        "to begin anew"
    )


def _shapes(module_class: type, params: dict[str, Any]) -> dict[str, Any]:
    weights = module_class(**{**params, "seed": 0}).state_dict()
    return {name: weight.shape for name, weight in weights.items()}
