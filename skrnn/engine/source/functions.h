// tanh, sigmoid, exp and kin of whole vectors: plain arithmetic, no libm, NaN stays NaN.
//
// Largest errors; tests/benchmarks/function_errors.cpp finds them (v2 has no FMA):
//            float, all 2^32               double, 10^7
//   tanh     5.6 ulp, 3.4e-7 (v2: 6.5 ulp)   2.9 ulp, 2.8e-16
//   sigmoid  1.1e-7 absolute                 1.8e-16 absolute
//   exp      1.0 ulp (v2: 1.3)               1.1 ulp (v2: 1.2)
//   asinh    4.3 ulp (v2: 4.5)               4.3 ulp (v2: 4.8)
// asinh and tanh are odd; tanh is within [-1, 1], sigmoid within [0, 1], to the last bit, with
// exact limits.
// tests/benchmarks/fit_functions.py derives the coefficients.
#pragma once
#include "vectors.h"

// The compiler may regroup sums (-fassociative-math); it cannot look through KEEP, which
// costs nothing. Rounding by a large constant and two-part constants need that.
#if defined(__x86_64__) || defined(_M_X64)
#define KEEP(x) asm("" : "+v"(x))
#elif defined(__aarch64__)
#define KEEP(x) asm("" : "+w"(x))
#else
#define KEEP(x) asm("" : "+m"(x))
#endif

constexpr bool SINGLE = sizeof(real) == 4;
constexpr int MANTISSA = SINGLE ? 23 : 52;  // bits
constexpr integer BIAS = SINGLE ? 127 : 1023;
// Added to a number below 2^22 (2^51), it leaves the nearest integer in the last bits.
constexpr real ROUNDER = 1.5 * ((int64_t)1 << MANTISSA);
constexpr real LOG2_E = 1.44269504088896340736;
constexpr real LOG_2_HIGH = SINGLE ? 0.693359375 : 0.693147180369123816490;  // n * this is exact
constexpr real LOG_2_LOW = SINGLE ? -2.12194440054690583e-4 : 1.90821492927058770002e-10;
constexpr real SQRT_2_PI = 2.50662827463100050242;

// Limits of x; a NaN stays. Without KEEP gcc compares and blends instead of vmin, vmax.
INLINE vector at_most(real limit, vector x) {
  vector limits = all(limit);
#ifndef __clang__
  KEEP(limits);
#endif
  return limits < x ? limits : x;
}
INLINE vector at_least(real limit, vector x) {
  vector limits = all(limit);
#ifndef __clang__
  KEEP(limits);
#endif
  return limits > x ? limits : x;
}

INLINE vector relu_of(vector x) { return at_least(0, x); }

constexpr integer SIGN = (integer)((uint64_t)1 << (8 * sizeof(real) - 1));
INLINE vector magnitude(vector x) { return (vector)((mask)x & ~SIGN); }
INLINE vector with_sign(vector positive, vector x) {
  return (vector)((mask)positive | ((mask)x & SIGN));
}

// first + second x + third x^2 + ...
INLINE vector polynomial(vector, double only) { return all((real)only); }
template <typename... Rest> INLINE vector polynomial(vector x, double first, Rest... rest) {
  return polynomial(x, rest...) * x + (real)first;
}

// 2^n of integers n that are the last bits of n + ROUNDER + BIAS; 0 if n = -BIAS
INLINE vector power_of_2(vector n_rounder_bias) {
  return (vector)((mask)n_rounder_bias << MANTISSA);
}

// sigmoid(x) = 1 / (1 + 2^n 2^f), -x log2(e) = n + f, |f| <= 1/2; 2^n is inf at the left limit.
INLINE vector sigmoid_of(vector x) {
  x = at_most(SINGLE ? 87 : 708, at_least(SINGLE ? -88.8 : -709.8, x));
  vector rounded = x * -LOG2_E + (ROUNDER + BIAS);
  KEEP(rounded);
  vector n = rounded - (ROUNDER + BIAS), power;
  KEEP(n);
  vector f = x * -LOG2_E - n;
  if constexpr (SINGLE) {
    power = polynomial(f, 1, 0.6931469775, 0.24022242, 0.05550733939, 0.009671516583,
        0.001326466824);
  } else {
    power = polynomial(f, 1, 0.693147180559945326, 0.240226506959101313, 0.0555041086648200855,
        0.0096181291075941201, 0.00133335581467743086, 0.000154035304571116131,
        1.52527334933136902e-5, 1.32154352827405925e-6, 1.0178199516360098e-7,
        7.07378313903201106e-9, 4.4347781297280893e-10);
  }
  return (real)1 / (power_of_2(rounded) * power + (real)1);
}

struct Exponent {
  vector n, rest;  // x = n log(2) + r, |r| <= log(2) / 2; rest = exp(r) - 1
};
INLINE Exponent exponent_of(vector x) {
  vector n = x * LOG2_E + ROUNDER;
  KEEP(n);
  n = n - ROUNDER;
  KEEP(n);
  vector r = x - n * LOG_2_HIGH;
  KEEP(r);
  r = r - n * LOG_2_LOW;
  if constexpr (SINGLE) {
    return {n, r * polynomial(r, 1, 0.4999999815, 0.1666654365, 0.04166720022, 0.008366516089,
        0.001388248316)};
  } else {
    return {n, r * polynomial(r, 1, 0.500000000000000001, 0.166666666666666765,
        0.0416666666666665085, 0.00833333333332169907, 0.00138888888889624193,
        0.000198412698859426939, 2.48015871724818767e-5, 2.75572444010873279e-6,
        2.75574026896690118e-7, 2.51089684149982655e-8, 2.0875312113669276e-9)};
  }
}

