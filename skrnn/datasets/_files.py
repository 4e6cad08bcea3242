"""The files that ship with the package."""

from __future__ import annotations

from importlib import resources
from typing import Any


def read_table(name: str, **options: Any) -> Any:
    """The table ``data/<name>.csv.gz`` as a DataFrame."""
    import pandas as pd

    with data_folder().joinpath(f"{name}.csv.gz").open("rb") as file:
        return pd.read_csv(file, compression="gzip", **options)


def read_description(name: str) -> str:
    """The text of ``data/<name>.rst``: source, licence, what was changed."""
    return data_folder().joinpath(f"{name}.rst").read_text(encoding="utf-8")


def data_folder() -> Any:
    """Where the files are."""
    return resources.files(__package__) / "data"
