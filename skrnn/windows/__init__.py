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
from ._moments import ChangeSizes, Moments, weights_of_changes, weights_of_rows
from ._names import feature_names
from ._origins import (
    Origins,
    hold_out_last_origins,
    origins_within,
    windows_with_targets,
)
from ._overlap import check_consecutive, joined, overlap
from ._recent import WindowArrays
from ._split import split_windows_in_time, time_ordered_split
from ._squashing import LARGEST_SQUASHED, Squashing, kurtosis_of, squashed
from ._step_targets import StepTargets, begins_missing, read_steps
from ._validation import PADDING, constant_columns, reading, refuse_mask, unmasked
from ._windows import Windows
