// One series, row by row. There is one sample, so the units are the lanes of vectors here.
//
// The rows of a call go through the network in blocks, layer by layer; a step is a call with one
// row. The state is a list of numbers in memory of the caller, the same for all libraries:
//   the last row, normalised (F), if there are changes,
//   of each convolution the last rows that it read (n_before, C),
//   of each layer h (H), and c (H) of an LSTM,
//   of each running pooling the mean of the states so far, or their maximum (H), and then of
//   those of the last convolution (F).
// At the start all of it is zero. A stream is not changed by a call: threads may share it.
#pragma once
#include "exports.h"
#include "network.h"
#include "stream_convolution.h"
#include "stream_layer.h"

constexpr int64_t STREAM_BLOCK = 32;  // rows that go through a layer together
constexpr int MOST_READINGS = 2 * MOST_POOLINGS;

// A pooling that the head reads: of the states, or of the last convolution.
struct Reading {
  int64_t pooling, width;
  bool of_front;
  PackedColumns head;  // (width, O)
  real *pooled;        // of a block: (n + 1, width); null of the last states
};

struct Stream {
  Parts parts;
  StreamConvolution convolutions[MOST_LAYERS];
  StreamLayer layers[MOST_LAYERS];
  Reading readings[MOST_READINGS];
  real *head_bias;                     // (O,)
  real *levels;                        // of a block: (n + 1, F) normalised; null without changes
  real *x, *outputs;                   // (n, width) that is read, or null; (n, O)
  Memory memory;          // of the weights

  int64_t width() const { return parts.units[parts.n_layers - 1]; }
  int64_t n_outputs() const { return parts.n_outputs; }
  int64_t n_readings() const { return parts.n_poolings + parts.n_front_poolings; }
};

static void take_weights(Memory &memory, Stream &s) {
  int64_t width = s.parts.width();
  for (int64_t i = 0; i < s.parts.n_convolutions; i++) {
    StreamConvolution &c = s.convolutions[i];
    c.C = width, c.F = width = s.parts.filters[i];
    c.K = s.parts.kernel_sizes[i], c.dilation = s.parts.dilations[i];
    c.activation = s.parts.activation;
    take_convolution(memory, c);
  }
  for (int64_t i = 0; i < s.parts.n_layers; i++) {
    StreamLayer &l = s.layers[i];
    l.F = width, l.H = width = s.parts.units[i];
    take_layer(memory, l, s.parts.cell);
  }
  for (int64_t i = 0; i < s.n_readings(); i++) {
    Reading &r = s.readings[i];
    r.of_front = i >= s.parts.n_poolings;
    r.pooling = r.of_front ? s.parts.front_poolings[i - s.parts.n_poolings] : s.parts.poolings[i];
    r.width = r.of_front ? s.parts.front_width() : width;
    r.head = take_columns(memory, r.width, padded(s.n_outputs()));
  }
  s.head_bias = memory.take(padded(s.n_outputs()));
}

// The figures of p in memory of the stream.
static void take_normalizations(Memory &memory, Stream &s, const Parts &p) {
  s.parts.squash = take_squash(memory, p.squash, p.n_features);
  s.parts.inputs = take_normalization(memory, p.inputs, p.n_features);
  s.parts.outputs = take_normalization(memory, p.outputs, p.n_outputs);
  s.parts.changes = take_changes(memory, p.changes, p.n_features);
}

// The convolutions of a stream; returns the weights after theirs.
static real *const *pack_convolutions(Stream &s, real *const *w) {
  int64_t n = s.parts.n_convolutions;
  real *const *running = s.parts.running;
  for (int64_t i = 0; i < n; i++) {
    BatchNorm norm = {};
    if (running) {
      norm.gain = w[n + 2 * i], norm.shift = w[n + 2 * i + 1];
      norm.mean_running = running[2 * i], norm.variance_running = running[2 * i + 1];
    }
    const real *W = running ? w[i] : w[2 * i], *bias = running ? nullptr : w[2 * i + 1];
    pack_convolution(s.convolutions[i], W, bias, norm);
  }
  return w + (running ? 3 : 2) * n;
}

