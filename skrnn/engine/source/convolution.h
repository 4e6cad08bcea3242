// A convolution over time in front of the recurrent layers, of (f, c, k) weights as those of
// torch.nn.Conv1d: y[j] = act(b + sum over k of W[:, :, k] x[j stride + k dilation - n_back]), zero
// outside of a sample. It makes one step of each `stride` of a sample, the last of which may be
// fewer. With a norm there is no b; predictions then have it in the weights.
#pragma once
#include "activations.h"
#include "batch_norm.h"
#include "gemm.h"

struct Convolution {
  int64_t C, F, K, stride;  // channels in, filters, steps of the kernel, and of a step of y
  int64_t dilation;         // steps from one value of the kernel to the next
  int64_t n_back;           // steps that it reads before j stride, at most span - stride
  int64_t activation;
  const real *W, *bias;     // (F, C, K), (F,); with a norm no bias
  real *gW, *gbias;
  BatchNorm norm;
  real *packed, *back;      // (F / 4, K * C, 4), (n_taps, rows of a tap / 4, F, 4)
  real *folded;             // (F,) bias of a prediction with a norm
  real *x, *dx;             // (n_read(T), C, B), step t at t + n_back
  real *sums;               // (n_steps(T), F, B) before the activation
  real *padded;             // after it, with the room that the next convolution reads around
  int64_t n_margin;         // steps of that room before the first one
  real *gradient;           // (F, K, C)
  real *by_sample;          // (n_read(T), B, C) x with the channels last, C rounded up; or null
  real *by_filter;          // (F, n_steps(T), B) dy with the steps together
  real *lengths;            // (B,) of y, if the stride is not 1
  Steps steps;              // of y, in the present block

  int64_t span() const { return (K - 1) * dilation + 1; }
  int64_t n_steps(int64_t T) const { return (T + stride - 1) / stride; }  // of y, for T of x
  int64_t n_read(int64_t T) const { return (n_steps(T) - 1) * stride + span(); }  // and around
  // Steps of x that lie together are read in one piece, a tap.
  int64_t n_taps() const { return dilation == 1 ? 1 : K; }
  int64_t tap_size() const { return dilation == 1 ? K * C : C; }  // rows of a tap
  int64_t back_size() const { return n_taps() * rounded_up(tap_size(), GROUP) * F; }
  template <int NV> real *y() const { return padded + n_margin * F * NV * LANES; }
  // Whether the channels fill vectors: the gradient is then a product over steps and samples.
  bool fills_vectors() const { return stride == 1 && C >= LANES; }
};

// c.gradient (F, K, C) += slopes dy (T, F, B) by x, a product of matrices for each k
template <int NV> static void multiply_gradient(Convolution &c, const real *dy) {
  constexpr int64_t B = NV * LANES;
  int64_t T = c.steps.T, width = rounded_up(c.C, LANES);
  for (int64_t t = 0; t < T + c.span() - 1; t++)
    for (int64_t channel = 0; channel < c.C; channel++)
      for (int64_t b = 0; b < B; b++)
        c.by_sample[(t * B + b) * width + channel] = c.x[(t * c.C + channel) * B + b];
  for (int64_t t = 0; t < T; t++)
    for (int64_t f = 0; f < c.F; f++)
      memcpy(c.by_filter + (f * T + t) * B, dy + (t * c.F + f) * B, B * sizeof(real));
  for (int64_t k = 0; k < c.K; k++)
    add_product({c.by_filter, T * B, 1}, c.by_sample + k * c.dilation * B * width, width,
                c.gradient + k * c.C, c.K * c.C, c.F, c.C, T * B);
}

