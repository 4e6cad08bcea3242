// Long short-term memory: i, f, g, o = s(.), s(.), tanh(.), s(.) of Wx x + b + Wh h;
// c' = f c + i g, h' = o tanh(c').
// Source: F. Gers et al., "Learning to forget", 2000; the layout of weights is torch.nn.LSTM's.
#pragma once
#include "direction.h"
#include "functions.h"

static void lstm_pack(Direction &d) {
  int64_t H = d.H;
  for (int64_t j = 0; j < H; j++) {  // the four gates of a unit are a group
    pack_rows(d.Px + j * 4 * d.F, d.Wx + j * d.F, 4, H * d.F, d.F, 1);
    pack_rows(d.Ph + j * 4 * H, d.Wh + j * H, 4, H * H, H, 1);
    for (int64_t g = 0; g < 4; g++)
      d.b[j * 4 + g] = d.bx[g * H + j] + (d.bh ? d.bh[g * H + j] : 0);
  }
}

// x (F, B), h and c (H, B) before -> after, c_after (H, B); kept (5, H, B): i, f, g, o, tanh(c')
template <int NV>
static void lstm_forward(const Direction &d, const Steps &steps, int64_t t, const real *x,
                         const real *h, const real *c, real *after, real *c_after, real *kept) {
  constexpr int64_t B = NV * LANES;
  int64_t plane = d.H * B;
  bool has_ended = steps.has_ended(t);
  for (int64_t j = 0; j < d.H; j++) {
    vector sums[4][NV];
    for (int g = 0; g < 4; g++)
      for (int v = 0; v < NV; v++) sums[g][v] = all(d.b[j * 4 + g]);
    multiply_add<4, NV>(sums, d.Px + j * 4 * d.F, x, d.F);
    multiply_add<4, NV>(sums, d.Ph + j * 4 * d.H, h, d.H);
    for (int v = 0; v < NV; v++) {
      int64_t at = j * B + v * LANES;
      vector i = sigmoid_of(sums[0][v]), f = sigmoid_of(sums[1][v]);
      vector g = tanh_of(sums[2][v]), o = sigmoid_of(sums[3][v]);
      vector cell = f * load(c + at) + i * g, u = tanh_of(cell), now = o * u;
      if (has_ended) {
        mask alive = steps.alive(t, v);
        now = select(alive, now, load(h + at));
        cell = select(alive, cell, load(c + at));
      }
      store(kept + at, i);
      store(kept + plane + at, f);
      store(kept + 2 * plane + at, g);
      store(kept + 3 * plane + at, o);
      store(kept + 4 * plane + at, u);
      store(c_after + at, cell);
      store(after + at, now);
    }
  }
}

// Slopes dh, dc (H, B) after the step -> slopes (4, H, B) of the sums in the place of i, f, g, o,
// dc before it, and dh of a sample that has ended.
template <int NV>
static void lstm_backward(const Direction &d, const Steps &steps, int64_t t, const real *c,
                          real *kept, real *dh, real *dc) {
  constexpr int64_t B = NV * LANES;
  int64_t plane = d.H * B;
  bool has_ended = steps.has_ended(t);
  vector one = all(1), zero = {};
  for (int64_t j = 0; j < d.H; j++)
    for (int v = 0; v < NV; v++) {
      int64_t at = j * B + v * LANES;
      real *p = kept + at;
      vector i = load(p), f = load(p + plane), g = load(p + 2 * plane), o = load(p + 3 * plane);
      vector u = load(p + 4 * plane), slope = load(dh + at), cell = load(dc + at);
      vector inner = cell + slope * o * (one - u * u);
      vector di = inner * g * i * (one - i), df = inner * load(c + at) * f * (one - f);
      vector dg = inner * i * (one - g * g), dout = slope * u * o * (one - o);
      vector before = inner * f;
      if (has_ended) {
        mask alive = steps.alive(t, v);
        di = select(alive, di, zero);
        df = select(alive, df, zero);
        dg = select(alive, dg, zero);
        dout = select(alive, dout, zero);
        before = select(alive, before, cell);
        store(dh + at, select(alive, zero, slope));
      }
      store(p, di);
      store(p + plane, df);
      store(p + 2 * plane, dg);
      store(p + 3 * plane, dout);
      store(dc + at, before);
    }
}
