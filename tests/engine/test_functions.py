"""The engine's functions and activations, in every library that this CPU can run."""

import ctypes
from collections import namedtuple

import numpy as np
import pytest
import torch

from skrnn.engine import _library
from skrnn.engine._library import library, variants, why_not
from skrnn.modules._activations import MLP_ACTIVATIONS

VARIANTS = variants()
KINDS = {name: kind for kind, name in enumerate(MLP_ACTIVATIONS)}
KINDS |= {"exp": 10, "asinh": 11}
REFERENCES = {
    "logistic": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "exp": np.exp,
    "asinh": lambda x: np.arcsinh(np.clip(x, -1e18, 1e18)),
}
WIDER = {"float32": np.float64, "float64": np.longdouble}
LIMITS = {  # absolute error of sigmoid; ulp of the others
    "float32": {"logistic": 1.1e-7, "tanh": 6.5, "exp": 1.5, "asinh": 4.5},
    "float64": {"logistic": 2e-16, "tanh": 3.1, "exp": 1.5, "asinh": 4.8},
}
pytestmark = pytest.mark.skipif(not VARIANTS, reason=why_not() or "no library")


class Functions(namedtuple("Functions", ["library", "dtype"])):
    """The functions of one library, on arrays."""

    def __call__(self, name, x):
        y = np.full_like(x, 777)
        self._call("skrnn_function", name, x, y)
        return y

    def slope(self, name, x, y, gradient):
        result = gradient.copy()
        self._call("skrnn_slope", name, x, y, result)
        return result

    def _call(self, function, name, *arrays):
        assert {array.dtype for array in arrays} == {np.dtype(self.dtype)}
        pointers = [ctypes.c_void_p(array.ctypes.data) for array in arrays]
        kind, size = ctypes.c_int64(KINDS[name]), ctypes.c_int64(arrays[0].size)
        getattr(self.library, function)(kind, *pointers, size)


@pytest.fixture(params=[(v, d) for v in VARIANTS for d in WIDER], ids="-".join)
def functions(request, monkeypatch):
    name, dtype = request.param
    monkeypatch.setenv("SKRNN_ENGINE", name)
    monkeypatch.setattr(_library, "_choices", {})
    return Functions(library(dtype), dtype)


def edges(dtype):
    """Numbers around 0, around each power of two, and the last finite ones."""
    info = np.finfo(dtype)
    powers = 2.0 ** np.arange(info.minexp - info.nmant, info.maxexp)
    near = [powers, np.nextafter(powers, 0, dtype=dtype), powers * (1 + info.eps)]
    positive = np.concatenate([*near, [0, info.max, np.inf]]).astype(dtype)
    return np.concatenate([positive, -positive])


def many(dtype):
    """Bit patterns spread over all numbers, and numbers where the functions bend."""
    unsigned = np.dtype(f"u{np.dtype(dtype).itemsize}")
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2 ** (8 * unsigned.itemsize), 100_000, dtype=unsigned)
    spread = bits.view(dtype)
    near = [rng.uniform(-limit, limit, 100_000) for limit in (1, 10, 50, 800)]
    near = np.concatenate(near).astype(dtype)
    return np.concatenate([spread[~np.isnan(spread)], edges(dtype), near])


def largest_error(functions, name, x):
    """Absolute for sigmoid, else in ulp."""
    y = functions(name, x)
    with np.errstate(over="ignore", under="ignore"):
        expected = REFERENCES[name](x.astype(WIDER[functions.dtype]))
        rounded = expected.astype(functions.dtype)
    np.testing.assert_array_equal(np.isinf(y), np.isinf(rounded))
    finite = np.isfinite(rounded)
    error = np.abs(y[finite] - expected[finite])
    if name != "logistic":
        error /= np.spacing(np.abs(rounded[finite]))
    return error.max()


@pytest.mark.parametrize("name", REFERENCES)
def test_errors_are_as_the_header_says(functions, name):
    limit = LIMITS[functions.dtype][name]
    assert limit / 5 < largest_error(functions, name, many(functions.dtype)) <= limit


