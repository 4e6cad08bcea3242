// Columns less their mean, divided by their scale; the same definition as
// skrnn/modules/_normalization.py.
#pragma once
#include "memory.h"

struct Normalization {
  real *mean, *scale;  // (n,), or null: columns stay what they are

  bool is_none() const { return !mean; }
  real apply(int64_t column, real value) const { return (value - mean[column]) / scale[column]; }
  real invert(int64_t column, real value) const { return value * scale[column] + mean[column]; }
};

static Normalization take_normalization(Memory &memory, const Normalization &like, int64_t n) {
  if (like.is_none()) return {nullptr, nullptr};
  real *mean = memory.take(n);
  return {mean, memory.take(n)};
}

static void copy_normalization(const Normalization &to, const Normalization &from, int64_t n) {
  if (from.is_none()) return;
  memcpy(to.mean, from.mean, n * sizeof(real));
  memcpy(to.scale, from.scale, n * sizeof(real));
}

// x (T, F, B) in place; it stays zero after the end of a sample
template <int64_t B>
static void normalise(const Normalization &n, int64_t T, int64_t F, const real *lengths, real *x) {
  if (n.is_none()) return;
  for (int64_t t = 0; t < T; t++)
    for (int64_t c = 0; c < F; c++, x += B)
      for (int64_t b = 0; b < B; b++) x[b] = (real)t < lengths[b] ? n.apply(c, x[b]) : (real)0;
}

// x (n_rows, F) -> y
static void normalise_rows(const Normalization &n, const real *x, int64_t n_rows, int64_t F, real *y) {
  if (n.is_none()) memcpy(y, x, n_rows * F * sizeof(real));
  if (n.is_none()) return;
  for (int64_t t = 0; t < n_rows; t++)
    for (int64_t c = 0; c < F; c++) y[t * F + c] = n.apply(c, x[t * F + c]);
}

// Outputs (n_rows, O) in the units of the targets
static void restore_rows(const Normalization &n, int64_t n_rows, int64_t O, real *out) {
  for (int64_t t = 0; t < n_rows && !n.is_none(); t++)
    for (int64_t o = 0; o < O; o++) out[t * O + o] = n.invert(o, out[t * O + o]);
}
