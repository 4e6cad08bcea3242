"""Small real data sets that ship with the package."""

from ._electricity import load_electricity
from ._fashion_mnist import load_fashion_mnist
from ._household_power import load_household_power
from ._reviews import load_reviews
from ._stocks import load_stocks

__all__ = [
    "load_electricity",
    "load_fashion_mnist",
    "load_household_power",
    "load_reviews",
    "load_stocks",
]
