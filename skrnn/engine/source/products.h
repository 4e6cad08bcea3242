// Matrix products of a block of samples: rows of weights by panels (row, sample).
//
// Samples are the last dimension of every panel; a block has B = NV * LANES of them. Weights are
// packed in groups of rows, so that the weights of a group at a column lie side by side.
#pragma once
#include "vectors.h"

constexpr int64_t GROUP = 4;  // rows of weights that are multiplied together

// sums[r] += sum over k of packed[k][r] * panel[k], for r < R
template <int R, int NV>
INLINE void multiply_add(vector (*sums)[NV], const real *packed, const real *panel, int64_t n) {
  for (int64_t k = 0; k < n; k++, packed += R, panel += NV * LANES) {
    vector x[NV];
    for (int v = 0; v < NV; v++) x[v] = load(panel + v * LANES);
    for (int r = 0; r < R; r++)
      for (int v = 0; v < NV; v++) sums[r][v] += packed[r] * x[v];
  }
}

// packed (n_rows / 4, n_columns, 4) from weights at strides, zero beyond the last row
static void pack_rows(real *packed, const real *weights, int64_t n_rows, int64_t row_stride,
                      int64_t n_columns, int64_t column_stride) {
  for (int64_t row = 0; row < n_rows; row += GROUP) {
    int64_t n_here = n_rows - row < GROUP ? n_rows - row : GROUP;
    const real *w = weights + row * row_stride;
    for (int64_t k = 0; k < n_columns; k++, packed += GROUP)
      for (int64_t q = 0; q < GROUP; q++)
        packed[q] = q < n_here ? w[q * row_stride + k * column_stride] : (real)0;
  }
}

// out (n_out, B) = or += packed (n_out / 4, n_in, 4) by panel (n_in, B)
template <int NV>
static void product(real *out, const real *packed, const real *panel, int64_t n_in, int64_t n_out,
                    bool adds) {
  constexpr int64_t B = NV * LANES;
  for (int64_t k = 0; k < n_out; k += GROUP, packed += GROUP * n_in) {
    vector sums[GROUP][NV];
    for (int q = 0; q < GROUP; q++)
      for (int v = 0; v < NV; v++)
        sums[q][v] = adds && k + q < n_out ? load(out + (k + q) * B + v * LANES) : (vector){};
    multiply_add<GROUP, NV>(sums, packed, panel, n_in);
    for (int q = 0; q < GROUP && k + q < n_out; q++)
      for (int v = 0; v < NV; v++) store(out + (k + q) * B + v * LANES, sums[q][v]);
  }
}

// Vectors of a panel that are multiplied by a group of weights together, in registers.
constexpr int TOGETHER = WIDEST >= 4 ? 6 : 3;
constexpr int64_t NEAR_STEPS = 24;  // whose panels stay in the cache

// What steps read: n_taps pieces (n, B) each, `tap` apart, and a step's `stride` after the last.
struct Taps {
  const real *panels;
  int64_t stride, n_taps, tap, n;

  int64_t n_in() const { return n_taps * n; }
};

// out (n_rows <= GROUP, NV vectors) of N_STEPS steps += packed (n_in, GROUP) by their taps
template <int N_STEPS, int NV>
INLINE void add_group(real *out, int64_t out_stride, int64_t n_rows, const real *packed,
                      const Taps &taps, const real *panels) {
  constexpr int64_t B = NV * LANES;
  vector sums[GROUP][N_STEPS][NV];
  for (int q = 0; q < GROUP; q++)
    for (int t = 0; t < N_STEPS; t++)
      for (int v = 0; v < NV; v++)
        sums[q][t][v] = q < n_rows ? load(out + t * out_stride + q * B + v * LANES) : (vector){};
  for (int64_t k = 0; k < taps.n_taps; k++, panels += taps.tap) {
    const real *panel = panels;
    for (int64_t i = 0; i < taps.n; i++, packed += GROUP, panel += B) {
      vector x[N_STEPS][NV];
      for (int t = 0; t < N_STEPS; t++)
        for (int v = 0; v < NV; v++) x[t][v] = load(panel + t * taps.stride + v * LANES);
      for (int q = 0; q < GROUP; q++)
        for (int t = 0; t < N_STEPS; t++)
          for (int v = 0; v < NV; v++) sums[q][t][v] += packed[q] * x[t][v];
    }
  }
  for (int q = 0; q < GROUP && q < n_rows; q++)
    for (int t = 0; t < N_STEPS; t++)
      for (int v = 0; v < NV; v++) store(out + t * out_stride + q * B + v * LANES, sums[q][t][v]);
}

