"""Windows into rows: the one data structure, in plain NumPy."""

from ._arrays import n_axes, too_long_a_window
from ._forms import Form, form_of, read_rows, read_windows
from ._frames import (
    Series,
    has_time,
    instances_of,
    is_panel,
    looks_like_series,
    next_time_by,
    refuse_complex,
    series_of,
)
from ._names import feature_names
from ._origins import (
    Origins,
    hold_out_last_origins,
    origins_within,
    windows_with_targets,
)
from ._overlap import check_consecutive, joined, overlap
from ._split import split_windows_in_time, time_ordered_split
from ._step_targets import StepTargets, begins_missing, read_steps
from ._validation import PADDING, constant_columns, reading, refuse_mask, unmasked
from ._windows import Windows

__all__ = [
    "PADDING",
    "Form",
    "Origins",
    "Series",
    "StepTargets",
    "Windows",
    "begins_missing",
    "check_consecutive",
    "constant_columns",
    "feature_names",
    "form_of",
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
    "read_rows",
    "read_steps",
    "read_windows",
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