static void convolution_pack(Convolution &c, bool trains) {
  bool folds = !trains && !c.norm.is_none();
  real *p = c.packed;
  for (int64_t f = 0; f < c.F; f += GROUP) {
    real factors[GROUP];
    for (int64_t q = 0; q < GROUP; q++)
      factors[q] = f + q < c.F ? (folds ? (real)c.norm.factor(f + q) : 1) : 0;
    for (int64_t k = 0; k < c.K; k++)
      for (int64_t channel = 0; channel < c.C; channel++)
        for (int64_t q = 0; q < GROUP; q++)
          *p++ = f + q < c.F ? factors[q] * c.W[((f + q) * c.C + channel) * c.K + k] : 0;
  }
  for (int64_t f = 0; f < c.F && folds; f++) c.folded[f] = (real)c.norm.addend(f);
  if (!trains) return;
  clear(c.back, c.back_size());  // rows that fill the last group of a tap
  const real *w = c.W;
  int64_t n = c.tap_size();
  for (int64_t f = 0; f < c.F; f++)
    for (int64_t channel = 0; channel < c.C; channel++)
      for (int64_t k = 0; k < c.K; k++) {
        int64_t row = k * c.C + channel, j = row % n;
        real *tap = c.back + row / n * rounded_up(n, GROUP) * c.F;
        tap[(j / GROUP * c.F + f) * GROUP + j % GROUP] = *w++;
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

// The steps of y, from those of x
template <int NV> static Steps strided(const Convolution &c, const Steps &of_x) {
  if (c.stride == 1) return of_x;
  for (int64_t b = 0; b < NV * LANES; b++)
    c.lengths[b] = (real)c.n_steps((int64_t)of_x.lengths[b]);
  return {c.n_steps(of_x.T), c.n_steps(of_x.shortest), c.lengths};
}

// c.x, which holds `of_x` steps of n_lanes samples -> c.y, which holds c.steps
template <int NV>
static void convolution_forward(Convolution &c, const Steps &of_x, int64_t n_lanes, bool trains) {
  constexpr int64_t B = NV * LANES;
  bool has_norm = !c.norm.is_none();
  const real *bias = has_norm ? c.folded : c.bias;
  c.steps = strided<NV>(c, of_x);
  int64_t n_here = c.n_back + of_x.T, T = c.steps.T;
  clear(c.x, c.n_back * c.C * B);
  clear(c.x + n_here * c.C * B, (c.n_read(of_x.T) - n_here) * c.C * B);
  for (int64_t t = 0; t < T; t++)
    for (int64_t f = 0; f < c.F; f++)
      for (int v = 0; v < NV; v++)
        store(c.sums + (t * c.F + f) * B + v * LANES, all(has_norm && trains ? 0 : bias[f]));
  Taps taps = {c.x, c.stride * c.C * B, c.n_taps(), c.dilation * c.C * B, c.tap_size()};
  products<NV>(c.sums, c.F * B, c.packed, taps, c.F, T);
  if (has_norm && trains) batch_norm_forward<NV>(c.norm, c.steps, n_lanes, c.F, c.sums);
  activate_all(c.activation, has_norm && trains ? c.norm.scaled : c.sums, c.y<NV>(), T * c.F * B);
  end_samples<NV>(c.steps, c.y<NV>(), c.F);
}

// c.gradient (F, K, C) and that of the bias, from the slopes dy (T, F, B) of the sums
template <int NV>
static void convolution_gradient(Convolution &c, const real *dy, const real *ones) {
  constexpr int64_t B = NV * LANES;
  int64_t n = c.tap_size(), T = c.steps.T, row = c.F * B, stride = c.stride * c.C * B;
  clear(c.gradient, c.F * c.K * c.C);
  Columns of_bias = {ones, 1, 0, c.gbias, 1};
  if (c.norm.is_none()) outer_products<NV>(dy, c.F, row, &of_bias, 1, T);
  if (c.fills_vectors()) return multiply_gradient<NV>(c, dy);
  for (int64_t k = 0; k < c.n_taps(); k++) {
    const real *x = c.x + k * c.dilation * c.C * B;
    Columns columns = {x, n, stride, c.gradient + k * c.C, c.K * c.C};
    outer_products<NV>(dy, c.F, row, &columns, 1, T);
  }
}

// dy (T, F, B), which is changed -> gradients (added to), and c.dx if the layer has one
template <int NV> static void convolution_backward(Convolution &c, real *dy, const real *ones) {
  constexpr int64_t B = NV * LANES;
  int64_t n = c.tap_size(), T = c.steps.T, stride = c.stride * c.C * B;
  bool has_norm = !c.norm.is_none();
  end_samples<NV>(c.steps, dy, c.F);
  slope_all(c.activation, has_norm ? c.norm.scaled : c.sums, c.y<NV>(), dy, T * c.F * B);
  if (has_norm) batch_norm_backward<NV>(c.norm, T, c.F, c.sums, dy);
  convolution_gradient<NV>(c, dy, ones);
  const real *gradient = c.gradient;
  for (int64_t f = 0; f < c.F; f++)
    for (int64_t k = 0; k < c.K; k++)
      for (int64_t channel = 0; channel < c.C; channel++)
        c.gW[(f * c.C + channel) * c.K + k] += *gradient++;
  if (!c.dx) return;
  clear(c.dx, ((T - 1) * c.stride + c.span()) * c.C * B);
  for (int64_t k = 0; k < c.n_taps(); k++)
    products<NV>(c.dx + k * c.dilation * c.C * B, stride,
                 c.back + k * rounded_up(n, GROUP) * c.F, {dy, c.F * B, 1, 0, c.F}, n, T);
}