@pytest.mark.slow
@pytest.mark.parametrize("name", REFERENCES)
def test_errors_over_every_256th_float(functions, name):
    if functions.dtype == "float64":
        pytest.skip("there are too many doubles")
    x = np.arange(0, 2**32, 256, dtype=np.uint32).view(np.float32)
    assert largest_error(functions, name, x[~np.isnan(x)]) <= LIMITS["float32"][name]


def test_bounds_limits_and_symmetry(functions):
    x = many(functions.dtype)
    tanh, sigmoid = functions("tanh", x), functions("logistic", x)
    np.testing.assert_array_equal(functions("tanh", -x), -tanh)
    assert tanh.min() == -1
    assert tanh.max() == 1
    assert sigmoid.min() == 0
    assert sigmoid.max() == 1
    ends = np.array([-np.inf, 0, np.inf], dtype=functions.dtype)
    np.testing.assert_array_equal(functions("tanh", ends), [-1, 0, 1])
    np.testing.assert_array_equal(functions("logistic", ends), [0, 0.5, 1])
    np.testing.assert_array_equal(functions("exp", ends), [0, 1, np.inf])
    asinh = functions("asinh", x)
    np.testing.assert_array_equal(functions("asinh", -x), -asinh)
    np.testing.assert_allclose(functions("asinh", ends), np.arcsinh([-1e18, 0, 1e18]))


@pytest.mark.parametrize("name", KINDS)
def test_nan_stays_whatever_its_bits_are(functions, name):
    unsigned = np.dtype(f"u{np.dtype(functions.dtype).itemsize}")
    first = np.array([np.inf], dtype=functions.dtype).view(unsigned)
    payloads = np.array([1, 2, 3, 1 << 20, (1 << 22) + 1], dtype=unsigned)
    nan = (first + payloads).view(functions.dtype)
    nan = np.concatenate([nan, -nan])
    assert np.isnan(functions(name, nan)).all()
    if name in MLP_ACTIVATIONS:
        gradient = np.full_like(nan, np.nan)
        assert np.isnan(functions.slope(name, nan, nan, gradient)).all()


@pytest.mark.parametrize("n", [0, 1, 3, 4, 7, 15, 16, 17, 33])
@pytest.mark.parametrize("name", KINDS)
def test_any_number_of_numbers(functions, name, n):
    x = np.linspace(-3, 3, 64, dtype=functions.dtype)
    y, gradient = np.full_like(x, 777), np.full_like(x, 2)
    functions._call("skrnn_function", name, x[:n], y[:n])
    np.testing.assert_array_equal(y[:n], functions(name, x)[:n])
    assert (y[n:] == 777).all()
    if name in MLP_ACTIVATIONS:
        all_slopes = functions.slope(name, x, functions(name, x), gradient)
        functions._call("skrnn_slope", name, x[:n], y[:n], gradient[:n])
        np.testing.assert_array_equal(gradient[:n], all_slopes[:n])
        assert (gradient[n:] == 2).all()


@pytest.mark.parametrize("name", MLP_ACTIVATIONS)
def test_activations_and_slopes_are_autograd_s(functions, name):
    rng = np.random.default_rng(1)
    ends = [-1e4, -100, -20, 0, 20, 20.5, 100, 1e4]
    x = np.concatenate([*(rng.uniform(-s, s, 3001) for s in (1e-3, 1, 8, 40)), ends])
    x = x.astype(functions.dtype)
    gradient = rng.uniform(-1, 1, size=x.size).astype(functions.dtype)
    inputs = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    expected = MLP_ACTIVATIONS[name](inputs)
    expected.backward(torch.tensor(gradient, dtype=torch.float64))
    y = functions(name, x)
    tolerance = {"float32": 6e-7, "float64": 1e-15}[functions.dtype]
    both = [
        (y, expected.detach()),
        (functions.slope(name, x, y, gradient), inputs.grad),
    ]
    for actual, right in both:
        np.testing.assert_allclose(actual, right, atol=tolerance, rtol=tolerance)
