"""What users pass by name: parameters stated once, and advice about other words."""

from ._parameters import parameter, parameters, revised, text_of
from ._vocabulary import Vocabulary
