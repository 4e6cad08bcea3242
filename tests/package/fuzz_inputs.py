"""Inputs of every form that a user may come with, made from short recipes."""

from __future__ import annotations

import datetime
import tempfile
import warnings
from collections import UserList
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import scipy.sparse as sp
import torch
from hypothesis import strategies as st

from skrnn import Windows

from .fuzz_values import DTYPES, FILLS, as_type, filled


@dataclass(frozen=True)
class Recipe:
    """How to make one input: a container around values of a kind and a type."""

    form: str
    fill: str
    dtype: str
    shape: tuple[int, ...]  # (sample, time, feature)
    seed: int = 0

    def values(self) -> np.ndarray:
        """Numbers of the shape, before they are put into a container."""
        rng = np.random.default_rng(self.seed)
        return as_type(filled(self.fill, self.shape, rng), self.dtype)

    def made(self) -> Any:
        """The input."""
        return FORMS[self.form](self.values())


def _table(values: np.ndarray) -> np.ndarray:
    return values[:, :, 0] if values.shape[2] else values.reshape(len(values), 0)


def _frame(values: np.ndarray) -> pd.DataFrame:
    table = _table(values)
    return pd.DataFrame(table, columns=[f"c{i}" for i in range(table.shape[1])])


def _rows(values: np.ndarray) -> np.ndarray:
    return values.reshape(len(values) * values.shape[1], values.shape[2])


def _panel(values: np.ndarray, times: Any = None, extra: bool = False) -> pd.DataFrame:
    n, t, f = values.shape
    times = range(t) if times is None else times(t)
    levels = [range(n), times] if not extra else [["a"], range(n), times]
    index = pd.MultiIndex.from_product(levels)
    rows = values.reshape(n * t, f)
    return pd.DataFrame(rows, index, columns=[f"v{i}" for i in range(f)])


def _dates(t: int) -> pd.DatetimeIndex:
    return pd.date_range("2020-03-28", periods=t, freq="12h", tz="Europe/Berlin")


def _extension(dtype: str) -> Any:
    def make(values: np.ndarray) -> Any:
        if values.dtype.kind not in "fiub" or not values.dtype.isnative:
            values = filled("noise", values.shape, np.random.default_rng(0))
        frame = _frame(values).astype("float64")
        if dtype in ("Int64", "boolean", "int64[pyarrow]"):
            frame = frame.round().clip(-100, 100)
            frame = frame.mask(~np.isfinite(frame))
            if dtype == "boolean":
                frame = frame.where(frame.isna(), frame > 0)
        if dtype == "Sparse":
            return frame.astype(pd.SparseDtype("float64", 0.0))
        return frame.astype(dtype)

    return make


def _strided(values: np.ndarray) -> np.ndarray:
    wide = np.zeros(
        (values.shape[0], 2 * values.shape[1], values.shape[2]), values.dtype
    )
    wide[:, ::2] = values
    return wide[:, ::2]


def _read_only(values: np.ndarray) -> np.ndarray:
    values = values.copy()
    values.flags.writeable = False
    return values


def _memmap(values: np.ndarray) -> np.ndarray:
    if values.size == 0 or values.dtype == object:
        return values
    with tempfile.TemporaryFile() as file:
        mapped = np.memmap(file, values.dtype, "w+", shape=values.shape)
    mapped[:] = values
    return mapped


def _masked(values: np.ndarray) -> np.ma.MaskedArray:
    mask = np.zeros(values.shape, bool)
    mask.flat[:1] = True
    return np.ma.MaskedArray(values, mask)


def _sliding(values: np.ndarray) -> np.ndarray:
    rows = _rows(values)
    width = max(1, min(values.shape[1], len(rows)))
    if len(rows) == 0:
        return values
    view = np.lib.stride_tricks.sliding_window_view(rows, width, axis=0)
    return view.swapaxes(1, 2)[: len(values)]


