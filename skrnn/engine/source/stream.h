// One series, row by row. There is one sample, so the units are the lanes of vectors here.
//
// The rows of a call go through the network in blocks, layer by layer; a step is a call with one
// row. The state is a list of numbers in memory of the caller, the same for all libraries:
//   the last row, normalised (F), if there are changes,
//   of each convolution the last K - 1 rows that it read (K - 1, C),
//   of each layer h (H), and c (H) of an LSTM,
//   of each running pooling the mean of the states so far, or their maximum (H).
// At the start all of it is zero. A stream is not changed by a call: threads may share it.
#pragma once
#include "activations.h"
#include "columns.h"
#include "exports.h"
#include "network.h"

constexpr int64_t STREAM_BLOCK = 32;  // rows that go through a layer together

struct StreamConvolution {
  int64_t C, F, n_before, activation;  // n_before = K - 1
  PackedColumns W;                     // (K * C, F)
  real *bias;                          // (F,)
  real *x, *y;                         // of a block: (K - 1 + n, C), (n, F)
};

struct StreamLayer {
  int64_t F, H, n_sums;     // inputs, units, columns of the sums
  int64_t first_of_h;       // the first of those columns that Wh adds to
  PackedColumns Wx, Wh, Un;  // Un of a GRU that resets before the product
  real *bias;               // (n_sums,)
  real *sums, *h, *c, *rh;  // of a block: (n, n_sums), (n + 1, H); (H,), (H,)
};

struct Stream {
  Parts parts;
  StreamConvolution convolutions[MOST_LAYERS];
  StreamLayer layers[MOST_LAYERS];
  PackedColumns heads[MOST_POOLINGS];  // (H, O) for each pooling
  real *head_bias;                     // (O,)
  real *pooled[MOST_POOLINGS];         // of a block: (n + 1, H); null of the last states
  real *levels;                        // of a block: (n + 1, F) normalised; null without changes
  real *x, *outputs;                   // (n, width) that is read, or null; (n, O)
  Memory memory;          // of the weights

  int64_t width() const { return parts.units[parts.n_layers - 1]; }
  int64_t n_outputs() const { return parts.n_outputs; }
};

static PackedColumns take_columns(Memory &memory, int64_t n, int64_t width) {
  return {n, width, memory.take(n * width)};
}

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

static void take_weights(Memory &memory, Stream &s) {
  int64_t width = s.parts.width();
  for (int64_t i = 0; i < s.parts.n_convolutions; i++) {
    StreamConvolution &c = s.convolutions[i];
    c.C = width, c.F = width = s.parts.filters[i];
    c.n_before = s.parts.kernel_sizes[i] - 1, c.activation = s.parts.activation;
    c.W = take_columns(memory, s.parts.kernel_sizes[i] * c.C, padded(c.F));
    c.bias = memory.take(padded(c.F));
  }
  for (int64_t i = 0; i < s.parts.n_layers; i++) {
    StreamLayer &l = s.layers[i];
    l.F = width, l.H = width = s.parts.units[i];
    take_layer(memory, l, s.parts.cell);
  }
  for (int64_t i = 0; i < s.parts.n_poolings; i++)
    s.heads[i] = take_columns(memory, width, padded(s.n_outputs()));
  s.head_bias = memory.take(padded(s.n_outputs()));
}

