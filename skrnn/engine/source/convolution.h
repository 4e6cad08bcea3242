// A convolution over time in front of the recurrent layers, of (f, c, k) weights as torch.nn.Conv1d:
// y[t] = act(b + sum over k of W[:, :, k] x[t + k - n_back]), zero outside of a sample.
#pragma once
#include "activations.h"
#include "direction.h"

struct Convolution {
  int64_t C, F, K, n_back;  // channels in, filters, steps of the kernel, of which before t
  int64_t activation;
  const real *W, *bias;     // (F, C, K), (F,)
  real *gW, *gbias;
  real *packed, *back;      // (F / 4, K * C, 4), (K * C / 4, F, 4)
  real *x, *dx;             // (T + K - 1, C, B), step t at t + n_back
  real *sums;               // (T, F, B) before the activation
  real *padded;             // after it, with the room that the next convolution reads around
  int64_t n_margin;         // steps of that room before the first one
  real *gradient;           // (F, K, C)

  template <int NV> real *y() const { return padded + n_margin * F * NV * LANES; }  // (T, F, B)
};

static void convolution_pack(Convolution &c, bool trains) {
  int64_t n = c.K * c.C;
  real *p = c.packed;
  for (int64_t f = 0; f < c.F; f += GROUP)
    for (int64_t j = 0; j < n; j++)
      for (int64_t q = 0; q < GROUP; q++)
        *p++ = f + q < c.F ? c.W[((f + q) * c.C + j % c.C) * c.K + j / c.C] : 0;
  if (!trains) return;
  p = c.back;
  for (int64_t j = 0; j < n; j += GROUP)
    for (int64_t f = 0; f < c.F; f++)
      for (int64_t q = 0; q < GROUP; q++) {
        int64_t k = (j + q) / c.C, channel = (j + q) % c.C;
        *p++ = j + q < n ? c.W[(f * c.C + channel) * c.K + k] : 0;
      }
}

// Zero in the steps after the end of a sample.
template <int NV> static void end_samples(const Steps &steps, real *values, int64_t n_rows) {
  constexpr int64_t B = NV * LANES;
  for (int64_t t = steps.shortest; t < steps.T; t++)
    for (int64_t i = 0; i < n_rows; i++)
      for (int v = 0; v < NV; v++) {
        real *at = values + (t * n_rows + i) * B + v * LANES;
        store(at, select(steps.alive(t, v), load(at), (vector){}));
      }
}

template <int NV> static void convolution_forward(Convolution &c, const Steps &steps) {
  constexpr int64_t B = NV * LANES;
  int64_t before = c.n_back * c.C * B, after = (c.K - 1 - c.n_back) * c.C * B;
  clear(c.x, before);
  clear(c.x + before + steps.T * c.C * B, after);
  for (int64_t t = 0; t < steps.T; t++) {
    real *sums = c.sums + t * c.F * B;
    for (int64_t f = 0; f < c.F; f++)
      for (int v = 0; v < NV; v++) store(sums + f * B + v * LANES, all(c.bias[f]));
    product<NV>(sums, c.packed, c.x + t * c.C * B, c.K * c.C, c.F, true);
  }
  activate_all(c.activation, c.sums, c.y<NV>(), steps.T * c.F * B);
  end_samples<NV>(steps, c.y<NV>(), c.F);
}

// dy (T, F, B), which is changed -> gradients (added to), and c.dx if the layer has one
template <int NV>
static void convolution_backward(Convolution &c, const Steps &steps, real *dy, const real *ones) {
  constexpr int64_t B = NV * LANES;
  int64_t n = c.K * c.C;
  end_samples<NV>(steps, dy, c.F);
  slope_all(c.activation, c.sums, c.y<NV>(), dy, steps.T * c.F * B);
  clear(c.gradient, c.F * n);
  Columns columns[2] = {{c.x, n, c.C * B, c.gradient, n}, {ones, 1, 0, c.gbias, 1}};
  outer_products<NV>(dy, c.F, c.F * B, columns, 2, steps.T);
  for (int64_t f = 0; f < c.F; f++)
    for (int64_t j = 0; j < n; j++)
      c.gW[(f * c.C + j % c.C) * c.K + j / c.C] += c.gradient[f * n + j];
  if (!c.dx) return;
  clear(c.dx, (steps.T + c.K - 1) * c.C * B);
  for (int64_t t = 0; t < steps.T; t++)
    product<NV>(c.dx + t * c.C * B, c.back, dy + t * c.F * B, c.F, n, true);
}
