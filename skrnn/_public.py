"""The module that public classes report as theirs."""

from __future__ import annotations

from typing import Any


def set_public_module(namespace: dict[str, Any]) -> None:
    """Make the public classes of a package name it as their module.

    Files of fitted estimators name a class by its module. They name the package that
    users import from, so that they survive every move of the code inside it.

    Parameters
    ----------
    namespace : dict
        The ``globals()`` of the package.
    """
    for name in namespace["__all__"]:
        if isinstance(namespace[name], type):
            namespace[name].__module__ = namespace["__name__"]
