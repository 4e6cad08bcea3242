// Functions of arrays, for tests
#pragma once
#include "activations.h"
#include "exports.h"

constexpr int64_t EXPONENTIAL = LEAKY_RELU + 1;  // no activation, but the losses use it

// x, y: [n]
EXPORT void skrnn_function(int64_t kind, const real *x, real *y, int64_t n) {
  if (kind != EXPONENTIAL) return activate_all(kind, x, y, n);
  for (int64_t i = 0; i < n; i += LANES) {
    int64_t rest = n - i < LANES ? n - i : LANES;
    store_part(y + i, exp_of(load_part(x + i, rest)), rest);
  }
}
// x, y, gradient: [n]; gradient *= slope
EXPORT void skrnn_slope(int64_t kind, const real *x, const real *y, real *gradient, int64_t n) {
  slope_all(kind, x, y, gradient, n);
}
