"""The content of files of fitted estimators, and how to read it again."""

from ._checksum import FORMAT, PackedState, cannot_be_built, pack, unpack
from ._trusted import TRUSTED_TYPES
