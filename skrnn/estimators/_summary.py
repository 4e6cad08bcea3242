"""The layers of a fitted network, as a readable summary."""

from __future__ import annotations

from html import escape

from ..modules import LayerOutline

_HEADER = ("layer", "kind", "output shape", "parameters")


class NetworkSummary:
    """Layers, shapes and numbers of parameters; text, or a table in a notebook.

    Parameters
    ----------
    title : str
    layers : list of LayerOutline

    Attributes
    ----------
    n_parameters : int
        Number of values that the network learns.
    """

    def __init__(self, title: str, layers: list[LayerOutline]) -> None:
        self.title = title
        self.layers = layers
        self.n_parameters = sum(layer.n_parameters for layer in layers)

    def _cells(self) -> list[tuple[str, str, str, str]]:
        rows = [(*layer[:3], f"{layer.n_parameters:,}") for layer in self.layers]
        return [*rows, ("total", "", "", f"{self.n_parameters:,}")]

    def __repr__(self) -> str:
        rows = [_HEADER, *self._cells()]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = []
        for row in rows:
            cells = [c.ljust(w) for c, w in zip(row[:3], widths[:3], strict=True)]
            lines.append("  ".join([*cells, row[3].rjust(widths[3])]))
        return "\n".join([self.title, *lines])

    def _repr_html_(self) -> str:
        header = "".join(f"<th>{name}</th>" for name in _HEADER)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self._cells()
        )
        return (
            f"<table><caption>{escape(self.title)}</caption>"
            f"<thead><tr>{header}</tr></thead><tbody>{body}</tbody></table>"
        )
