// A recurrent layer of a stream: its units are the lanes.
#pragma once
#include "columns.h"
#include "recurrent.h"

struct StreamLayer {
  int64_t F, H, n_sums;     // inputs, units, columns of the sums
  int64_t first_of_h;       // the first of those columns that Wh adds to
  PackedColumns Wx, Wh, Un;  // Un of a GRU that resets before the product
  real *bias;               // (n_sums,)
  real *sums, *h, *c, *rh;  // of a block: (n, n_sums), (n + 1, H); (H,), (H,)
};

// Columns of the sums of a layer, each as wide as its units: n, r, z, c of a GRU (c = Un h + cn),
// n, r, z of one that resets before, torch's order else.
static void take_layer(Memory &memory, StreamLayer &l, int64_t cell) {
  int64_t H = padded(l.H), G = gates_of(cell);
  bool is_gru = cell == GRU, resets_before = cell == GRU_RESET_BEFORE;
  l.n_sums = (is_gru ? 4 : G) * H;
  l.first_of_h = G == 3 ? H : 0;
  l.Wx = take_columns(memory, l.F, G * H);
  l.Wh = take_columns(memory, l.H, (resets_before ? 2 : G) * H);
  l.Un = take_columns(memory, l.H, resets_before ? H : 0);
  l.bias = memory.take(l.n_sums);
}

static void pack_layer(const StreamLayer &l, int64_t cell, real *const *w) {
  static const int64_t in_order[4] = {0, 1, 2, 3};
  bool is_gru = gates_of(cell) == 3;
  int64_t H = padded(l.H);
  const int64_t *gates = is_gru ? GRU_ROWS : in_order;
  const real *bx = w[2], *bh = cell == GRU_RESET_BEFORE ? nullptr : w[3];
  pack_columns(l.Wx, w[0], l.F, l.H, l.F, 1, gates, H);
  pack_columns(l.Wh, w[1], l.H, l.H, l.H, 1, in_order, H);
  pack_columns(l.Un, w[1] + 2 * l.H * l.H * is_gru, l.H, l.H, l.H, 1, in_order, H);
  for (int64_t column = 0; column < l.n_sums; column += H)
    for (int64_t j = 0; j < H; j++) {
      int64_t g = column / H, row = (g < 3 ? gates[g] : 2) * l.H + j;
      if (cell == LSTM) row = g * l.H + j;
      bool of_x = g < gates_of(cell), of_h = bh && !(is_gru && g == 0);
      real b = 0;
      if (j < l.H) b = (of_x ? bx[row] : 0) + (of_h ? bh[row] : 0);
      l.bias[column + j] = b;
    }
}

// One step of the units from `sums` (n_sums,): h (H,) before -> after; c (H,) is changed.
static void step_units(const StreamLayer &l, int64_t cell, real *sums, const real *h, real *after) {
  int64_t H = padded(l.H);
  for (int64_t j = 0; j < H; j += LANES) {
    const real *s = sums + j;
    vector now, before = load(h + j);
    if (cell == LSTM) {
      vector i = sigmoid_of(load(s)), f = sigmoid_of(load(s + H));
      vector g = tanh_of(load(s + 2 * H)), o = sigmoid_of(load(s + 3 * H));
      vector next = f * load(l.c + j) + i * g;
      store(l.c + j, next);
      now = o * tanh_of(next);
    } else if (cell == GRU) {
      vector r = sigmoid_of(load(s + H)), z = sigmoid_of(load(s + 2 * H));
      vector n = tanh_of(load(s) + r * load(s + 3 * H));
      now = n + z * (before - n);
    } else if (cell == GRU_RESET_BEFORE) {  // the reset state is in the sums
      vector z = sigmoid_of(load(s + 2 * H)), n = tanh_of(load(s));
      now = n + z * (before - n);
    } else {
      now = cell == RNN_RELU ? relu_of(load(s)) : tanh_of(load(s));
    }
    store(after + j, now);
  }
}

// sums n of a GRU that resets before the product += Un (r h)
static void add_reset_state(const StreamLayer &l, real *sums, const real *h) {
  int64_t H = padded(l.H);
  for (int64_t j = 0; j < H; j += LANES)
    store(l.rh + j, sigmoid_of(load(sums + H + j)) * load(h + j));
  add_product(sums, 0, l.rh, 0, l.Un, 1);
}

// x (n, F) at a stride -> l.h (n + 1, H) after its first row
static void run_layer(const StreamLayer &l, int64_t cell, const real *x, int64_t x_stride,
                      int64_t n) {
  int64_t H = padded(l.H);
  for (int64_t t = 0; t < n; t++) copy_reals(l.sums + t * l.n_sums, l.bias, l.n_sums);
  add_product(l.sums, l.n_sums, x, x_stride, l.Wx, n);
  for (int64_t t = 0; t < n; t++) {
    real *sums = l.sums + t * l.n_sums, *h = l.h + t * H;
    add_product(sums + l.first_of_h, 0, h, 0, l.Wh, 1);
    if (cell == GRU_RESET_BEFORE) add_reset_state(l, sums, h);
    step_units(l, cell, sums, h, h + H);
  }
}
