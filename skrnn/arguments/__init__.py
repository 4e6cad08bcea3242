"""Arguments: parameters, each declared once, and advice about unknown words."""

from ._parameters import parameter, parameters, revised, text_of
from ._vocabulary import Vocabulary