// The figures of p in memory of the stream.
static void take_normalizations(Memory &memory, Stream &s, const Parts &p) {
  s.parts.inputs = take_normalization(memory, p.inputs, p.n_features);
  s.parts.outputs = take_normalization(memory, p.outputs, p.n_outputs);
  s.parts.changes = take_changes(memory, p.changes, p.n_features);
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

static void pack_bias(real *packed, const real *bias, int64_t n) {
  for (int64_t i = 0; i < padded(n); i++) packed[i] = i < n ? bias[i] : 0;
}

static void pack_stream(Stream &s, real *const *w) {
  static const int64_t first = 0;
  for (int64_t i = 0; i < s.parts.n_convolutions; i++, w += 2) {
    StreamConvolution &c = s.convolutions[i];
    int64_t K = c.n_before + 1;
    pack_columns(c.W, w[0], c.C * K, c.F, c.C, K, &first, padded(c.F));
    pack_bias(c.bias, w[1], c.F);
  }
  int64_t n_weights = s.parts.cell == GRU_RESET_BEFORE ? 3 : 4;
  for (int64_t i = 0; i < s.parts.n_layers; i++, w += n_weights)
    pack_layer(s.layers[i], s.parts.cell, w);
  int64_t O = s.n_outputs(), H = s.width(), n = s.parts.n_poolings;
  for (int64_t i = 0; i < n; i++)
    pack_columns(s.heads[i], w[0] + i * H, n * H, O, H, 1, &first, padded(O));
  pack_bias(s.head_bias, w[1], s.n_outputs());
}

// Memory of a call, for blocks of n rows.
static void take_block(Memory &memory, Stream &s, int64_t n) {
  bool adds = s.parts.reads_changes, changes_nothing = s.parts.inputs.is_none() && !adds;
  s.levels = adds ? memory.take((n + 1) * s.parts.n_features) : nullptr;
  s.x = changes_nothing ? nullptr : memory.take(n * s.parts.width());
  for (int64_t i = 0; i < s.parts.n_convolutions; i++) {
    StreamConvolution &c = s.convolutions[i];
    c.x = memory.take((c.n_before + n) * c.C);
    c.y = memory.take(n * padded(c.F));
  }
  for (int64_t i = 0; i < s.parts.n_layers; i++) {
    StreamLayer &l = s.layers[i];
    l.sums = memory.take(n * l.n_sums);
    l.h = memory.take((n + 1) * padded(l.H));
    l.c = memory.take(padded(l.H));
    l.rh = memory.take(padded(l.H));
  }
  for (int64_t i = 0; i < s.parts.n_poolings; i++) {
    bool runs = s.parts.poolings[i] != LAST;
    s.pooled[i] = runs ? memory.take((n + 1) * padded(s.width())) : nullptr;
  }
  s.outputs = memory.take(n * padded(s.n_outputs()));
}

static void copy_reals(real *to, const real *from, int64_t n) { memcpy(to, from, n * sizeof(real)); }

// Calls visit(part, n) for each part of the state, where it lies in a block of n_rows rows:
// before the first of them, or after the last.
template <class Visit> static void visit_state(const Stream &s, int64_t n_rows, Visit visit) {
  int64_t F = s.parts.n_features;
  if (s.parts.reads_changes) visit(s.levels + n_rows * F, F);
  for (int64_t i = 0; i < s.parts.n_convolutions; i++) {
    const StreamConvolution &c = s.convolutions[i];
    visit(c.x + n_rows * c.C, c.n_before * c.C);
  }
  for (int64_t i = 0; i < s.parts.n_layers; i++) {
    const StreamLayer &l = s.layers[i];
    visit(l.h + n_rows * padded(l.H), l.H);
    if (s.parts.cell == LSTM) visit(l.c, l.H);
  }
  for (int64_t i = 0; i < s.parts.n_poolings; i++)
    if (s.parts.poolings[i] != LAST)
      visit(s.pooled[i] + n_rows * padded(s.width()), s.width());
}

// x (n, C) at a stride is in c.x already -> c.y (n, F)
static void convolve(const StreamConvolution &c, int64_t n) {
  int64_t F = padded(c.F);
  for (int64_t t = 0; t < n; t++) copy_reals(c.y + t * F, c.bias, F);
  add_product(c.y, F, c.x, c.C, c.W, n);
  activate_all(c.activation, c.y, c.y, n * F);
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

// states (n, H) -> pooled (n + 1, H) after its first row; n_before rows came before them
static void pool_running(const Stream &s, int64_t pooling, const real *states, real *pooled,
                         int64_t n_before, int64_t n) {
  int64_t H = padded(s.width());
  for (int64_t t = 0; t < n; t++) {
    vector count = all((real)(n_before + t + 1));
    for (int64_t j = 0; j < H; j += LANES) {
      vector x = load(states + t * H + j), before = load(pooled + t * H + j), next;
      if (pooling == MEAN) next = before + (x - before) / count;
      else next = n_before + t == 0 ? x : larger_or_nan(before, x);
      store(pooled + (t + 1) * H + j, next);
    }
  }
}

// What the head reads of a block for each pooling, (n, H) at a stride.
struct HeadInput {
  const real *x[MOST_POOLINGS];
  int64_t stride;
};

// rows (n, F) after n_before others -> s.x (n, width)
static void read_block(const Stream &s, const real *rows, int64_t n_before, int64_t n) {
  int64_t F = s.parts.n_features;
  real *levels = s.levels ? s.levels + F : s.x;
  normalise_rows(s.parts.inputs, rows, n, F, levels);
  if (!s.levels) return;
  if (!n_before) copy_reals(s.levels, levels, F);  // the first row has no change
  changes_of_rows(s.parts.changes, s.levels, n, F, s.x);
}

// rows (n, F) after n_before others
static HeadInput run_block(const Stream &s, const real *rows, int64_t n_before, int64_t n) {
  const real *x = s.x ? s.x : rows;
  int64_t stride = s.parts.width();
  if (s.x) read_block(s, rows, n_before, n);
  for (int64_t i = 0; i < s.parts.n_convolutions; i++) {
    const StreamConvolution &c = s.convolutions[i];
    for (int64_t t = 0; t < n; t++)
      copy_reals(c.x + (c.n_before + t) * c.C, x + t * stride, c.C);
    convolve(c, n);
    x = c.y, stride = padded(c.F);
  }
  for (int64_t i = 0; i < s.parts.n_layers; i++) {
    const StreamLayer &l = s.layers[i];
    run_layer(l, s.parts.cell, x, stride, n);
    stride = padded(l.H), x = l.h + stride;
  }
  HeadInput in = {{}, stride};
  for (int64_t i = 0; i < s.parts.n_poolings; i++) {
    int64_t pooling = s.parts.poolings[i];
    if (pooling != LAST) pool_running(s, pooling, x, s.pooled[i], n_before, n);
    in.x[i] = pooling == LAST ? x : s.pooled[i] + stride;
  }
  return in;
}

// in from row `first` on, n rows of it -> out (n, O)
static void run_head(const Stream &s, const HeadInput &in, int64_t first, int64_t n, real *out) {
  int64_t O = s.n_outputs(), stride = padded(O);
  for (int64_t t = 0; t < n; t++) copy_reals(s.outputs + t * stride, s.head_bias, stride);
  for (int64_t i = 0; i < s.parts.n_poolings; i++)
    add_product(s.outputs, stride, in.x[i] + first * in.stride, in.stride, s.heads[i], n);
  for (int64_t t = 0; t < n; t++) copy_reals(out + t * O, s.outputs + t * stride, O);
  restore_rows(s.parts.outputs, n, O, out);
}

static int64_t state_size(const Stream &s) {
  int64_t total = 0;
  visit_state(s, 0, [&](real *, int64_t size) { total += size; });
  return total;
}

// rows (n, F) after n_before others, state before -> state after, and out (n, O), or (O,) after
// the last row alone. s has memory for blocks of `most` rows.
static void run_rows(const Stream &s, int64_t most, int64_t n_before, int64_t n, const real *rows,
                     const real *before, real *after, real *out, bool last_alone) {
  for (int64_t first = 0; first < n; first += most, before = after) {
    int64_t count = n - first < most ? n - first : most;
    const real *from = before;
    visit_state(s, 0, [&](real *part, int64_t size) { copy_reals(part, from, size), from += size; });
    HeadInput in = run_block(s, rows + first * s.parts.n_features, n_before + first, count);
    real *to = after;
    visit_state(s, count, [&](real *part, int64_t size) { copy_reals(to, part, size), to += size; });
    if (!last_alone) run_head(s, in, 0, count, out + first * s.n_outputs());
    else if (first + count == n) run_head(s, in, count - 1, 1, out);
  }
}

static bool all_finite(const real *values, int64_t n) {
  bool is_finite = true;
  for (int64_t i = 0; i < n; i++) is_finite &= values[i] - values[i] == 0;
  return is_finite;
}

static Stream *open_stream(const Parts &parts, real *const *weights) {
  Stream *s = (Stream *)calloc(1, sizeof(Stream));
  int64_t *sizes = (int64_t *)calloc(3 * MOST_LAYERS + MOST_POOLINGS, sizeof(int64_t));
  if (s && sizes) {
    s->parts = parts;
    memcpy(sizes, parts.units, parts.n_layers * sizeof(int64_t));
    memcpy(sizes + MOST_LAYERS, parts.filters, parts.n_convolutions * sizeof(int64_t));
    memcpy(sizes + 2 * MOST_LAYERS, parts.kernel_sizes, parts.n_convolutions * sizeof(int64_t));
    memcpy(sizes + 3 * MOST_LAYERS, parts.poolings, parts.n_poolings * sizeof(int64_t));
    s->parts.units = sizes;
    s->parts.filters = sizes + MOST_LAYERS;
    s->parts.kernel_sizes = sizes + 2 * MOST_LAYERS;
    s->parts.poolings = sizes + 3 * MOST_LAYERS;
    s->parts.strides = s->parts.n_backs = nullptr;  // a stream reads each step, and none ahead
    take_weights(s->memory, *s);
    take_normalizations(s->memory, *s, parts);
    if (s->memory.open(s->memory.used)) {
      take_weights(s->memory, *s);
      take_normalizations(s->memory, *s, parts);
      pack_stream(*s, weights);
      copy_normalization(s->parts.inputs, parts.inputs, parts.n_features);
      copy_normalization(s->parts.outputs, parts.outputs, parts.n_outputs);
      copy_changes(s->parts.changes, parts.changes, parts.n_features);
      return s;
    }
  }
  free(sizes);
  free(s);
  return nullptr;
}

static void close_stream(Stream *s) {
  s->memory.close();
  free((void *)s->parts.units);
  free(s);
}

// rows (n, F) after n_before others, state before -> state after, out (n, O)
static Status run_stream(const Stream &shared, int64_t n_before, int64_t n, const real *rows,
                         const real *before, real *after, real *out) {
  if (!all_finite(rows, n * shared.parts.n_features)) return ROW_NOT_FINITE;
  Stream s = shared;
  int64_t most = n < STREAM_BLOCK ? n : STREAM_BLOCK;
  Memory memory;
  take_block(memory, s, most);
  if (!memory.open(memory.used)) return NO_MEMORY;
  memory.clear_all();
  take_block(memory, s, most);
  run_rows(s, most, n_before, n, rows, before, after, out, false);
  memory.close();
  return all_finite(out, n * s.n_outputs()) ? DONE : OUTPUT_NOT_FINITE;
}
