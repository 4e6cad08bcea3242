// Samples as windows into shared rows, gathered into blocks with the samples last.
#pragma once
#include "dropout.h"
#include "memory.h"

struct Samples {
  const real *rows;          // (n_rows, n_features)
  int64_t n_features;
  const int64_t *starts;     // (n_samples,) first row of each
  const int64_t *lengths;    // (n_samples,), or null: all have n_steps
  int64_t n_steps;           // the longest length
  // Each window may be moved by its own center and scale, in its first n_moved columns.
  const real *center, *scale;  // (n_samples, n_moved), or null
  int64_t n_moved;
  // Target (step s, column c) of sample i is targets[(target_starts[i] + s) * target_width + c].
  const real *targets;           // null to predict
  const int64_t *target_starts;  // (n_samples,), or null: i
  int64_t n_target_steps, n_target_columns, target_width;
  const real *weights;           // (n_samples,), or null: 1

  int64_t length_of(int64_t i) const { return lengths ? lengths[i] : n_steps; }
  real moved(int64_t i, int64_t column, real value) const {
    if (column >= n_moved) return value;
    return (value - center[i * n_moved + column]) / scale[i * n_moved + column];
  }
};

// One block: count samples, of which order holds the places (null: first, first + 1, ...).
struct Block {
  const int64_t *order;
  int64_t first;      // place of its first sample in the order, and in the batch
  int64_t in_batch;
  int64_t count;
  int64_t longest;    // of the batch, which the flat index of a mask counts with

  int64_t sample(int64_t lane) const {  // lanes without a sample repeat the first one
    int64_t place = first + (lane < count ? lane : 0);
    return order ? order[place] : place;
  }
};

// x (T, F, B) and lengths (B,) of a block; zero after the end of a sample
template <int64_t B>
static void gather(const Samples &s, const Block &block, int64_t T, real *x, real *lengths) {
  int64_t F = s.n_features, shortest = T;
  const real *from[B];
  for (int64_t b = 0; b < B; b++) {
    int64_t i = block.sample(b), n = s.length_of(i);
    from[b] = s.rows + s.starts[i] * F;
    lengths[b] = (real)n;
    shortest = n < shortest ? n : shortest;
  }
  for (int64_t k = 0; k < shortest * F; k++)
    for (int64_t b = 0; b < B; b++) x[k * B + b] = from[b][k];
  for (int64_t k = shortest * F; k < T * F; k++)
    for (int64_t b = 0; b < B; b++)
      x[k * B + b] = k < (int64_t)lengths[b] * F ? from[b][k] : (real)0;
  for (int64_t b = 0; b < B && s.n_moved; b++) {
    int64_t i = block.sample(b);
    for (int64_t t = 0; t < (int64_t)lengths[b]; t++)
      for (int64_t c = 0; c < s.n_moved; c++) {
        real &value = x[(t * F + c) * B + b];
        value = s.moved(i, c, value);
      }
  }
}

// y (O, B) and weights (B,) times share; zero in lanes without a sample
static void gather_targets(const Samples &s, const Block &block, int64_t B, double share, real *y,
                           real *weights) {
  int64_t n_columns = s.n_target_columns;
  for (int64_t b = 0; b < B; b++) {
    int64_t i = block.sample(b), start = s.target_starts ? s.target_starts[i] : i;
    for (int64_t step = 0; step < s.n_target_steps; step++)
      for (int64_t c = 0; c < n_columns; c++) {
        real value = s.targets[(start + step) * s.target_width + c];
        y[(step * n_columns + c) * B + b] = s.moved(i, c, value);
      }
    real weight = s.weights ? s.weights[i] : 1;
    weights[b] = b < block.count ? (real)(weight * share) : 0;
  }
}
