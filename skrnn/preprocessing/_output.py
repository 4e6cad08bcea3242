"""What comes out of transformers of sequences."""

from __future__ import annotations

from typing import Self


class SequenceOutput:
    """A transformer whose output no DataFrame can hold."""

    def set_output(self, *, transform: str | None = None) -> Self:
        """Do nothing: sequences come out as sequences.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            Ignored, so that ``pipeline.set_output`` reaches the other steps.

        Returns
        -------
        self : object
        """
        return self
