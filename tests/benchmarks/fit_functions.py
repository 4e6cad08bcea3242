"""Fit the coefficients of skrnn/engine/source/functions.h; needs mpmath, 2 minutes.

Each function is a quotient of polynomials with constant terms 1, or a polynomial,
fitted so that the largest weighted error is smallest (Lawson's iteration: least squares
whose weights grow where the error is large), at 60 digits. The single-precision
coefficients of tanh are then moved by some last digits, so that their rounding shifts
tanh less.

    python tests/benchmarks/fit_functions.py
"""

from __future__ import annotations

from collections.abc import Callable

import mpmath
import numpy as np
from mpmath import mpf

mpmath.mp.dps = 60
Function = Callable[[mpf], mpf]
Fit = tuple[mpf, list[mpf], list[mpf]]  # largest error, numerator, denominator


def points(low: float, high: float, n: int) -> list[mpf]:
    """Chebyshev's points of an interval, dense at both ends."""
    middle, half = mpf(low + high) / 2, mpf(high - low) / 2
    return [
        middle - half * mpmath.cos(mpmath.pi * (2 * k + 1) / (2 * n)) for k in range(n)
    ]


def least_squares(
    x: list[mpf], y: list[mpf], weights: list[mpf], m: int, n: int
) -> tuple[list[mpf], list[mpf]]:
    """Solve P(x) - y Q(x) ~ 0 for P of degree m and Q of degree n, P(0) = Q(0) = 1."""
    normal, right = mpmath.matrix(m + n, m + n), mpmath.matrix(m + n, 1)
    for xk, yk, weight in zip(x, y, weights, strict=True):
        row = [xk**j for j in range(1, m + 1)] + [-yk * xk**j for j in range(1, n + 1)]
        for i, a in enumerate(row):
            right[i] += weight * a * (yk - 1)
            for j, b in enumerate(row):
                normal[i, j] += weight * a * b
    solution = list(mpmath.lu_solve(normal, right))
    return [mpf(1), *solution[:m]], [mpf(1), *solution[m:]]


def fit(function: Function, x: list[mpf], scale: Function, m: int, n: int) -> Fit:
    """The quotient P/Q with the least largest ``|P/Q - function| * scale``."""
    y, scales = [function(xk) for xk in x], [scale(xk) for xk in x]
    lawson, bottom = [mpf(1)] * len(x), [mpf(1)] * len(x)
    best: Fit = (mpf("inf"), [], [])
    for round_ in range(30):
        weights = [
            w * (s / b) ** 2 for w, s, b in zip(lawson, scales, bottom, strict=True)
        ]
        p, q = least_squares(x, y, weights, m, n)
        bottom = [mpmath.polyval(q[::-1], xk) for xk in x]
        errors = [
            abs(mpmath.polyval(p[::-1], xk) / b - yk) * s
            for xk, yk, b, s in zip(x, y, bottom, scales, strict=True)
        ]
        best = min(best, (max(errors), p, q))
        if round_ > 2:  # the denominators have settled
            lawson = [w * e for w, e in zip(lawson, errors, strict=True)]
            lawson = [w / sum(lawson) for w in lawson]
    return best


def show(name: str, fitted: Fit, digits: int) -> None:
    """Print a fit, constant terms first."""
    error, p, q = fitted
    print(f"{name}: error {mpmath.nstr(error, 3)}")
    for side, coefficients in (("P", p), ("Q", q)):
        if len(coefficients) > 1:
            print(f"  {side}:", ", ".join(mpmath.nstr(c, digits) for c in coefficients))


def tanh_over_x(u: mpf) -> mpf:
    """tanh(x) / x for u = x**2."""
    return mpmath.tanh(mpmath.sqrt(u)) / mpmath.sqrt(u)


def mills(z: mpf) -> mpf:
    """2 Phi(-z) exp(z**2 / 2): 1 at z = 0, like 0.8 / z far out."""
    return mpmath.erfc(z / mpmath.sqrt(2)) * mpmath.exp(z * z / 2)


def log1p_over_w(w: mpf) -> mpf:
    """log(1 + w) / w."""
    return mpmath.log1p(w) / w


def expm1_over_r(r: mpf) -> mpf:
    """(exp(r) - 1) / r."""
    return mpmath.expm1(r) / r


def exp2(f: mpf) -> mpf:
    """2 to the power of f."""
    return mpf(2) ** f


def relative(function: Function) -> Function:
    """The scale that makes errors relative."""
    return lambda x: 1 / function(x)


def largest_shift(p: np.ndarray, q: np.ndarray, limit: float) -> float:
    """How far exactly evaluated single-precision coefficients are from tanh, in ulp."""
    x = np.linspace(0.05, limit, 3000)
    tanh = np.tanh(x)
    u = x * x
    quotient = (
        x * np.polyval(p[::-1].astype(float), u) / np.polyval(q[::-1].astype(float), u)
    )
    return float(np.abs((quotient - tanh) / np.spacing(tanh.astype(np.float32))).max())


def nudge(fitted: Fit, limit: float) -> Fit:
    """Move single-precision coefficients by last digits while tanh gets better."""
    rng = np.random.default_rng(0)
    p, q = (np.array([float(c) for c in side], dtype=np.float32) for side in fitted[1:])
    best = largest_shift(p, q, limit)
    for _ in range(20000):
        trial = [p.copy(), q.copy()]
        for side in trial:
            steps = rng.integers(-2, 3, size=4) * (rng.random(4) < 0.4)
            side[1:] += np.spacing(side[1:]) * steps
        shift = largest_shift(trial[0], trial[1], limit)
        if shift < best:
            best, (p, q) = shift, trial
    print(f"rounding of the coefficients shifts tanh by at most {best:.2f} ulp")
    return fitted[0], [mpf(float(c)) for c in p], [mpf(float(c)) for c in q]


def main() -> None:
    """Fit and print everything."""
    for limit, m, n, digits in ((8.4, 4, 4, 10), (18.6, 9, 9, 18)):
        u = [x * x for x in points(0, limit, 200)]
        fitted = fit(tanh_over_x, u, relative(tanh_over_x), m, n)
        if digits == 10:
            fitted = nudge(fitted, 8.2)
        show(f"tanh(x) / x of x**2, |x| <= {limit}", fitted, digits)
    halves = points(-0.5, 0.5, 100)
    for m, digits in ((5, 10), (11, 18)):
        show("2**f, |f| <= 1/2", fit(exp2, halves, relative(exp2), m, 0), digits)
    logs = [x * mpmath.log(2) for x in halves]
    for m, digits in ((5, 10), (11, 18)):
        fitted = fit(expm1_over_r, logs, relative(expm1_over_r), m, 0)
        show("(exp(r) - 1) / r, |r| <= log(2) / 2", fitted, digits)
    unit = points(0, 1, 120)
    for m, n, digits in ((3, 3, 10), (6, 6, 18)):
        fitted = fit(log1p_over_w, unit, relative(log1p_over_w), m, n)
        show("log(1 + w) / w, 0 <= w <= 1", fitted, digits)
    for limit, m, n, digits in ((14.0, 4, 5, 10), (39.0, 9, 10, 18)):
        z = [x * x for x in points(0, limit**0.5, 200)]
        fitted = fit(mills, z, relative(mills), m, n)
        show(f"2 Phi(-z) exp(z**2 / 2), 0 <= z <= {limit}", fitted, digits)


if __name__ == "__main__":
    main()
