"""Small real data sets that ship with the package."""

from ._stocks import load_stocks

__all__ = ["load_stocks"]
