// Functions of arrays, for tests
#pragma once
#include "activations.h"
#include "exports.h"

// no activations, but the losses and the inputs use them
constexpr int64_t EXPONENTIAL = LEAKY_RELU + 1, ASINH = LEAKY_RELU + 2;

// x, y: [n]
EXPORT void skrnn_function(int64_t kind, const real *x, real *y, int64_t n) {
  if (kind < EXPONENTIAL) return activate_all(kind, x, y, n);
  for (int64_t i = 0; i < n; i += LANES) {
    int64_t rest = n - i < LANES ? n - i : LANES;
    vector part = load_part(x + i, rest);
    store_part(y + i, kind == ASINH ? asinh_of(part) : exp_of(part), rest);
  }
}
// x, y, gradient: [n]; gradient *= slope
EXPORT void skrnn_slope(int64_t kind, const real *x, const real *y, real *gradient, int64_t n) {
  slope_all(kind, x, y, gradient, n);
}
