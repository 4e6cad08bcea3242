// Gated recurrent unit: r, z = s(.) of Wx x + b + Wh h, h' = n + z (h - n);
// n = tanh(Wn x + bn + r (Un h + cn)), or tanh(Wn x + bn + Un (r h)) if it resets before.
// Sources: K. Cho et al., 2014, https://arxiv.org/abs/1406.1078 (resets before the product);
// torch.nn.GRU (after it), whose layout of weights r, z, n this is.
#pragma once
#include "direction.h"
#include "functions.h"

static const int64_t GRU_ROWS[3] = {2, 0, 1};  // of torch's weights, in our order n, r, z

static void gru_pack(Direction &d) {
  int64_t H = d.H, F = d.F;
  for (int64_t j = 0; j < H; j++) {
    real *x = d.Px + j * 3 * F, *h = d.Ph + j * 3 * H, *b = d.b + j * 4;
    for (int64_t k = 0; k < F; k++)
      for (int64_t g = 0; g < 3; g++) *x++ = d.Wx[(GRU_ROWS[g] * H + j) * F + k];
    for (int64_t k = 0; k < H; k++)
      for (int64_t g = 0; g < 3; g++) *h++ = d.Wh[(g * H + j) * H + k];
    b[0] = d.bx[2 * H + j];
    b[1] = d.bx[j] + d.bh[j];
    b[2] = d.bx[H + j] + d.bh[H + j];
    b[3] = d.bh[2 * H + j];
  }
}

// x (F, B), h (H, B) before -> after (H, B); kept (4, H, B): n, r, z, Un h + cn
template <int NV>
static void gru_forward(const Direction &d, const Steps &steps, int64_t t, const real *x,
                        const real *h, real *after, real *kept) {
  constexpr int64_t B = NV * LANES;
  int64_t plane = d.H * B;
  bool has_ended = steps.has_ended(t);
  for (int64_t j = 0; j < d.H; j++) {
    vector sums[4][NV];
    for (int g = 0; g < 4; g++)
      for (int v = 0; v < NV; v++) sums[g][v] = all(d.b[j * 4 + g]);
    multiply_add<3, NV>(sums, d.Px + j * 3 * d.F, x, d.F);
    multiply_add<3, NV>(sums + 1, d.Ph + j * 3 * d.H, h, d.H);
    for (int v = 0; v < NV; v++) {
      int64_t at = j * B + v * LANES;
      vector r = sigmoid_of(sums[1][v]), z = sigmoid_of(sums[2][v]), before = load(h + at);
      vector n = tanh_of(sums[0][v] + r * sums[3][v]), now = n + z * (before - n);
      if (has_ended) now = select(steps.alive(t, v), now, before);
      store(kept + at, n);
      store(kept + plane + at, r);
      store(kept + 2 * plane + at, z);
      store(kept + 3 * plane + at, sums[3][v]);
      store(after + at, now);
    }
  }
}

// The slope dh (H, B) after -> slopes in the place of n, r, z and Un h + cn; dh z in dh.
template <int NV>
static void gru_backward(const Direction &d, const Steps &steps, int64_t t, const real *h,
                         real *kept, real *dh) {
  constexpr int64_t B = NV * LANES;
  int64_t plane = d.H * B;
  bool has_ended = steps.has_ended(t);
  vector one = all(1), zero = {};
  for (int64_t j = 0; j < d.H; j++)
    for (int v = 0; v < NV; v++) {
      int64_t at = j * B + v * LANES;
      real *p = kept + at;
      vector n = load(p), r = load(p + plane), z = load(p + 2 * plane), k = load(p + 3 * plane);
      vector slope = load(dh + at), before = slope * z;
      vector dn = slope * (one - z) * (one - n * n), dr = dn * k * r * (one - r);
      vector dz = slope * (load(h + at) - n) * z * (one - z);
      if (has_ended) {
        mask alive = steps.alive(t, v);
        dn = select(alive, dn, zero);
        dr = select(alive, dr, zero);
        dz = select(alive, dz, zero);
        before = select(alive, before, slope);
      }
      store(p, dn);
      store(p + plane, dr);
      store(p + 2 * plane, dz);
      store(p + 3 * plane, dn * r);
      store(dh + at, before);
    }
}

