"""Numbers of every size and type."""

from __future__ import annotations

import numpy as np

MISSING = ("nan", "nan_ahead", "nan_behind", "nan_throughout")
INFINITE = ("infinite", "minus_infinite")
FILLS = [
    "noise", "noise", "noise", "zero", "minus_zero", "constant", "whole", "binary",
    "1e30", "-1e30", "1e300", "1e-300", "denormal", "float32_edge", "mixed_sizes",
    *MISSING, *INFINITE,
]  # fmt: skip
DTYPES = [
    "float64", "float64", "float64", "float32", "float16", "longdouble", "bool", "int8",
    "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "complex128",
    "str", "bytes", "datetime64[ns]", "timedelta64[s]", "object", ">f8",
]  # fmt: skip


def filled(fill: str, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Values of a kind, float64."""
    noise = rng.normal(size=shape)
    plain = {
        "noise": noise,
        "zero": np.zeros(shape),
        "minus_zero": np.full(shape, -0.0),
        "constant": np.full(shape, 7.25),
        "whole": np.round(5 * noise),
        "binary": (noise > 0).astype(float),
        "denormal": np.full(shape, 5e-324),
        "float32_edge": noise * 3.3e38,
        "mixed_sizes": noise * 10.0 ** rng.integers(-30, 30, size=shape),
    }
    if fill in plain:
        return plain[fill]
    if fill[0] in "-1":
        return noise * float(fill)
    if fill == "nan_throughout":
        return np.full(shape, np.nan)
    if fill == "nan_ahead":
        noise[: max(1, len(noise) // 2), :1] = np.nan
    elif fill == "nan_behind":
        noise[: max(1, len(noise) // 2), -1:] = np.nan
    elif noise.size:
        odd = {"nan": np.nan, "infinite": np.inf, "minus_infinite": -np.inf}[fill]
        noise.flat[rng.integers(noise.size)] = odd
    return noise


def as_type(values: np.ndarray, dtype: str) -> np.ndarray:
    """The values in a type of NumPy's."""
    with np.errstate(all="ignore"):
        if dtype == "object":
            return values.astype(object)
        if dtype == "bytes":
            return values.astype(str).astype(bytes)
        if dtype.startswith(("datetime", "timedelta")):
            whole = np.nan_to_num(values, posinf=0, neginf=0).clip(-9e9, 9e9)
            return (whole * 1e9).astype(np.int64).astype(dtype)
        return values.astype(dtype)