static void pack_stream(Stream &s, real *const *w) {
  static const int64_t first = 0;
  w = pack_convolutions(s, w);
  int64_t n_weights = s.parts.cell == GRU_RESET_BEFORE ? 3 : 4;
  for (int64_t i = 0; i < s.parts.n_layers; i++, w += n_weights)
    pack_layer(s.layers[i], s.parts.cell, w);
  int64_t O = s.n_outputs(), n_read = 0;
  for (int64_t i = 0; i < s.n_readings(); i++) n_read += s.readings[i].width;
  const real *head = w[0];
  for (int64_t i = 0; i < s.n_readings(); head += s.readings[i++].width)
    pack_columns(s.readings[i].head, head, n_read, O, s.readings[i].width, 1, &first, padded(O));
  pack_bias(s.head_bias, w[1], s.n_outputs());
}

// Memory of a call, for blocks of n rows.
static void take_block(Memory &memory, Stream &s, int64_t n) {
  bool adds = s.parts.reads_changes, changes_nothing = s.parts.inputs.is_none() && !adds;
  s.levels = adds ? memory.take((n + 1) * s.parts.n_features) : nullptr;
  s.x = changes_nothing ? nullptr : memory.take(n * s.parts.width());
  for (int64_t i = 0; i < s.parts.n_convolutions; i++) take_rows(memory, s.convolutions[i], n);
  for (int64_t i = 0; i < s.parts.n_layers; i++) {
    StreamLayer &l = s.layers[i];
    l.sums = memory.take(n * l.n_sums);
    l.h = memory.take((n + 1) * padded(l.H));
    l.c = memory.take(padded(l.H));
    l.rh = memory.take(padded(l.H));
  }
  for (int64_t i = 0; i < s.n_readings(); i++) {
    Reading &r = s.readings[i];
    r.pooled = r.pooling != LAST ? memory.take((n + 1) * padded(r.width)) : nullptr;
  }
  s.outputs = memory.take(n * padded(s.n_outputs()));
}

// Calls visit(part, n) for each part of the state, where it lies in a block of n_rows rows:
// before the first of them, or after the last.
template <class Visit> static void visit_state(const Stream &s, int64_t n_rows, Visit visit) {
  int64_t F = s.parts.n_features;
  if (s.parts.reads_changes) visit(s.levels + n_rows * F, F);
  for (int64_t i = 0; i < s.parts.n_convolutions; i++) {
    const StreamConvolution &c = s.convolutions[i];
    visit(c.x + n_rows * c.C, c.n_before() * c.C);
  }
  for (int64_t i = 0; i < s.parts.n_layers; i++) {
    const StreamLayer &l = s.layers[i];
    visit(l.h + n_rows * padded(l.H), l.H);
    if (s.parts.cell == LSTM) visit(l.c, l.H);
  }
  for (int64_t i = 0; i < s.n_readings(); i++) {
    const Reading &r = s.readings[i];
    if (r.pooling != LAST) visit(r.pooled + n_rows * padded(r.width), r.width);
  }
}

// x (n, width) -> r.pooled (n + 1, width) after its first row; n_before rows came before them
static void pool_running(const Reading &r, const real *states, int64_t n_before, int64_t n) {
  int64_t H = padded(r.width);
  real *pooled = r.pooled;
  for (int64_t t = 0; t < n; t++) {
    vector count = all((real)(n_before + t + 1));
    for (int64_t j = 0; j < H; j += LANES) {
      vector x = load(states + t * H + j), before = load(pooled + t * H + j), next;
      if (r.pooling == MEAN) next = before + (x - before) / count;
      else next = n_before + t == 0 ? x : larger_or_nan(before, x);
      store(pooled + (t + 1) * H + j, next);
    }
  }
}

