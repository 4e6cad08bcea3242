"""Small real data sets that ship with the package."""

from ._reviews import load_reviews
from ._stocks import load_stocks

__all__ = ["load_reviews", "load_stocks"]
