// Matrix products of a few rows: rows by weights whose columns are the lanes of vectors.
//
// Every buffer (row, column) has a number of columns that vectors fill; the rest is zero.
#pragma once
#include "memory.h"

constexpr int64_t PANEL = 8 * LANES;  // columns of weights that are multiplied together

// Weights (n, width), packed in panels (n, PANEL) of columns; the last panel may be narrower.
struct PackedColumns {
  int64_t n, width;
  real *values;
};

static PackedColumns take_columns(Memory &memory, int64_t n, int64_t width) {
  return {n, width, memory.take(n * width)};
}
static void copy_reals(real *to, const real *from, int64_t n) { memcpy(to, from, n * sizeof(real)); }

INLINE int64_t panel_width(const PackedColumns &w, int64_t first) {
  return w.width - first < PANEL ? w.width - first : PANEL;
}

// sums (ROWS, NV vectors) += x (ROWS, n) by panel (n, NV vectors), all at strides
template <int ROWS, int NV>
INLINE void add_tile(real *sums, int64_t sums_stride, const real *x, int64_t x_stride, int64_t n,
                     const real *panel, int64_t panel_stride) {
  vector a[ROWS][NV];
  for (int r = 0; r < ROWS; r++)
    for (int v = 0; v < NV; v++) a[r][v] = load(sums + r * sums_stride + v * LANES);
  for (int64_t k = 0; k < n; k++, panel += panel_stride) {
    vector w[NV];
    for (int v = 0; v < NV; v++) w[v] = load(panel + v * LANES);
    for (int r = 0; r < ROWS; r++)
      for (int v = 0; v < NV; v++) a[r][v] += x[r * x_stride + k] * w[v];
  }
  for (int r = 0; r < ROWS; r++)
    for (int v = 0; v < NV; v++) store(sums + r * sums_stride + v * LANES, a[r][v]);
}

// As many tiles of NV vectors as there are columns left in a panel; returns the columns done.
template <int ROWS, int NV>
static int64_t add_tiles(real *sums, int64_t sums_stride, const real *x, int64_t x_stride,
                         int64_t n, const real *panel, int64_t width, int64_t done) {
  for (; width - done >= NV * LANES; done += NV * LANES)
    add_tile<ROWS, NV>(sums + done, sums_stride, x, x_stride, n, panel + done, width);
  return done;
}

template <int ROWS>
static void add_rows(real *sums, int64_t sums_stride, const real *x, int64_t x_stride,
                     const PackedColumns &w) {
  for (int64_t j = 0; j < w.width; j += PANEL) {
    int64_t width = panel_width(w, j), done = 0;
    const real *panel = w.values + j * w.n;
    real *part = sums + j;
    if (ROWS == 1) {
      done = add_tiles<ROWS, 8>(part, sums_stride, x, x_stride, w.n, panel, width, done);
      done = add_tiles<ROWS, 4>(part, sums_stride, x, x_stride, w.n, panel, width, done);
    }
    done = add_tiles<ROWS, 2>(part, sums_stride, x, x_stride, w.n, panel, width, done);
    add_tiles<ROWS, 1>(part, sums_stride, x, x_stride, w.n, panel, width, done);
  }
}

// sums (n_rows, width) += x (n_rows, n) by weights (n, width), at strides
static void add_product(real *sums, int64_t sums_stride, const real *x, int64_t x_stride,
                        const PackedColumns &w, int64_t n_rows) {
  int64_t row = 0;
  for (; row + 4 <= n_rows; row += 4)
    add_rows<4>(sums + row * sums_stride, sums_stride, x + row * x_stride, x_stride, w);
  for (; row < n_rows; row++) add_rows<1>(sums + row * sums_stride, 0, x + row * x_stride, 0, w);
}

// Packs torch's weights (gate * H, C, K), rows at a stride, as the weights of the inputs
// k * C + c; the units of each of the gates listed take `padded` columns, side by side.
static void pack_columns(const PackedColumns &w, const real *weights, int64_t row_stride,
                         int64_t H, int64_t C, int64_t K, const int64_t *gates, int64_t padded) {
  for (int64_t first = 0; first < w.width; first += PANEL) {
    int64_t width = panel_width(w, first);
    real *panel = w.values + first * w.n;
    for (int64_t i = 0; i < width; i++) {
      int64_t gate = (first + i) / padded, unit = (first + i) % padded;
      const real *row = weights + (gates[gate] * H + unit) * row_stride;
      for (int64_t k = 0; k < K; k++)
        for (int64_t c = 0; c < C; c++)
          panel[(k * C + c) * width + i] = unit < H ? row[c * K + k] : 0;
    }
  }
}
