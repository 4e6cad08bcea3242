"""Windows into rows: the one data structure, in plain NumPy."""

from ._checks import PADDING
from ._consecutive import check_consecutive, joined
from ._constant import constant_columns
from ._dense import dense_windows
from ._frames import (
    Series,
    frame_rows,
    has_time,
    instances_of,
    is_panel,
    looks_like_series,
    next_time_by,
    refuse_complex,
    series_of,
)
from ._names import feature_names
from ._origins import Origins, hold_out_last_origins, origins_within
from ._ragged import as_sequences, concatenate_sequences, n_axes
from ._reading import reading, refuse_mask, unmasked
from ._series import too_long_a_window
from ._split import overlap, split_windows_in_time, time_ordered_split
from ._steps import Steps, begins_missing, read_steps
from ._targets import windows_with_targets
from ._windows import Windows

__all__ = [
    "PADDING",
    "Origins",
    "Series",
    "Steps",
    "Windows",
    "as_sequences",
    "begins_missing",
    "check_consecutive",
    "concatenate_sequences",
    "constant_columns",
    "dense_windows",
    "feature_names",
    "frame_rows",
    "has_time",
    "hold_out_last_origins",
    "instances_of",
    "is_panel",
    "joined",
    "looks_like_series",
    "n_axes",
    "next_time_by",
    "origins_within",
    "overlap",
    "read_steps",
    "reading",
    "refuse_complex",
    "refuse_mask",
    "series_of",
    "split_windows_in_time",
    "time_ordered_split",
    "too_long_a_window",
    "unmasked",
    "windows_with_targets",
]
