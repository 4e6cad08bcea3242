// Values of samples at any strides, such as torch's tensors, copied into panels and back.
#pragma once
#include "memory.h"

// Value (sample, step, column) is at[sample * by_sample + step * by_step + column * by_column].
struct Values {
  real *at;
  int64_t by_sample, by_step, by_column;
};

// How many steps of the panel each of its first count samples has.
struct Lengths {
  const real *of;    // (B,)
  int64_t shortest;

  bool end(int64_t t) const { return t >= shortest; }  // that of some sample
  int64_t at(int64_t b) const { return (int64_t)of[b]; }
};

// row (B,) from count values on
INLINE void fill_row(real *row, int64_t count, int64_t B, bool repeats) {
  for (int64_t b = count; b < B; b++) row[b] = repeats ? row[0] : (real)0;
}

// Samples first.. and steps t0.. -> panel (T, W, B); zero after the end of a sample. Lanes
// without a sample repeat the first one, or are zero.
static void read_panel(const Values &from, int64_t first, int64_t count, int64_t t0, int64_t T,
                       int64_t W, int64_t B, const Lengths &lengths, bool repeats, real *panel) {
  const real *start = from.at + first * from.by_sample + t0 * from.by_step;
  for (int64_t t = 0; t < T; t++, panel += W * B) {
    const real *step = start + t * from.by_step;
    if (from.by_sample == 1)
      for (int64_t k = 0; k < W; k++) {
        memcpy(panel + k * B, step + k * from.by_column, count * sizeof(real));
        fill_row(panel + k * B, count, B, repeats);
      }
    else {
      for (int64_t b = 0; b < count; b++)
        for (int64_t k = 0; k < W; k++)
          panel[k * B + b] = step[b * from.by_sample + k * from.by_column];
      for (int64_t k = 0; k < W && count < B; k++) fill_row(panel + k * B, count, B, repeats);
    }
    if (!lengths.end(t)) continue;
    for (int64_t b = 0; b < count; b++)
      for (int64_t k = 0; k < W && t >= lengths.at(b); k++) panel[k * B + b] = 0;
  }
}

// The other way: zero after the end of a sample.
static void write_panel(const Values &to, int64_t first, int64_t count, int64_t t0, int64_t T,
                        int64_t W, int64_t B, const Lengths &lengths, const real *panel) {
  real *start = to.at + first * to.by_sample + t0 * to.by_step;
  for (int64_t t = 0; t < T; t++, panel += W * B) {
    real *step = start + t * to.by_step;
    if (to.by_sample == 1)
      for (int64_t k = 0; k < W; k++)
        memcpy(step + k * to.by_column, panel + k * B, count * sizeof(real));
    else
      for (int64_t b = 0; b < count; b++)
        for (int64_t k = 0; k < W; k++)
          step[b * to.by_sample + k * to.by_column] = panel[k * B + b];
    if (!lengths.end(t)) continue;
    for (int64_t b = 0; b < count; b++)
      for (int64_t k = 0; k < W && t >= lengths.at(b); k++)
        step[b * to.by_sample + k * to.by_column] = 0;
  }
}

// Zeros for steps t0.. to T.
static void write_zeros(const Values &to, int64_t first, int64_t count, int64_t t0, int64_t T,
                        int64_t W) {
  for (int64_t t = t0; t < T; t++)
    for (int64_t k = 0; k < W; k++)
      for (int64_t b = first; b < first + count; b++)
        to.at[b * to.by_sample + t * to.by_step + k * to.by_column] = 0;
}