// exp(x) = 2^n exp(r), scaled in two steps: 2^n alone may be past the largest number.
INLINE vector exp_of(vector x) {
  x = at_most(SINGLE ? 89 : 710, at_least(SINGLE ? -104 : -746, x));
  Exponent e = exponent_of(x);
  vector half = e.n * (real)0.5 + (ROUNDER + BIAS);
  KEEP(half);
  vector n_half = half - (ROUNDER + BIAS);
  KEEP(n_half);
  vector result = (e.rest + (real)1) * power_of_2(half);
  KEEP(result);
  return result * power_of_2(e.n - n_half + (ROUNDER + BIAS));
}

// exp(x) - 1 for x <= 0, with the digits of a small x
INLINE vector expm1_of_negative(vector x) {
  Exponent e = exponent_of(at_least(SINGLE ? -80 : -700, x));
  vector power = power_of_2(e.n + (ROUNDER + BIAS)), less = power - (real)1;
  KEEP(less);
  return power * e.rest + less;
}

// Single precision: (x + x u P(u)) / Q(u), u = x^2; past the last u it grows and is cut at 1.
// Double: (1 - exp(-2|x|)) / (1 + exp(-2|x|)), where such a quotient would lose more digits.
INLINE vector tanh_of(vector x) {
  if constexpr (SINGLE) {
    vector u = at_most(8.4f * 8.4f, x * x);
    vector p = polynomial(u, 0.1342214197, 0.00354461628, 2.142760241e-5, 1.452166476e-8);
    vector q = polynomial(u, 1, 0.4675546885, 0.02606295981, 0.0003366263118, 8.246577181e-7);
    return at_least(-1, at_most(1, (x * u * p + x) / q));
  } else {
    vector less = expm1_of_negative(magnitude(x) * -2);
    return with_sign(-less / (less + 2), x);
  }
}

// log(1 + w) = w P(w) / Q(w), 0 <= w <= 1
INLINE vector log1p_of_fraction(vector w) {
  if constexpr (SINGLE) {
    return w * polynomial(w, 1, 1.068128946, 0.2392374937, 0.003448518077) /
           polynomial(w, 1, 1.568128855, 0.6899710643, 0.07570135727);
  } else {
    return w * polynomial(w, 1, 2.45337856806473884, 2.17253840036417987, 0.840585541776428671,
        0.135517667136450195, 0.00684864396358278274, 2.30180646291806037e-5) /
        polynomial(w, 1, 2.95337856806473692, 3.31589435106339887, 1.76407319461377443,
        0.450600789540966934, 0.0490891803175403099, 0.00157939883023497517);
  }
}

// log(1 + w) = n log(2) + log(1 + f), w >= 0 and finite; f is w itself if n = 0
INLINE vector log1p_of(vector w) {
  constexpr integer ONE = (integer)1 << MANTISSA;
  mask bits = (mask)(w + (real)1), exponent = (bits >> MANTISSA) - BIAS;
  vector n = (vector)((mask)all(ROUNDER) + exponent);
  KEEP(n);
  n = n - ROUNDER;
  vector fraction = (vector)((bits & (ONE - 1)) | (BIAS << MANTISSA)) - (real)1;
  vector sum = n * (real)0.693147180559945309 + log1p_of_fraction(exponent == 0 ? w : fraction);
  return w != w ? w : sum;
}

// asinh(x) = log(x + root), root^2 = x^2 + 1; beyond 1e18, whose square is finite, it is constant
INLINE vector asinh_of(vector x) {
  vector y = at_most(1e18, magnitude(x)), root = y * y + (real)1;
  for (int64_t i = 0; i < LANES; i++) root[i] = SINGLE ? sqrtf(root[i]) : sqrt(root[i]);
  return with_sign(log1p_of(y + y * y / (root + (real)1)), x);
}

struct Normal {
  vector below, density;  // of a standard normal number: chance to be below x, density at x
};
// below(-z) = exp(-z^2 / 2) / 2 * P(z) / Q(z), z >= 0: the ratio of Mills
INLINE Normal normal_of(vector x) {
  vector z = at_most(SINGLE ? 15 : 39, magnitude(x)), power = exp_of(z * z * (real)-0.5), tail;
  if constexpr (SINGLE) {
    tail = power * (real)0.5 *
           polynomial(z, 1, 0.8731172482, 0.3638487389, 0.08036842638, 0.008095034162) /
           polynomial(z, 1, 1.671002076, 1.197111795, 0.4660038024, 0.1007338315, 0.01014548907);
  } else {
    tail = power * (real)0.5 * polynomial(z, 1, 1.54927283978271103, 1.18739117072602754,
        0.578155636431733133, 0.195165913867171612, 0.0471723775267575749,
        0.00816290688581856145, 0.000978505529537173572, 7.42904920891663062e-5,
        2.76131950086864523e-6) /
        polynomial(z, 1, 2.34715740058556976, 2.56015182242769714, 1.7132440688294894,
        0.781314544650215484, 0.254648655110579351, 0.0603412612864714987, 0.0103237959142917784,
        0.00122983561457981572, 9.31093240013187417e-5, 3.46080076809408545e-6);
  }
  return {x > 0 ? (real)1 - tail : tail, power * (1 / SQRT_2_PI)};
}
