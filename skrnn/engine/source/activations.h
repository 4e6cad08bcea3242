#pragma once
#include "functions.h"
static void activate_all(int64_t kind, const real *x, real *y, int64_t n) {
  for (int64_t i = 0; i < n; i++) y[i] = kind == 2 ? tanh(x[i]) : x[i] > 0 ? x[i] : 0;
}
static void slope_all(int64_t kind, const real *x, const real *y, real *g, int64_t n) {
  for (int64_t i = 0; i < n; i++) g[i] = kind == 2 ? g[i] * (1 - y[i] * y[i]) : x[i] > 0 ? g[i] : 0;
}
