// A convolution over time in front of the recurrent layers, of (f, c, k) weights as those of
// torch.nn.Conv1d: y[j] = act(b + sum over k of W[:, :, k] x[j stride + k - n_back]), zero outside
// of a sample. It makes one step of each `stride` of a sample, the last of which may be fewer.
#pragma once
#include "activations.h"
#include "direction.h"
#include "gemm.h"

struct Convolution {
  int64_t C, F, K, stride;  // channels in, filters, steps of the kernel, and of a step of y
  int64_t n_back;           // steps of the kernel before j stride, at most K - stride
  int64_t activation;
  const real *W, *bias;     // (F, C, K), (F,)
  real *gW, *gbias;
  real *packed, *back;      // (F / 4, K * C, 4), (K * C / 4, F, 4)
  real *x, *dx;             // (n_read(T), C, B), step t at t + n_back
  real *sums;               // (n_steps(T), F, B) before the activation
  real *padded;             // after it, with the room that the next convolution reads around
  int64_t n_margin;         // steps of that room before the first one
  real *gradient;           // (F, K, C)
  real *by_sample;          // (n_read(T), B, C) x with the channels last, C rounded up; or null
  real *by_filter;          // (F, n_steps(T), B) dy with the steps together
  real *lengths;            // (B,) of y, if the stride is not 1
  Steps steps;              // of y, in the present block

  int64_t n_steps(int64_t T) const { return (T + stride - 1) / stride; }  // of y, for T of x
  int64_t n_read(int64_t T) const { return (n_steps(T) - 1) * stride + K; }  // with those around
  template <int NV> real *y() const { return padded + n_margin * F * NV * LANES; }
  // Whether the channels fill vectors: the gradient is then a product over steps and samples.
  bool fills_vectors() const { return stride == 1 && C >= LANES; }
};

// c.gradient (F, K, C) += slopes dy (T, F, B) by x, a product of matrices for each k
template <int NV> static void multiply_gradient(Convolution &c, const real *dy) {
  constexpr int64_t B = NV * LANES;
  int64_t T = c.steps.T, width = rounded_up(c.C, LANES);
  for (int64_t t = 0; t < T + c.K - 1; t++)
    for (int64_t channel = 0; channel < c.C; channel++)
      for (int64_t b = 0; b < B; b++)
        c.by_sample[(t * B + b) * width + channel] = c.x[(t * c.C + channel) * B + b];
  for (int64_t t = 0; t < T; t++)
    for (int64_t f = 0; f < c.F; f++)
      memcpy(c.by_filter + (f * T + t) * B, dy + (t * c.F + f) * B, B * sizeof(real));
  for (int64_t k = 0; k < c.K; k++)
    add_product({c.by_filter, T * B, 1}, c.by_sample + k * B * width, width,
                c.gradient + k * c.C, c.K * c.C, c.F, c.C, T * B);
}

static void convolution_pack(Convolution &c, bool trains) {
  int64_t n = c.K * c.C;
  real *p = c.packed;
  for (int64_t f = 0; f < c.F; f += GROUP)
    for (int64_t k = 0; k < c.K; k++)
      for (int64_t channel = 0; channel < c.C; channel++)
        for (int64_t q = 0; q < GROUP; q++)
          *p++ = f + q < c.F ? c.W[((f + q) * c.C + channel) * c.K + k] : 0;
  if (!trains) return;
  const real *w = c.W;
  for (int64_t f = 0; f < c.F; f++)
    for (int64_t channel = 0; channel < c.C; channel++)
      for (int64_t k = 0; k < c.K; k++) {
        int64_t j = k * c.C + channel;
        c.back[(j / GROUP * c.F + f) * GROUP + j % GROUP] = *w++;
      }
  p = c.back + n / GROUP * GROUP * c.F;
  for (int64_t f = 0; f < c.F; f++)  // rows that fill the last group
    for (int64_t q = n % GROUP; q && q < GROUP; q++) p[f * GROUP + q] = 0;
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

// The steps of y, from those of x
template <int NV> static Steps strided(const Convolution &c, const Steps &of_x) {
  if (c.stride == 1) return of_x;
  for (int64_t b = 0; b < NV * LANES; b++)
    c.lengths[b] = (real)c.n_steps((int64_t)of_x.lengths[b]);
  return {c.n_steps(of_x.T), c.n_steps(of_x.shortest), c.lengths};
}

// c.x, which holds `of_x` steps -> c.y, which holds c.steps
template <int NV> static void convolution_forward(Convolution &c, const Steps &of_x) {
  constexpr int64_t B = NV * LANES;
  c.steps = strided<NV>(c, of_x);
  int64_t n_here = c.n_back + of_x.T, T = c.steps.T;
  clear(c.x, c.n_back * c.C * B);
  clear(c.x + n_here * c.C * B, (c.n_read(of_x.T) - n_here) * c.C * B);
  for (int64_t t = 0; t < T; t++)
    for (int64_t f = 0; f < c.F; f++)
      for (int v = 0; v < NV; v++)
        store(c.sums + (t * c.F + f) * B + v * LANES, all(c.bias[f]));
  products<NV>(c.sums, c.F * B, c.packed, c.x, c.stride * c.C * B, c.K * c.C, c.F, T);
  activate_all(c.activation, c.sums, c.y<NV>(), T * c.F * B);
  end_samples<NV>(c.steps, c.y<NV>(), c.F);
}

// dy (T, F, B), which is changed -> gradients (added to), and c.dx if the layer has one
template <int NV> static void convolution_backward(Convolution &c, real *dy, const real *ones) {
  constexpr int64_t B = NV * LANES;
  int64_t n = c.K * c.C, T = c.steps.T, stride = c.stride * c.C * B;
  end_samples<NV>(c.steps, dy, c.F);
  slope_all(c.activation, c.sums, c.y<NV>(), dy, T * c.F * B);
  clear(c.gradient, c.F * n);
  Columns columns[2] = {{ones, 1, 0, c.gbias, 1}, {c.x, n, stride, c.gradient, n}};
  if (c.fills_vectors()) multiply_gradient<NV>(c, dy);
  outer_products<NV>(dy, c.F, c.F * B, columns, c.fills_vectors() ? 1 : 2, T);
  const real *gradient = c.gradient;
  for (int64_t f = 0; f < c.F; f++)
    for (int64_t k = 0; k < c.K; k++)
      for (int64_t channel = 0; channel < c.C; channel++)
        c.gW[(f * c.C + channel) * c.K + k] += *gradient++;
  if (!c.dx) return;
  clear(c.dx, ((T - 1) * c.stride + c.K) * c.C * B);
  products<NV>(c.dx, stride, c.back, dy, c.F * B, c.F, n, T);
}
