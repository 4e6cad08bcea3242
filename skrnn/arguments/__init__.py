"""What users pass by name: parameters stated once, and advice about other words."""

from ._parameters import parameter, parameters, revised, text_of
from ._values import check_values
from ._vocabulary import Vocabulary

__all__ = [
    "Vocabulary",
    "check_values",
    "parameter",
    "parameters",
    "revised",
    "text_of",
]
