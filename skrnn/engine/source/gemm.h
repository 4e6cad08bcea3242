// A product of matrices with the columns in vectors, for layers over tables.
#pragma once
#include "vectors.h"

#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int TILE_ROWS = 8;
#else
constexpr int TILE_ROWS = 4;  // 16 registers
#endif
constexpr int TILE_VECTORS = 2;
constexpr int64_t DEPTH = 256;  // rows of b that are used while they are in the cache

// A matrix that is read element by element, at strides.
struct Strided {
  const real *values;
  int64_t row, column;
};

// c (R, NV * LANES) += a (R, depth) b (depth, NV * LANES); n columns of c are valid
template <int R, int NV>
INLINE void tile(Strided a, const real *b, int64_t b_row, real *c, int64_t c_row, int64_t depth,
                 int64_t n) {
  vector sums[R][NV];
  for (int r = 0; r < R; r++)
    for (int v = 0; v < NV; v++) sums[r][v] = (vector){};
  const real *at = a.values;
  for (int64_t k = 0; k < depth; k++, b += b_row, at += a.column) {
    vector x[NV];
    for (int v = 0; v < NV; v++) x[v] = load(b + v * LANES);
    for (int r = 0; r < R; r++)
      for (int v = 0; v < NV; v++) sums[r][v] += at[r * a.row] * x[v];
  }
  for (int r = 0; r < R; r++)
    for (int v = 0; v < NV; v++) {
      real *to = c + r * c_row + v * LANES;
      int64_t n_here = n - v * LANES;
      if (n_here >= LANES) store(to, load(to) + sums[r][v]);
      else
        for (int64_t i = 0; i < n_here; i++) to[i] += sums[r][v][i];
    }
}

template <int NV>
static void tile_column(Strided a, const real *b, int64_t b_row, real *c, int64_t c_row, int64_t m,
                        int64_t depth, int64_t n) {
  int64_t r = 0;
  for (; r + TILE_ROWS <= m; r += TILE_ROWS)
    tile<TILE_ROWS, NV>({a.values + r * a.row, a.row, a.column}, b, b_row, c + r * c_row, c_row,
                        depth, n);
  for (; r + 2 <= m; r += 2)
    tile<2, NV>({a.values + r * a.row, a.row, a.column}, b, b_row, c + r * c_row, c_row, depth, n);
  for (; r < m; r++)
    tile<1, NV>({a.values + r * a.row, a.row, a.column}, b, b_row, c + r * c_row, c_row, depth, n);
}

// c (m, n) += a (m, k) b (k, n). Rows of b are padded to vectors; those of c need not be.
static void add_product(Strided a, const real *b, int64_t b_row, real *c, int64_t c_row, int64_t m,
                        int64_t n, int64_t k) {
  for (int64_t k0 = 0; k0 < k; k0 += DEPTH) {
    int64_t depth = k - k0 < DEPTH ? k - k0 : DEPTH;
    Strided part = {a.values + k0 * a.column, a.row, a.column};
    for (int64_t j = 0; j < n; j += TILE_VECTORS * LANES) {
      const real *from = b + k0 * b_row + j;
      if (n - j > LANES)
        tile_column<TILE_VECTORS>(part, from, b_row, c + j, c_row, m, depth, n - j);
      else
        tile_column<1>(part, from, b_row, c + j, c_row, m, depth, n - j);
    }
  }
}
