// Columns with heavy tails, brought near the others; the same definition as
// skrnn/modules/_squash.py.
#pragma once
#include "functions.h"
#include "memory.h"

struct Squash {
  real *center, *scale;  // (n,), or null: no column is squashed

  bool is_none() const { return !center; }
  bool has(int64_t column) const { return scale[column] > 0; }
  vector apply(int64_t column, vector x) const {
    return asinh_of((x - center[column]) / scale[column]);
  }
};

static Squash take_squash(Memory &memory, const Squash &like, int64_t n) {
  if (like.is_none()) return {nullptr, nullptr};
  real *center = memory.take(n);
  return {center, memory.take(n)};
}

static void copy_squash(const Squash &to, const Squash &from, int64_t n) {
  if (from.is_none()) return;
  memcpy(to.center, from.center, n * sizeof(real));
  memcpy(to.scale, from.scale, n * sizeof(real));
}

// x (T, F, B) in place, and what lies after the end of a sample as well
template <int64_t B> static void squash_steps(const Squash &s, int64_t T, int64_t F, real *x) {
  if (s.is_none()) return;
  for (int64_t t = 0; t < T; t++)
    for (int64_t c = 0; c < F; c++, x += B)
      for (int64_t b = 0; b < B && s.has(c); b += LANES) store(x + b, s.apply(c, load(x + b)));
}

// x (n_rows, F) -> y
static void squash_rows(const Squash &s, const real *x, int64_t n_rows, int64_t F, real *y) {
  for (int64_t t = 0; t < n_rows; t++)
    for (int64_t c = 0; c < F; c++, x++, y++) *y = s.has(c) ? s.apply(c, all(*x))[0] : *x;
}
