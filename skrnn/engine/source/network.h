// A recurrent network: convolutions, recurrent layers, pooling, a linear head.
#pragma once
#include "changes.h"
#include "convolution.h"
#include "losses.h"
#include "normalization.h"
#include "pooling.h"
#include "recurrent.h"
#include "samples.h"
#include "solvers.h"
#include "squash.h"

constexpr int MOST_LAYERS = 16;

// What Python says of a network; skrnn/engine/_structures.py mirrors it.
struct Parts {
  int64_t cell, n_layers;
  const int64_t *units;  // (n_layers,)
  int64_t n_features, n_outputs;
  int64_t is_bidirectional, merge, n_poolings;
  const int64_t *poolings;  // (n_poolings,) what the head reads, side by side
  int64_t n_convolutions;
  const int64_t *filters, *kernel_sizes, *strides, *dilations, *n_backs;  // (n_convolutions,)
  int64_t activation;
  real *const *running;  // (2 n_convolutions,) means and variances of norms; null without norms
  int64_t n_front_poolings;
  const int64_t *front_poolings;  // (n_front_poolings,) what the head reads of the last convolution
  int64_t pool_size;              // steps of it of which the layers read the maximum
  Dropout input_dropout, dropout;
  Squash squash;                  // of rows of features, before they are normalised
  Normalization inputs, outputs;  // of rows of features, of the targets
  int64_t reads_changes;
  Changes changes;                // of normalised rows, if it reads them

  int64_t width() const { return n_features * (reads_changes ? 2 : 1); }  // of what layers read
  bool reads(bool last) const {  // the last states, or those of all steps
    for (int64_t i = 0; i < n_poolings; i++)
      if ((poolings[i] == LAST) == last) return true;
    return false;
  }
  int64_t front_width() const { return n_convolutions ? filters[n_convolutions - 1] : 0; }
  // Whether the slopes of the last convolution need a place of their own.
  bool pools_front() const { return n_convolutions && pool_size > 1; }
};

struct Layer {
  Direction directions[2];
  int n_directions;
  int64_t width;    // of its output
  const real *x;    // (T, F, B) what it reads
  real *joined;     // (T, width, B) directions joined and masked; null if the states serve
  real *dx;         // (T, F, B), or null
  real *dstates[2];  // (T, H, B), unless the slope of the output holds them
  real *dlast[2];    // (H, B) of the last states, unless that of the pooled ones holds them
};

struct Network {
  Parts parts;
  Convolution convolutions[MOST_LAYERS];
  Layer layers[MOST_LAYERS];
  const real *head, *head_bias;  // (O, R), (O,); R of the top layer, then of the front
  real *ghead, *ghead_bias;
  real *packed_head, *back_head;
  real *x, *lengths, *ones;        // (T, width, B), (B,), (B,)
  real *block_lengths;             // (B,) of the maxima
  real *blocks, *dfront;           // (T, F, B) maxima, and slopes of what they are of
  real *pooled, *dpooled, *room;   // (R, B), (R, B), (H, B)
  real *doutputs;                  // (T, W, B) if a pooling reads all steps
  real *raw, *y, *weights, *slopes;  // (O, B), (O, B), (B,), (O, B)

  Layer &top() { return layers[parts.n_layers - 1]; }
  int64_t n_read_of_top() { return parts.n_poolings * top().width; }
  int64_t n_read() { return n_read_of_top() + parts.n_front_poolings * parts.front_width(); }
  int64_t n_draws() const { return parts.n_layers; }  // of the dropout, in a batch
  bool drops_between(int64_t i) const { return parts.dropout.p > 0 && i < parts.n_layers - 1; }