// out (n_out, B) of each step += packed (n_out / 4, n_in, 4) by its taps (n_in, B), steps at
// strides. Several steps are multiplied together, unless the outputs of a group would overlap.
template <int NV>
static void products(real *out, int64_t out_stride, const real *packed, const Taps &taps,
                     int64_t n_out, int64_t n_steps) {
  constexpr int64_t B = NV * LANES;
  int64_t stride = taps.stride;
  constexpr int N = TOGETHER / NV > 1 ? TOGETHER / NV : 1, FEW = (N + 1) / 2;
  int64_t together = out_stride >= GROUP * B ? n_steps : 0;  // of these steps
  for (int64_t first = 0; first < n_steps; first += NEAR_STEPS) {
    int64_t end = first + NEAR_STEPS < n_steps ? first + NEAR_STEPS : n_steps;
    for (int64_t row = 0; row < n_out; row += GROUP) {
      const real *group = packed + row * taps.n_in(), *panels = taps.panels;
      real *to = out + row * B;
      int64_t t = first;
      for (; t + N <= end && t < together; t += N)
        add_group<N, NV>(to + t * out_stride, out_stride, n_out - row, group, taps,
                         panels + t * stride);
      for (; t + FEW <= end && t < together; t += FEW)
        add_group<FEW, NV>(to + t * out_stride, out_stride, n_out - row, group, taps,
                           panels + t * stride);
      for (; t < end; t++)
        add_group<1, NV>(to + t * out_stride, out_stride, n_out - row, group, taps,
                         panels + t * stride);
    }
  }
}

// Columns of a gradient: panels (n, B), step t of them at panels + t * stride; the gradient of
// column k of row r is gradient[r * row_stride + k].
struct Columns {
  const real *panels;
  int64_t n, stride;
  real *gradient;
  int64_t row_stride;
};

// gradient[r][k] += sum over steps and samples of slopes[t][r] * column k[t], in tiles of sums
// that stay in registers. slopes (n_steps, n_rows, B), n_rows at a stride; row r of the slopes is
// row rows[r / n_units] * n_units + r % n_units of the gradient (rows null: row r).
template <int NV>
static void outer_products(const real *slopes, int64_t n_rows, int64_t slope_stride,
                           const Columns *columns, int n_columns, int64_t n_steps,
                           const int64_t *rows = nullptr, int64_t n_units = 1) {
  constexpr int64_t B = NV * LANES;
  constexpr int TR = 4, TC = TILE_COLUMNS, N = TR * TC;
  constexpr int N_SUMS = N < LANES ? (int)LANES : N;
  int64_t n_all = 0;
  for (int i = 0; i < n_columns; i++) n_all += columns[i].n;
  for (int64_t k0 = 0; k0 < n_all; k0 += TC) {
    const real *panels[TC];
    int64_t strides[TC], row_strides[TC];
    real *gradients[TC];
    for (int q = 0; q < TC; q++) {
      int64_t k = k0 + q < n_all ? k0 + q : n_all - 1;
      const Columns *c = columns;
      while (k >= c->n) k -= (c++)->n;
      panels[q] = c->panels + k * B;
      strides[q] = c->stride;
      gradients[q] = c->gradient + k;
      row_strides[q] = c->row_stride;
    }
    for (int64_t r0 = 0; r0 < n_rows; r0 += TR) {
      const real *slope[TR], *panel[TC];
      for (int r = 0; r < TR; r++) slope[r] = slopes + (r0 + r < n_rows ? r0 + r : n_rows - 1) * B;
      for (int q = 0; q < TC; q++) panel[q] = panels[q];
      vector sums[N];
      for (int i = 0; i < N; i++) sums[i] = (vector){};
      for (int64_t t = 0; t < n_steps; t++) {
        for (int v = 0; v < NV; v++) {
          vector x[TC];
          for (int q = 0; q < TC; q++) x[q] = load(panel[q] + v * LANES);
          for (int r = 0; r < TR; r++) {
            vector s = load(slope[r] + v * LANES);
            for (int q = 0; q < TC; q++) sums[r * TC + q] += s * x[q];
          }
        }
        for (int q = 0; q < TC; q++) panel[q] += strides[q];
        for (int r = 0; r < TR; r++) slope[r] += slope_stride;
      }
      real totals[N_SUMS];
      vector folds[N_SUMS] = {};  // not sums itself, which is to stay in registers
      for (int i = 0; i < N; i++) folds[i] = sums[i];
      for (int i = 0; i < N_SUMS; i += LANES) store(totals + i, sums_of(folds + i));
      for (int r = 0; r < TR && r0 + r < n_rows; r++) {
        int64_t row = r0 + r;
        if (rows) row = rows[row / n_units] * n_units + row % n_units;
        for (int q = 0; q < TC && k0 + q < n_all; q++)
          gradients[q][row * row_strides[q]] += totals[r * TC + q];
      }
    }
  }
}
