// A direction of a recurrent layer over all steps of a block, and back through time.
#pragma once
#include "gru.h"
#include "lstm.h"
#include "rnn.h"

// Samples of the next block: few vectors of them.
INLINE int64_t recurrent_block_size(int64_t n_left, int64_t widest) {
  int64_t n = rounded_up(n_left, LANES) / LANES;
  int64_t width = n > 2 && WIDEST >= 4 ? WIDEST : n > 1 ? 2 : 1;
  width = width > widest ? widest : width;
  return n_left < width * LANES ? n_left : width * LANES;
}
INLINE int64_t vectors_of(int64_t count) {
  return count > 2 * LANES ? WIDEST : count > LANES ? 2 : 1;
}

static void pack_forward(int64_t cell, Direction &d) {
  if (cell == LSTM) lstm_pack(d);
  else if (cell == GRU) gru_pack(d);
  else if (cell == GRU_RESET_BEFORE) gru_before_pack(d);
  else rnn_pack(d);
}
static void pack_back(int64_t cell, Direction &d, bool has_slope_of_x) {
  int64_t H = d.H, F = d.F, G = gates_of(cell);
  bool resets_before = cell == GRU_RESET_BEFORE;  // the rows of n have a product of their own
  pack_rows(d.Bh, d.Wh, H, 1, (resets_before ? 2 : G) * H, H);
  if (resets_before) pack_rows(d.Bh + 2 * H * rounded_up(H, GROUP), d.Wh + 2 * H * H, H, 1, H, H);
  if (!has_slope_of_x) return;
  if (G != 3) {
    pack_rows(d.Bx, d.Wx, F, 1, G * H, F);
    return;
  }
  for (int64_t k = 0; k < F; k += GROUP)  // in our order of the gates
    for (int64_t g = 0; g < 3; g++)
      pack_rows(d.Bx + (k * G + g * GROUP) * H, d.Wx + GRU_ROWS[g] * H * F + k,
                F - k < GROUP ? F - k : GROUP, 1, H, F);
}
static void pack(int64_t cell, Direction &d, bool trains, bool has_slope_of_x) {
  pack_forward(cell, d);
  if (trains) pack_back(cell, d, has_slope_of_x);
}

// x (T, F, B) -> the states of d (T + 1, H, B). Without training only the states are kept.
template <int NV>
static void recurrent_forward(int64_t cell, Direction &d, const Steps &steps, const real *x,
                              bool trains) {
  constexpr int64_t B = NV * LANES;
  int64_t plane = d.H * B, n_planes = planes_of(cell), T = steps.T;
  if (!d.continues) {
    clear(d.first_of<NV>(d.states, T), plane);
    if (cell == LSTM) clear(d.first_of<NV>(d.cells, T), plane);
  }
  for (int64_t i = 0; i < T; i++) {
    int64_t t = d.is_reversed ? T - 1 - i : i;
    const real *xt = x + t * d.F * B, *h = d.before<NV>(d.states, t);
    real *after = d.after<NV>(d.states, t), *kept = d.kept + (trains ? t : 0) * n_planes * plane;
    if (cell == LSTM)
      lstm_forward<NV>(d, steps, t, xt, h, d.before<NV>(d.cells, t), after,
                       d.after<NV>(d.cells, t), kept);
    else if (cell == GRU) gru_forward<NV>(d, steps, t, xt, h, after, kept);
    else if (cell == GRU_RESET_BEFORE) gru_before_forward<NV>(d, steps, t, xt, h, after, kept);
    else if (cell == RNN_RELU) rnn_forward<NV, true>(d, steps, t, xt, h, after);
    else rnn_forward<NV, false>(d, steps, t, xt, h, after);
  }
}