// What the head reads of a block for each pooling, (n, width) in rows that vectors fill.
struct HeadInput {
  const real *x[MOST_READINGS];
};

// rows (n, F) after n_before others -> s.x (n, width)
static void read_block(const Stream &s, const real *rows, int64_t n_before, int64_t n) {
  int64_t F = s.parts.n_features;
  real *levels = s.levels ? s.levels + F : s.x;
  bool squashes = !s.parts.squash.is_none();  // then the rows are normalised, too
  if (squashes) squash_rows(s.parts.squash, rows, n, F, levels);
  normalise_rows(s.parts.inputs, squashes ? levels : rows, n, F, levels);
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
      copy_reals(c.x + (c.n_before() + t) * c.C, x + t * stride, c.C);
    convolve(c, n);
    x = c.y, stride = padded(c.F);
  }
  const real *front = x;
  for (int64_t i = 0; i < s.parts.n_layers; i++) {
    const StreamLayer &l = s.layers[i];
    run_layer(l, s.parts.cell, x, stride, n);
    stride = padded(l.H), x = l.h + stride;
  }
  HeadInput in = {};
  for (int64_t i = 0; i < s.n_readings(); i++) {
    const Reading &r = s.readings[i];
    if (r.pooling != LAST) pool_running(r, r.of_front ? front : x, n_before, n);
    in.x[i] = r.pooling == LAST ? x : r.pooled + padded(r.width);
  }
  return in;
}

// in from row `first` on, n rows of it -> out (n, O)
static void run_head(const Stream &s, const HeadInput &in, int64_t first, int64_t n, real *out) {
  int64_t O = s.n_outputs(), stride = padded(O);
  for (int64_t t = 0; t < n; t++) copy_reals(s.outputs + t * stride, s.head_bias, stride);
  for (int64_t i = 0; i < s.n_readings(); i++) {
    const Reading &r = s.readings[i];
    int64_t width = padded(r.width);
    add_product(s.outputs, stride, in.x[i] + first * width, width, r.head, n);
  }
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

// The parts, with their lists in `sizes`.
static void copy_parts(Stream &s, const Parts &parts, int64_t *sizes) {
  auto copy = [&](const int64_t *from, int64_t n, int64_t most) {
    int64_t *to = sizes;
    memcpy(to, from, n * sizeof(int64_t));
    sizes += most;
    return to;
  };
  s.parts = parts;
  s.parts.units = copy(parts.units, parts.n_layers, MOST_LAYERS);
  s.parts.filters = copy(parts.filters, parts.n_convolutions, MOST_LAYERS);
  s.parts.kernel_sizes = copy(parts.kernel_sizes, parts.n_convolutions, MOST_LAYERS);
  s.parts.dilations = copy(parts.dilations, parts.n_convolutions, MOST_LAYERS);
  s.parts.poolings = copy(parts.poolings, parts.n_poolings, MOST_POOLINGS);
  s.parts.front_poolings = copy(parts.front_poolings, parts.n_front_poolings, MOST_POOLINGS);
  s.parts.strides = s.parts.n_backs = nullptr;  // a stream reads each step, and none ahead
}

static Stream *open_stream(const Parts &parts, real *const *weights) {
  Stream *s = (Stream *)calloc(1, sizeof(Stream));
  int64_t *sizes = (int64_t *)calloc(4 * MOST_LAYERS + MOST_READINGS, sizeof(int64_t));
  if (s && sizes) {
    copy_parts(*s, parts, sizes);
    take_weights(s->memory, *s);
    take_normalizations(s->memory, *s, parts);
    if (s->memory.open(s->memory.used)) {
      take_weights(s->memory, *s);
      take_normalizations(s->memory, *s, parts);
      pack_stream(*s, weights);
      s->parts.running = nullptr;  // they are in the weights
      copy_squash(s->parts.squash, parts.squash, parts.n_features);
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
