// Changes from row to row and clipped levels, side by side; the same definition as
// skrnn/modules/_changes.py.
#pragma once
#include "memory.h"

struct Changes {
  real *scale, *low, *high;  // (n,) of changes, and bounds of levels; or null: levels as they are

  bool is_none() const { return !scale; }
  real change(int64_t column, real before, real value) const {
    return (value - before) / scale[column];
  }
  real level(int64_t column, real value) const {
    real above = value < low[column] ? low[column] : value;
    return above > high[column] ? high[column] : above;
  }
};

static Changes take_changes(Memory &memory, const Changes &like, int64_t n) {
  if (like.is_none()) return {nullptr, nullptr, nullptr};
  real *scale = memory.take(n), *low = memory.take(n);
  return {scale, low, memory.take(n)};
}

static void copy_changes(const Changes &to, const Changes &from, int64_t n) {
  if (from.is_none()) return;
  memcpy(to.scale, from.scale, n * sizeof(real));
  memcpy(to.low, from.low, n * sizeof(real));
  memcpy(to.high, from.high, n * sizeof(real));
}

// x (T, F, B) -> (T, 2 F, B) in place; zero after the end of a sample. From the last step on: a
// step then lies behind all those that are still to be read, but the first, of which changes are 0.
template <int64_t B>
static void add_changes(const Changes &n, int64_t T, int64_t F, const real *lengths, real *x) {
  if (n.is_none()) return;
  for (int64_t t = T - 1; t >= 0; t--)
    for (int64_t c = 0; c < F; c++) {
      const real *value = x + (t * F + c) * B, *before = t ? value - F * B : value;
      real *change = x + (t * 2 * F + c) * B, *level = change + F * B;
      for (int64_t b = 0; b < B; b++) {
        bool is_there = (real)t < lengths[b];
        real now = value[b], moved = n.change(c, before[b], now);
        level[b] = is_there ? n.level(c, now) : (real)0;
        change[b] = is_there ? moved : (real)0;
      }
    }
}

// levels (n_rows + 1, F), of which the first is the row before -> y (n_rows, 2 F)
static void changes_of_rows(const Changes &n, const real *levels, int64_t n_rows, int64_t F,
                            real *y) {
  for (int64_t t = 0; t < n_rows; t++, levels += F, y += 2 * F)
    for (int64_t c = 0; c < F; c++) {
      y[c] = n.change(c, levels[c], levels[F + c]);
      y[F + c] = n.level(c, levels[F + c]);
    }
}