def _with_odd_cell(cell: Any) -> Any:
    def make(values: np.ndarray) -> np.ndarray:
        table = _table(values).astype(object)
        table.flat[-1:] = cell
        return table

    return make


def _ragged(values: np.ndarray) -> list[np.ndarray]:
    return [one[: 1 + i % max(1, len(one))] for i, one in enumerate(values)]


def _object_array(values: np.ndarray) -> np.ndarray:
    out = np.empty(len(values), dtype=object)
    for i, one in enumerate(_ragged(values)):
        out[i] = one
    return out


def _nested(values: np.ndarray) -> pd.DataFrame:
    n, _, f = values.shape
    cells = {f"d{j}": [pd.Series(values[i, :, j]) for i in range(n)] for j in range(f)}
    return pd.DataFrame(cells)


def _duplicate_names(values: np.ndarray) -> pd.DataFrame:
    frame = _frame(values)
    frame.columns = ["c"] * frame.shape[1]
    return frame


def _mixed_names(values: np.ndarray) -> pd.DataFrame:
    frame = _frame(values)
    frame.columns = [0, *frame.columns[1:]] if frame.shape[1] else frame.columns
    return frame


def _polars(values: np.ndarray, with_null: bool = False) -> Any:
    table = _table(values)
    columns = {f"c{i}": table[:, i].tolist() for i in range(table.shape[1])}
    if with_null and columns and len(table):
        columns["c0"][0] = None
    return pl.DataFrame(columns, strict=False)


def _sparse(form: str) -> Any:
    def make(values: np.ndarray) -> Any:
        if values.dtype.kind not in "fiubc" or values.dtype == np.float16:
            values = np.nan_to_num(
                filled("noise", values.shape, np.random.default_rng(0))
            )
        return getattr(sp, form)(_table(values))

    return make


def _records(values: np.ndarray) -> np.ndarray:
    return np.array([(i, 2.0) for i in range(len(values))], dtype="i4,f8")


def _tensor(values: np.ndarray) -> Any:
    numeric = values.dtype.kind in "fiub" and values.dtype.isnative
    is_known = numeric and values.dtype.itemsize <= 8
    return torch.from_numpy(values.copy()) if is_known else values


