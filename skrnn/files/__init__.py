"""What is written into files of fitted estimators, and how it is read again."""

from ._checksum import FORMAT, PackedState, cannot_be_built, pack, unpack
from ._trusted import TRUSTED_TYPES
