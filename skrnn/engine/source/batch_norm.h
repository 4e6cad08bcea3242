// Batch normalisation of the filters of a convolution, over the steps of all samples of a batch;
// the same definition as skrnn/modules/_normalization.py. A batch is one block.
// Source: S. Ioffe and C. Szegedy, 2015, https://arxiv.org/abs/1502.03167.
#pragma once
#include "direction.h"

constexpr double NORM_EPSILON = 1e-5, NORM_MOMENTUM = 0.1;

struct BatchNorm {
  const real *gain, *shift;          // (F,), null: there is no norm
  real *ggain, *gshift;
  real *mean_running, *variance_running;  // (F,), of the module; training moves them
  real *mean, *inverse;              // (F,) what the block is normalised by: 1 / deviation
  real *lengths;                     // (B,) steps that count: of lanes with a sample
  real *totals, *squares;            // (F, B)
  real *scaled;                      // (T, F, B) before the activation
  int64_t n;                         // values of a filter that count

  bool is_none() const { return !gain; }
  double deviation_running(int64_t f) const { return sqrt(variance_running[f] + NORM_EPSILON); }
  // What predictions multiply a filter with, and then add.
  double factor(int64_t f) const { return gain[f] / deviation_running(f); }
  double addend(int64_t f) const { return shift[f] - factor(f) * mean_running[f]; }
};

// Calls visit(place, vector f * NV + v of a step, whether lanes count) for all values (T, F, B).
template <int NV, class Visit>
static void visit_values(const BatchNorm &norm, int64_t T, int64_t F, Visit visit) {
  for (int64_t t = 0; t < T; t++) {
    mask counts[NV];
    for (int v = 0; v < NV; v++) counts[v] = load(norm.lengths + v * LANES) > all((real)t);
    for (int64_t f = 0; f < F; f++)
      for (int v = 0; v < NV; v++)
        visit(((t * F + f) * NV + v) * LANES, (f * NV + v) * LANES, counts[v]);
  }
}

INLINE double sum_of_lanes(const real *values, int64_t n) {
  double total = 0;
  for (int64_t b = 0; b < n; b++) total += values[b];
  return total;
}

// The lanes that count, and how many values there are; the others repeat a sample.
template <int NV> static void count_values(BatchNorm &norm, const Steps &steps, int64_t n_lanes) {
  norm.n = 0;
  for (int64_t b = 0; b < NV * LANES; b++) {
    norm.lengths[b] = b < n_lanes ? steps.lengths[b] : 0;
    norm.n += (int64_t)norm.lengths[b];
  }
}

// x (T, F, B) -> norm.mean and norm.inverse, and the running figures move on
template <int NV>
static void learn_figures(BatchNorm &norm, int64_t T, int64_t F, const real *x) {
  constexpr int64_t B = NV * LANES;
  vector zero = {};
  if (norm.n == 1) {  // one value has no variance
    for (int64_t f = 0; f < F; f++) {
      norm.mean[f] = norm.mean_running[f];
      norm.inverse[f] = (real)(1 / norm.deviation_running(f));
    }
    return;
  }
  clear(norm.totals, F * B);
  visit_values<NV>(norm, T, F, [&](int64_t at, int64_t place, mask counts) {
    store(norm.totals + place, load(norm.totals + place) + select(counts, load(x + at), zero));
  });
  for (int64_t f = 0; f < F; f++)
    norm.mean[f] = (real)(sum_of_lanes(norm.totals + f * B, B) / (double)norm.n);
  clear(norm.squares, F * B);
  visit_values<NV>(norm, T, F, [&](int64_t at, int64_t place, mask counts) {
    vector distance = select(counts, load(x + at) - norm.mean[place / B], zero);
    store(norm.squares + place, load(norm.squares + place) + distance * distance);
  });
  double kept = 1 - NORM_MOMENTUM;
  for (int64_t f = 0; f < F; f++) {
    double squares = sum_of_lanes(norm.squares + f * B, B), n = (double)norm.n;
    norm.inverse[f] = (real)(1 / sqrt(squares / n + NORM_EPSILON));
    real &mean = norm.mean_running[f], &variance = norm.variance_running[f];
    mean = (real)(kept * mean + NORM_MOMENTUM * norm.mean[f]);
    variance = (real)(kept * variance + NORM_MOMENTUM * squares / (n - 1));
  }
}

// x (T, F, B) -> normalised, in place, and norm.scaled
template <int NV>
static void batch_norm_forward(BatchNorm &norm, const Steps &steps, int64_t n_lanes, int64_t F,
                               real *x) {
  constexpr int64_t B = NV * LANES;
  count_values<NV>(norm, steps, n_lanes);
  learn_figures<NV>(norm, steps.T, F, x);
  for (int64_t t = 0; t < steps.T; t++)
    for (int64_t f = 0; f < F; f++)
      for (int v = 0; v < NV; v++) {
        int64_t at = (t * F + f) * B + v * LANES;
        vector normal = (load(x + at) - norm.mean[f]) * norm.inverse[f];
        store(x + at, normal);
        store(norm.scaled + at, normal * norm.gain[f] + norm.shift[f]);
      }
}

// The slopes of norm.scaled (T, F, B), zero where nothing counts -> those of x, in place, and
// gradients (added to). normal: what the way forward has left in the place of x.
template <int NV>
static void batch_norm_backward(BatchNorm &norm, int64_t T, int64_t F, const real *normal,
                                real *slopes) {
  constexpr int64_t B = NV * LANES;
  vector zero = {};
  clear(norm.totals, F * B);
  clear(norm.squares, F * B);
  visit_values<NV>(norm, T, F, [&](int64_t at, int64_t place, mask) {
    vector slope = load(slopes + at);
    store(norm.totals + place, load(norm.totals + place) + slope);
    store(norm.squares + place, load(norm.squares + place) + slope * load(normal + at));
  });
  bool moves = norm.n > 1;  // else the figures did not depend on x
  for (int64_t f = 0; f < F; f++) {
    double total = sum_of_lanes(norm.totals + f * B, B), n = (double)norm.n;
    double product = sum_of_lanes(norm.squares + f * B, B);
    norm.gshift[f] += (real)total;
    norm.ggain[f] += (real)product;
    norm.totals[f * B] = moves ? (real)(total / n) : 0;
    norm.squares[f * B] = moves ? (real)(product / n) : 0;
  }
  visit_values<NV>(norm, T, F, [&](int64_t at, int64_t place, mask counts) {
    int64_t f = place / B;
    vector slope = load(slopes + at) - norm.totals[f * B] - load(normal + at) * norm.squares[f * B];
    store(slopes + at, select(counts, slope * (norm.gain[f] * norm.inverse[f]), zero));
  });
}