// One step back: the slope dh after step t -> that before it, and the slopes of the sums.
template <int NV>
static void step_back(int64_t cell, Direction &d, const Steps &steps, int64_t t, real *room) {
  constexpr int64_t B = NV * LANES;
  int64_t H = d.H, plane = H * B;
  real *kept = d.kept + t * planes_of(cell) * plane;
  const real *h = d.before<NV>(d.states, t), *sums = kept;
  int64_t n_sums = gates_of(cell) * H;
  bool adds = steps.has_ended(t);
  if (cell == LSTM) {
    lstm_backward<NV>(d, steps, t, d.before<NV>(d.cells, t), kept, d.dh, d.dc);
  } else if (cell == GRU) {
    gru_backward<NV>(d, steps, t, h, kept, d.dh);
    sums = kept + plane;  // r, z, Un h + cn
    adds = true;
  } else if (cell == GRU_RESET_BEFORE) {
    const real *back = d.Bh + 2 * H * rounded_up(H, GROUP);
    gru_before_backward<NV>(d, steps, t, h, kept, d.dh, back, room);
    sums = kept + plane;  // r, z
    n_sums = 2 * H;
    adds = true;
  } else if (cell == RNN_RELU) {
    rnn_backward<NV, true>(d, steps, t, d.after<NV>(d.states, t), kept, d.dh);
  } else {
    rnn_backward<NV, false>(d, steps, t, d.after<NV>(d.states, t), kept, d.dh);
  }
  bool is_first = t == (d.is_reversed ? steps.T - 1 : 0);
  if (!is_first || d.continues) product<NV>(d.dh, d.Bh, sums, n_sums, H, adds);
}

// Gradients of the weights, from the slopes that the way back has left in d.kept.
template <int NV>
static void recurrent_gradients(int64_t cell, Direction &d, int64_t T, const real *x,
                                const real *ones) {
  constexpr int64_t B = NV * LANES;
  int64_t H = d.H, plane = H * B, G = gates_of(cell), stride = planes_of(cell) * plane;
  Slopes &s = d.slopes;
  Columns of_x = {x, d.F, d.F * B, s.Wx, d.F};
  Columns of_h = {d.before<NV>(d.states, 0), H, plane, s.Wh, H};
  Columns of_bx = {ones, 1, 0, s.bx, 1}, of_bh = {ones, 1, 0, s.bh, 1};
  if (G != 3) {
    Columns columns[3] = {of_x, of_h, of_bx};
    outer_products<NV>(d.kept, G * H, stride, columns, 3, T);
    return;
  }
  Columns inputs[2] = {of_x, of_bx}, states[2] = {of_h, of_bh};
  outer_products<NV>(d.kept, 3 * H, stride, inputs, 2, T, GRU_ROWS, H);
  if (cell == GRU) {
    outer_products<NV>(d.kept + plane, 3 * H, stride, states, 2, T);
    return;
  }
  outer_products<NV>(d.kept + plane, 2 * H, stride, states, 1, T);
  Columns reset = {d.kept + 3 * plane, H, stride, s.Wh + 2 * H * H, H};
  outer_products<NV>(d.kept, H, stride, &reset, 1, T);
}

// The slopes of the states: dstates (T, H, B) at a stride, or null, and last (H, B) of the last
// state, or null -> gradients (added to), and dx (T, F, B) or null (added to if adds_dx). If d
// continues, d.dh and d.dc are then the slopes of the state before the first step.
template <int NV>
static void recurrent_backward(int64_t cell, Direction &d, const Steps &steps, const real *x,
                               const real *dstates, int64_t stride, const real *last, real *dx,
                               bool adds_dx, const real *ones, real *room) {
  constexpr int64_t B = NV * LANES;
  int64_t T = steps.T, plane = d.H * B, n_planes = planes_of(cell);
  if (last) memcpy(d.dh, last, plane * sizeof(real));
  else clear(d.dh, plane);
  if (cell == LSTM && d.dlast_cell) memcpy(d.dc, d.dlast_cell, plane * sizeof(real));
  else if (cell == LSTM) clear(d.dc, plane);
  for (int64_t i = 0; i < T; i++) {
    int64_t t = d.is_reversed ? i : T - 1 - i;
    if (dstates) {
      const real *more = dstates + t * stride;
      for (int64_t at = 0; at < plane; at += LANES)
        store(d.dh + at, load(d.dh + at) + load(more + at));
    }
    step_back<NV>(cell, d, steps, t, room);
    if (dx)
      product<NV>(dx + t * d.F * B, d.Bx, d.kept + t * n_planes * plane, gates_of(cell) * d.H,
                  d.F, adds_dx);
  }
  recurrent_gradients<NV>(cell, d, T, x, ones);
}