class ArrayLike:
    """Something that only has ``__array__``."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.values, dtype=dtype)


def _windows(values: np.ndarray) -> Any:
    rows = _rows(values)
    t = values.shape[1]
    if rows.dtype.kind not in "fiub" or rows.size == 0:
        return values
    return Windows(rows, np.arange(len(values)) * t, np.full(len(values), t))


ORDINARY = {
    "3d": lambda v: v,
    "2d": _table,
    "list_of_lists": lambda v: _table(v).tolist(),
    "nested_lists": lambda v: v.tolist(),
    "list_of_arrays": list,
    "ragged": _ragged,
    "object_array": _object_array,
    "frame": _frame,
    "panel": _panel,
    "windows": _windows,
    "sliding": _sliding,
}
LAYOUTS = {
    "fortran": np.asfortranarray,
    "fortran_2d": lambda v: np.asfortranarray(_table(v)),
    "reversed_samples": lambda v: v[::-1],
    "reversed_time": lambda v: v[:, ::-1],
    "reversed_2d": lambda v: _table(v)[:, ::-1],
    "strided": _strided,
    "broadcast": lambda v: np.broadcast_to(v[:1], v.shape),
    "broadcast_time": lambda v: np.broadcast_to(v[:, :1], v.shape),
    "broadcast_2d": lambda v: np.broadcast_to(_table(v)[:, :1], v.shape[:2]),
    "transposed": lambda v: v.transpose(2, 1, 0).copy().transpose(2, 1, 0),
    "read_only": _read_only,
    "read_only_2d": lambda v: _read_only(_table(v)),
    "memmap": _memmap,
    "memmap_2d": lambda v: _memmap(_table(v)),
    "masked": _masked,
    "masked_2d": lambda v: _masked(_table(v)),
    "matrix": lambda v: np.asmatrix(_table(v)),
    "tuple": lambda v: tuple(map(tuple, _table(v).tolist())),
    "torch": _tensor,
    "array_like": ArrayLike,
    "user_list": lambda v: UserList(_table(v).tolist()),
    "1d": lambda v: v.ravel(),
    "0d": lambda v: v.ravel()[0] if v.size else np.float64(1),
    "4d": lambda v: v[..., None],
}
PANDAS = {
    **{name: _extension(name) for name in (
        "Int64", "boolean", "Float32", "Float64", "string", "category",
        "double[pyarrow]", "int64[pyarrow]", "Sparse", "object",
    )},
    "panel_dates": lambda v: _panel(v, _dates),
    "panel_periods": lambda v: _panel(
        v, lambda t: pd.period_range("2020", periods=t, freq="M")),
    "panel_names": lambda v: _panel(v, lambda t: [f"t{i}" for i in range(t)]),
    "panel_three_levels": lambda v: _panel(v, extra=True),
    "panel_shuffled": lambda v: _panel(v).sample(frac=1, random_state=0),
    "panel_duplicates": lambda v: _panel(v, lambda t: [0] * t),
    "panel_time_first": lambda v: _panel(v).swaplevel(),
    "panel_nat": lambda v: _panel(
        v, lambda t: [pd.NaT, *pd.date_range("2020", periods=t)][:t]),
    "panel_one_level": lambda v: _frame(v).set_index(
        pd.MultiIndex.from_arrays([range(len(v))])),
    "panel_series": lambda v: _panel(v)["v0"] if v.shape[2] else _panel(v),
    "nested_frame": _nested,
    "series": lambda v: pd.Series(v.ravel()),
    "series_of_arrays": lambda v: pd.Series(list(v), dtype=object),
    "duplicate_names": _duplicate_names,
    "mixed_names": _mixed_names,
    "multi_columns": lambda v: _frame(v).set_axis(
        pd.MultiIndex.from_product([["a"], range(_table(v).shape[1])]), axis=1),
    "dates_going_back": lambda v: _frame(v).set_axis(
        pd.date_range("2020", periods=len(v))[::-1], axis=0),
    "zoned_dates": lambda v: _frame(v).set_axis(_dates(len(v)), axis=0),
    "same_dates": lambda v: _frame(v).set_axis(
        pd.DatetimeIndex(["2020-01-01"] * len(v)), axis=0),
    "date_objects": lambda v: _frame(v).set_axis(
        [datetime.date(2020, 1, 1)] * len(v), axis=0),
    "categorical_index": lambda v: _frame(v).set_axis(
        pd.CategoricalIndex(range(len(v))), axis=0),
    "interval_index": lambda v: _frame(v).set_axis(
        pd.interval_range(0, len(v)), axis=0),
}  # fmt: skip
FOREIGN = {
    "polars": _polars,
    "polars_null": lambda v: _polars(v, with_null=True),
    "polars_series": lambda v: pl.Series("a", [float(i) for i in range(v.size)]),
    "polars_lists": lambda v: pl.Series("a", [[0.5] * v.shape[1]] * len(v)),
    "polars_lazy": lambda v: _polars(v).lazy(),
    **{f"sparse_{form}": _sparse(form) for form in (
        "csr_matrix", "csc_matrix", "coo_matrix", "bsr_matrix", "lil_matrix",
        "dok_matrix", "dia_matrix", "csr_array", "coo_array",
    )},
    "odd_none": _with_odd_cell(None),
    "odd_decimal": _with_odd_cell(Decimal("1.5")),
    "odd_fraction": _with_odd_cell(Fraction(1, 3)),
    "odd_text": _with_odd_cell("a"),
    "odd_huge_int": _with_odd_cell(10**400),
    "odd_na": _with_odd_cell(pd.NA),
    "odd_dict": _with_odd_cell({}),
    "ragged_lists": lambda v: [[1.0] * (1 + i % 3) for i in range(len(v))],
    "deep_ragged": lambda v: [[[1.0], [2.0, 3.0]] for _ in range(len(v))],
    "sequences_with_empty": lambda v: [*_ragged(v), np.empty((0, v.shape[2]))],
    "sequences_of_two_widths": lambda v: [*_ragged(v), np.ones((2, 7))],
    "sequences_with_none": lambda v: [*_ragged(v), None],
    "sequences_with_text": lambda v: [*_ragged(v), "abc"],
    "list_of_frames": lambda v: [pd.DataFrame(one) for one in v],
    "list_of_dicts": lambda v: [{"a": 1.0} for _ in v],
    "list_of_series": lambda v: [pd.Series(one) for one in _table(v)],
    "list_of_polars": lambda v: [pl.Series("a", [1.0, 2.0]) for _ in v],
    "list_of_sparse": lambda v: [sp.csr_matrix(np.ones((2, 2))) for _ in v],
    "list_of_none": lambda v: [None] * len(v),
    "words": lambda v: ["some words here"] * len(v),
    "lists_of_words": lambda v: [["some", "words"]] * len(v),
    "empty_list": lambda v: [],
    "empty_lists": lambda v: [[]] * len(v),
    "empty_string": lambda v: "",
    "string": lambda v: "text",
    "bytes": lambda v: b"text",
    "none": lambda v: None,
    "number": lambda v: 3.5,
    "bool": lambda v: True,
    "dict": lambda v: {"a": _table(v)[:, 0] if v.shape[1] and v.shape[2] else []},
    "empty_dict": lambda v: {},
    "set": lambda v: set(range(len(v))),
    "generator": lambda v: (one for one in v),
    "iterator": lambda v: iter(v.tolist()),
    "range": lambda v: range(len(v)),
    "function": lambda v: len,
    "class": lambda v: int,
    "object": lambda v: object(),
    "records": _records,
    "empty_frame": lambda v: pd.DataFrame(),
    "frame_without_columns": lambda v: pd.DataFrame(index=range(len(v))),
    "index": lambda v: pd.RangeIndex(len(v)),
}  # fmt: skip
FORMS: dict[str, Any] = {**ORDINARY, **LAYOUTS, **FOREIGN}
FORMS.update(
    {name if name not in FORMS else f"{name}_frame": f for name, f in PANDAS.items()}
)


def shapes(n_samples: int = 8, n_timesteps: int = 4, n_features: int = 2) -> Any:
    """Mostly the shape that is expected, now and then another or an empty one."""
    usual = (n_samples, n_timesteps, n_features)
    odd = st.tuples(
        st.sampled_from([n_samples, 0, 1, 2]),
        st.sampled_from([n_timesteps, 0, 1, 3]),
        st.sampled_from([n_features, 0, 1, 3]),
    )
    single = st.just((n_samples, n_timesteps, 1))
    return st.one_of(st.just(usual), single, odd)


def recipes(**usual: int) -> Any:
    """Recipes of inputs, of the usual shape more often than of others."""
    fills = st.one_of(st.just("noise"), st.sampled_from(FILLS))
    dtypes = st.one_of(st.just("float64"), st.sampled_from(DTYPES))
    return st.builds(
        Recipe,
        st.sampled_from(list(FORMS)),
        fills,
        dtypes,
        shapes(**usual),
        st.integers(0, 3),
    )


def inputs(of: Any = None) -> Any:
    """Inputs, each after its recipe; those that no library can make are left out."""
    return (recipes() if of is None else of).map(_made).filter(_is_there)


_NONE_MADE = object()


def _made(recipe: Recipe) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what we do on purpose
            return recipe.made()
    # what Arrow and pandas raise for values that a frame of the kind cannot hold
    except (ValueError, TypeError, NotImplementedError, pa.ArrowInvalid):
        return _NONE_MADE


def _is_there(value: Any) -> bool:
    return value is not _NONE_MADE
