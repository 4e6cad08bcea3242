"""What is written into files of fitted estimators, and how it is read again."""

from ._checksum import FORMAT, cannot_be_built, pack, unpack
from ._packed import PackedState
from ._trusted import TRUSTED_TYPES

__all__ = [
    "FORMAT",
    "TRUSTED_TYPES",
    "PackedState",
    "cannot_be_built",
    "pack",
    "unpack",
]