  // Sizes and weights; returns the number of weights.
  int64_t open(const Parts &p, real *const *w) {
    parts = p;
    int64_t n = 0, width = p.width();
    for (int64_t i = 0; i < p.n_convolutions; i++, width = p.filters[i - 1]) {
      Convolution &c = convolutions[i];
      c.C = width, c.F = p.filters[i], c.activation = p.activation;
      c.K = p.kernel_sizes[i], c.stride = p.strides[i], c.n_back = p.n_backs[i];
      c.dilation = p.dilations[i];
      c.W = w[n++], c.bias = p.running ? nullptr : w[n++];
    }
    for (int64_t i = 0; i < p.n_convolutions && p.running; i++) {
      BatchNorm &norm = convolutions[i].norm;
      norm.gain = w[n++], norm.shift = w[n++];
      norm.mean_running = p.running[2 * i], norm.variance_running = p.running[2 * i + 1];
    }
    for (int64_t i = 0; i < p.n_layers; i++) {
      Layer &l = layers[i];
      l.n_directions = p.is_bidirectional ? 2 : 1;
      for (int k = 0; k < l.n_directions; k++) {
        Direction &d = l.directions[k];
        d.F = width, d.H = p.units[i], d.is_reversed = k == 1;
        d.Wx = w[n++], d.Wh = w[n++], d.bx = w[n++];
        d.bh = p.cell == GRU_RESET_BEFORE ? nullptr : w[n++];
      }
      l.width = width = p.units[i] * (l.n_directions == 2 && p.merge == CONCAT ? 2 : 1);
    }
    head = w[n++], head_bias = w[n++];
    return n;
  }

  void set_gradients(real *const *g) {
    int64_t n = 0;
    for (int64_t i = 0; i < parts.n_convolutions; i++)
      convolutions[i].gW = g[n++], convolutions[i].gbias = parts.running ? nullptr : g[n++];
    for (int64_t i = 0; i < parts.n_convolutions && parts.running; i++)
      convolutions[i].norm.ggain = g[n++], convolutions[i].norm.gshift = g[n++];
    for (int64_t i = 0; i < parts.n_layers; i++)
      for (int k = 0; k < layers[i].n_directions; k++) {
        Slopes &s = layers[i].directions[k].slopes;
        s.Wx = g[n++], s.Wh = g[n++], s.bx = g[n++];
        s.bh = parts.cell == GRU_RESET_BEFORE ? nullptr : g[n++];
      }
    ghead = g[n++], ghead_bias = g[n++];
  }

  // torch's RNN and LSTM have two biases, of which only the sum matters.
  void finish_gradients() {
    if (gates_of(parts.cell) == 3) return;
    for (int64_t i = 0; i < parts.n_layers; i++)
      for (int k = 0; k < layers[i].n_directions; k++) {
        Direction &d = layers[i].directions[k];
        memcpy(d.slopes.bh, d.slopes.bx, gates_of(parts.cell) * d.H * sizeof(real));
      }
  }

  // Memory that all threads share: packed weights.
  void take_shared(Memory &memory, bool trains) {
    for (int64_t i = 0; i < parts.n_convolutions; i++) {
      Convolution &c = convolutions[i];
      c.packed = memory.take(rounded_up(c.F, GROUP) * c.K * c.C);
      c.back = trains ? memory.take(c.back_size()) : nullptr;
      c.folded = !trains && parts.running ? memory.take(c.F) : nullptr;
    }
    for (int64_t i = 0; i < parts.n_layers; i++)
      for (int k = 0; k < layers[i].n_directions; k++)
        take_packed(memory, layers[i].directions[k], parts.cell, trains);
    int64_t O = parts.n_outputs, R = n_read();
    packed_head = memory.take(rounded_up(O, GROUP) * R);
    back_head = trains ? memory.take(rounded_up(R, GROUP) * O) : nullptr;
  }

  // Steps that convolution i (or the first layer) reads of T, with those around them.
  int64_t n_read(int64_t i, int64_t T) const {
    return i < parts.n_convolutions ? convolutions[i].n_read(T) : T;
  }

