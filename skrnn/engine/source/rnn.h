// Elman's network: h' = f(Wx x + b + Wh h), f = tanh or relu.
// Source: J. Elman, "Finding structure in time", 1990; the layout of weights is torch.nn.RNN's.
#pragma once
#include "direction.h"
#include "functions.h"

static void rnn_pack(Direction &d) {
  pack_rows(d.Px, d.Wx, d.H, d.F, d.F, 1);
  pack_rows(d.Ph, d.Wh, d.H, d.H, d.H, 1);
  for (int64_t j = 0; j < rounded_up(d.H, GROUP); j++)
    d.b[j] = j < d.H ? d.bx[j] + (d.bh ? d.bh[j] : 0) : 0;
}

// x (F, B), h (H, B) before -> after (H, B)
template <int NV, bool IS_RELU>
static void rnn_forward(const Direction &d, const Steps &steps, int64_t t, const real *x,
                        const real *h, real *after) {
  constexpr int64_t B = NV * LANES;
  bool has_ended = steps.has_ended(t);
  for (int64_t j = 0; j < d.H; j += GROUP) {
    vector sums[GROUP][NV];
    for (int q = 0; q < GROUP; q++)
      for (int v = 0; v < NV; v++) sums[q][v] = all(d.b[j + q]);
    multiply_add<GROUP, NV>(sums, d.Px + j * d.F, x, d.F);
    multiply_add<GROUP, NV>(sums, d.Ph + j * d.H, h, d.H);
    for (int q = 0; q < GROUP && j + q < d.H; q++)
      for (int v = 0; v < NV; v++) {
        int64_t at = (j + q) * B + v * LANES;
        vector now = IS_RELU ? relu_of(sums[q][v]) : tanh_of(sums[q][v]);
        if (has_ended) now = select(steps.alive(t, v), now, load(h + at));
        store(after + at, now);
      }
  }
}

// The slope dh (H, B) of the states after -> slopes (1, H, B) of the sums, and dh of a sample
// that has ended; the rest of dh is their product with Wh.
template <int NV, bool IS_RELU>
static void rnn_backward(const Direction &d, const Steps &steps, int64_t t, const real *after,
                         real *slopes, real *dh) {
  constexpr int64_t B = NV * LANES;
  bool has_ended = steps.has_ended(t);
  for (int64_t j = 0; j < d.H; j++)
    for (int v = 0; v < NV; v++) {
      int64_t at = j * B + v * LANES;
      vector slope = load(dh + at), h = load(after + at), zero = {};
      vector inner = IS_RELU ? select(h > zero, slope, zero) : slope * (all(1) - h * h);
      if (has_ended) {
        mask alive = steps.alive(t, v);
        inner = select(alive, inner, zero);
        store(dh + at, select(alive, zero, slope));
      }
      store(slopes + at, inner);
    }
}
