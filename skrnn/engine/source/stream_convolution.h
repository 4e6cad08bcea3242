// A convolution of a stream: rows are its lanes' inputs one after the other, filters its lanes.
#pragma once
#include "activations.h"
#include "batch_norm.h"
#include "columns.h"

struct StreamConvolution {
  int64_t C, F, K, dilation, activation;
  PackedColumns W;      // (K * C, F), with the norm in it
  real *bias;           // (F,)
  real *x, *y, *taps;   // of a block: (n_before + n, C), (n, F), (n, K * C) if dilated

  int64_t n_before() const { return (K - 1) * dilation; }  // rows that it reads back
};

static void pack_bias(real *packed, const real *bias, int64_t n) {
  for (int64_t i = 0; i < padded(n); i++) packed[i] = i < n ? bias[i] : 0;
}

static void take_convolution(Memory &memory, StreamConvolution &c) {
  c.W = take_columns(memory, c.K * c.C, padded(c.F));
  c.bias = memory.take(padded(c.F));
}

// W (F, C, K) and bias (F,), or null with a norm
static void pack_convolution(const StreamConvolution &c, const real *W, const real *bias,
                             const BatchNorm &norm) {
  static const int64_t first = 0;
  pack_columns(c.W, W, c.C * c.K, c.F, c.C, c.K, &first, padded(c.F));
  if (norm.is_none()) return pack_bias(c.bias, bias, c.F);
  for (int64_t f = 0; f < padded(c.F); f++) {
    c.bias[f] = f < c.F ? (real)norm.addend(f) : 0;
    int64_t panel = f / PANEL * PANEL, width = panel_width(c.W, panel);
    real *values = c.W.values + panel * c.W.n + f % PANEL, factor = f < c.F ? (real)norm.factor(f) : 0;
    for (int64_t k = 0; k < c.W.n; k++) values[k * width] *= factor;
  }
}

static void take_rows(Memory &memory, StreamConvolution &c, int64_t n) {
  c.x = memory.take((c.n_before() + n) * c.C);
  c.y = memory.take(n * padded(c.F));
  c.taps = memory.take(c.dilation > 1 ? n * c.K * c.C : 0);
}

// c.x, which holds n_before rows and n more -> c.y (n, F)
static void convolve(const StreamConvolution &c, int64_t n) {
  int64_t F = padded(c.F), n_in = c.K * c.C;
  for (int64_t t = 0; t < n; t++) copy_reals(c.y + t * F, c.bias, F);
  for (int64_t t = 0; t < n && c.dilation > 1; t++)
    for (int64_t k = 0; k < c.K; k++)
      copy_reals(c.taps + t * n_in + k * c.C, c.x + (t + k * c.dilation) * c.C, c.C);
  if (c.dilation > 1) add_product(c.y, F, c.taps, n_in, c.W, n);
  else add_product(c.y, F, c.x, c.C, c.W, n);
  activate_all(c.activation, c.y, c.y, n * F);
}