// Packed: r and z of a unit side by side, then n in groups of units.
static void gru_before_pack(Direction &d) {
  int64_t H = d.H, F = d.F;
  real *x = d.Px, *h = d.Ph;
  for (int64_t j = 0; j < H; j++) {
    for (int64_t k = 0; k < F; k++)
      for (int64_t g = 0; g < 2; g++) *x++ = d.Wx[(g * H + j) * F + k];
    for (int64_t k = 0; k < H; k++)
      for (int64_t g = 0; g < 2; g++) *h++ = d.Wh[(g * H + j) * H + k];
    d.b[2 * j] = d.bx[j];
    d.b[2 * j + 1] = d.bx[H + j];
  }
  pack_rows(x, d.Wx + 2 * H * F, H, F, F, 1);
  pack_rows(h, d.Wh + 2 * H * H, H, H, H, 1);
  for (int64_t j = 0; j < rounded_up(H, GROUP); j++)
    d.b[2 * H + j] = j < H ? d.bx[2 * H + j] : 0;
}

// As gru_forward; kept (4, H, B): n, r, z, r h
template <int NV>
static void gru_before_forward(const Direction &d, const Steps &steps, int64_t t, const real *x,
                               const real *h, real *after, real *kept) {
  constexpr int64_t B = NV * LANES;
  int64_t plane = d.H * B;
  bool has_ended = steps.has_ended(t);
  for (int64_t j = 0; j < d.H; j++) {
    vector sums[2][NV];
    for (int g = 0; g < 2; g++)
      for (int v = 0; v < NV; v++) sums[g][v] = all(d.b[j * 2 + g]);
    multiply_add<2, NV>(sums, d.Px + j * 2 * d.F, x, d.F);
    multiply_add<2, NV>(sums, d.Ph + j * 2 * d.H, h, d.H);
    for (int v = 0; v < NV; v++) {
      int64_t at = j * B + v * LANES;
      vector r = sigmoid_of(sums[0][v]);
      store(kept + plane + at, r);
      store(kept + 2 * plane + at, sigmoid_of(sums[1][v]));
      store(kept + 3 * plane + at, r * load(h + at));
    }
  }
  const real *Px = d.Px + 2 * d.H * d.F, *Ph = d.Ph + 2 * d.H * d.H, *b = d.b + 2 * d.H;
  for (int64_t j = 0; j < d.H; j += GROUP) {
    vector sums[GROUP][NV];
    for (int q = 0; q < GROUP; q++)
      for (int v = 0; v < NV; v++) sums[q][v] = all(b[j + q]);
    multiply_add<GROUP, NV>(sums, Px + j * d.F, x, d.F);
    multiply_add<GROUP, NV>(sums, Ph + j * d.H, kept + 3 * plane, d.H);
    for (int q = 0; q < GROUP && j + q < d.H; q++)
      for (int v = 0; v < NV; v++) {
        int64_t at = (j + q) * B + v * LANES;
        vector n = tanh_of(sums[q][v]), before = load(h + at);
        vector now = n + load(kept + 2 * plane + at) * (before - n);
        if (has_ended) now = select(steps.alive(t, v), now, before);
        store(kept + at, n);
        store(after + at, now);
      }
  }
}

// Slopes in the place of n, r and z; dh before, but for the products of r and z with Wh.
// back packs the rows n of Wh for the product with dn; room (H, B) is overwritten.
template <int NV>
static void gru_before_backward(const Direction &d, const Steps &steps, int64_t t, const real *h,
                                real *kept, real *dh, const real *back, real *room) {
  constexpr int64_t B = NV * LANES;
  int64_t plane = d.H * B;
  bool has_ended = steps.has_ended(t);
  vector one = all(1), zero = {};
  for (int64_t j = 0; j < d.H; j++)
    for (int v = 0; v < NV; v++) {
      int64_t at = j * B + v * LANES;
      real *p = kept + at;
      vector n = load(p), z = load(p + 2 * plane), slope = load(dh + at), before = slope * z;
      vector dn = slope * (one - z) * (one - n * n);
      vector dz = slope * (load(h + at) - n) * z * (one - z);
      if (has_ended) {
        mask alive = steps.alive(t, v);
        dn = select(alive, dn, zero);
        dz = select(alive, dz, zero);
        before = select(alive, before, slope);
      }
      store(p, dn);
      store(p + 2 * plane, dz);
      store(dh + at, before);
    }
  product<NV>(room, back, kept, d.H, d.H, false);  // of r h
  for (int64_t at = 0; at < plane; at += LANES) {
    vector r = load(kept + plane + at), slope = load(room + at);
    store(kept + plane + at, slope * load(h + at) * r * (one - r));
    store(dh + at, load(dh + at) + slope * r);
  }
}