  // Memory of the convolutions, for T steps of the input; returns the steps of their output.
  int64_t take_convolutions(Memory &memory, int64_t T, int64_t B, bool trains) {
    x = memory.take(n_read(0, T) * parts.width() * B);
    for (int64_t i = 0; i < parts.n_convolutions; i++) {
      Convolution &c = convolutions[i];
      bool is_last = i == parts.n_convolutions - 1;
      c.x = i ? convolutions[i - 1].padded : x;
      c.dx = trains && i ? memory.take(c.n_read(T) * c.C * B) : nullptr;
      bool multiplies = trains && c.fills_vectors();
      c.by_sample = multiplies ? memory.take(c.n_read(T) * B * padded(c.C)) : nullptr;
      T = c.n_steps(T);
      c.by_filter = multiplies ? memory.take(T * c.F * B) : nullptr;
      c.sums = memory.take(T * c.F * B);
      c.padded = memory.take(n_read(i + 1, T) * c.F * B);
      c.n_margin = is_last ? 0 : convolutions[i + 1].n_back;
      c.gradient = trains ? memory.take(c.F * c.K * c.C) : nullptr;
      c.lengths = memory.take(c.stride > 1 ? B : 0);
      if (trains && parts.running) take_norm(memory, c.norm, T, c.F, B);
    }
    return take_blocks(memory, T, B, trains);
  }

  static void take_norm(Memory &memory, BatchNorm &norm, int64_t T, int64_t F, int64_t B) {
    norm.mean = memory.take(F);
    norm.inverse = memory.take(F);
    norm.lengths = memory.take(B);
    norm.totals = memory.take(F * B);
    norm.squares = memory.take(F * B);
    norm.scaled = memory.take(T * F * B);
  }

  // Memory of the pooling after T steps of the last convolution; returns the steps after it.
  int64_t take_blocks(Memory &memory, int64_t T, int64_t B, bool trains) {
    if (!parts.pools_front()) return T;
    int64_t F = parts.front_width(), n = blocks_of(T, parts.pool_size);
    blocks = memory.take(n * F * B);
    block_lengths = memory.take(B);
    dfront = trains ? memory.take(T * F * B) : nullptr;
    return n;
  }

  // Memory of one thread, for blocks of up to T steps and B samples.
  void take_own(Memory &memory, int64_t T, int64_t B, bool trains) {
    const Parts &p = parts;
    int64_t O = p.n_outputs, widest = 0;
    lengths = memory.take(B);
    ones = memory.take(B);
    T = take_convolutions(memory, T, B, trains);
    for (int64_t i = 0; i < p.n_layers; i++) {
      Layer &l = layers[i];
      int64_t F = l.directions[0].F, H = l.directions[0].H;
      widest = H > widest ? H : widest;
      for (int k = 0; k < l.n_directions; k++)
        take_activations(memory, l.directions[k], p.cell, T, B, trains);
      bool is_top = i == p.n_layers - 1;
      bool joins = is_top ? l.n_directions == 2 && p.reads(false)
                          : l.n_directions == 2 || drops_between(i);
      l.joined = joins ? memory.take(T * l.width * B) : nullptr;
      l.dx = trains && (i || p.n_convolutions) ? memory.take(T * F * B) : nullptr;
      bool splits = trains && l.n_directions == 2 && p.merge != CONCAT;
      bool has_steps = !is_top || p.reads(false), has_last = is_top && p.reads(true);
      for (int k = 0; k < 2; k++) {
        l.dstates[k] = splits && has_steps ? memory.take(T * H * B) : nullptr;
        l.dlast[k] = splits && has_last ? memory.take(H * B) : nullptr;
      }
    }
    int64_t W = top().width, R = n_read();
    pooled = memory.take(R * B);
    dpooled = trains ? memory.take(R * B) : nullptr;
    room = memory.take(widest * B);
    doutputs = trains && p.reads(false) ? memory.take(T * W * B) : nullptr;
    raw = memory.take(O * B);
    y = memory.take(O * B);
    weights = memory.take(B);
    slopes = memory.take(O * B);
    if (memory.base)
      for (int64_t b = 0; b < B; b++) ones[b] = 1;
  }

  void pack_all(bool trains) {
    for (int64_t i = 0; i < parts.n_convolutions; i++) convolution_pack(convolutions[i], trains);
    for (int64_t i = 0; i < parts.n_layers; i++)
      for (int k = 0; k < layers[i].n_directions; k++)
        pack(parts.cell, layers[i].directions[k], trains, i || parts.n_convolutions);
    int64_t O = parts.n_outputs, R = n_read();
    pack_rows(packed_head, head, O, R, R, 1);
    if (trains) pack_rows(back_head, head, R, 1, O, R);
  }
};
