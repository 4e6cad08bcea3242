"""Windows into rows: the one data structure, in plain NumPy."""

from ._series import too_long_a_window
from ._split import overlap, split_windows_in_time, time_ordered_split
from ._targets import windows_with_targets
from ._windows import Windows

__all__ = [
    "Windows",
    "overlap",
    "split_windows_in_time",
    "time_ordered_split",
    "too_long_a_window",
    "windows_with_targets",
]
