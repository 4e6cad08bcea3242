// A multi-layer perceptron over the values of a window, or of a row: y = W a + b, a = act(.).
//
// Here a row of a buffer is a sample, padded to vectors: (B, n') with n' = n rounded up.
#pragma once
#include "activations.h"
#include "gemm.h"
#include "losses.h"
#include "samples.h"
#include "solvers.h"

constexpr int MOST_DENSE = 32;
constexpr int64_t LARGEST_BLOCK = 256;  // samples

// What Python says of a network; skrnn/engine/_structures.py mirrors it.
struct DenseParts {
  int64_t n_layers;
  const int64_t *units;     // (n_layers,), the last are the outputs
  int64_t n_inputs;         // values of a sample, zeros before a shorter one
  int64_t activation;
  Dropout dropout;
};

struct Dense {
  int64_t F, H;             // inputs, units
  const real *W, *bias;     // (H, F), (H,)
  real *gW, *gbias;
  real *forward, *back;     // (F, H'), (H, F')
  real *sums, *y, *dropped;  // (B, H') before and after the activation, and masked
  real *slopes;             // (B, H')
};


struct Perceptron {
  DenseParts parts;
  Dense layers[MOST_DENSE];
  real *x;                                  // (B, F')
  real *raw, *y, *weights, *transposed;  // (O, B), (O, B), (B,), (O, B)
  int64_t B;

  Dense &top() { return layers[parts.n_layers - 1]; }
  int64_t n_draws() const { return parts.n_layers - 1; }

  void open(const DenseParts &p, real *const *w) {
    parts = p;
    for (int64_t i = 0, width = p.n_inputs; i < p.n_layers; width = p.units[i++]) {
      layers[i].F = width, layers[i].H = p.units[i];
      layers[i].W = w[2 * i], layers[i].bias = w[2 * i + 1];
    }
  }
  void set_gradients(real *const *g) {
    for (int64_t i = 0; i < parts.n_layers; i++)
      layers[i].gW = g[2 * i], layers[i].gbias = g[2 * i + 1];
  }
  void finish_gradients() {}

  void take_shared(Memory &memory, bool trains) {
    for (int64_t i = 0; i < parts.n_layers; i++) {
      Dense &l = layers[i];
      l.forward = memory.take(l.F * padded(l.H));
      l.back = trains && i ? memory.take(l.H * padded(l.F)) : nullptr;
    }
  }
  void take_own(Memory &memory, int64_t, int64_t n_samples, bool trains) {
    B = n_samples;
    x = memory.take(B * padded(parts.n_inputs));
    for (int64_t i = 0; i < parts.n_layers; i++) {
      Dense &l = layers[i];
      int64_t n = B * padded(l.H);
      bool is_top = i == parts.n_layers - 1;
      l.sums = memory.take(n);
      l.y = is_top ? l.sums : memory.take(n);
      l.dropped = trains && !is_top && parts.dropout.p > 0 ? memory.take(n) : l.y;
      l.slopes = trains ? memory.take(n) : nullptr;
    }
    int64_t n = parts.units[parts.n_layers - 1] * B;
    raw = memory.take(n);
    y = memory.take(n);
    weights = memory.take(B);
    transposed = memory.take(n);
  }
  void pack_all(bool trains) {
    for (int64_t i = 0; i < parts.n_layers; i++) {
      Dense &l = layers[i];
      int64_t columns = padded(l.H);
      for (int64_t j = 0; j < columns; j += LANES)
        for (int64_t k = 0; k < l.F; k++)
          for (int64_t q = 0; q < LANES; q++)
            l.forward[k * columns + j + q] = j + q < l.H ? l.W[(j + q) * l.F + k] : 0;
      for (int64_t j = 0; trains && i && j < l.H; j++) {
        memcpy(l.back + j * padded(l.F), l.W + j * l.F, l.F * sizeof(real));
        clear(l.back + j * padded(l.F) + l.F, padded(l.F) - l.F);
      }
    }
  }
};

struct DensePass {
  Perceptron &n;
  const Samples &samples;
  Block block;
  bool drops;
  int64_t batch;

  void read() {
    int64_t F = samples.n_features, n_inputs = n.parts.n_inputs;
    for (int64_t b = 0; b < block.count; b++) {
      int64_t i = block.sample(b), n_steps = samples.length_of(i), n_values = n_steps * F;
      real *row = n.x + b * padded(n_inputs), *values = row + n_inputs - n_values;
      clear(row, n_inputs - n_values);
      memcpy(values, samples.rows + samples.starts[i] * F, n_values * sizeof(real));
      clear(row + n_inputs, padded(n_inputs) - n_inputs);
      for (int64_t t = 0; samples.n_moved && t < n_steps; t++)
        for (int64_t c = 0; c < samples.n_moved; c++)
          values[t * F + c] = samples.moved(i, c, values[t * F + c]);
    }
  }

  // values (B, H') *= the masks of (batch, H) after layer i
  void drop_rows(int64_t i, real *values) {
    int64_t H = n.layers[i].H;
    Draw draw(n.parts.dropout, batch * n.n_draws() + i);
    for (int64_t b = 0; b < block.count; b++)
      for (int64_t j = 0; j < H; j++)
        values[b * padded(H) + j] *= draw((uint32_t)((block.in_batch + b) * H + j));
  }

  // -> n.raw (O, B)
  void forward() {
    read();
    const real *x = n.x;
    for (int64_t i = 0; i < n.parts.n_layers; i++) {
      Dense &l = n.layers[i];
      int64_t columns = padded(l.H), n_values = block.count * columns;
      for (int64_t b = 0; b < block.count; b++) {
        memcpy(l.sums + b * columns, l.bias, l.H * sizeof(real));
        clear(l.sums + b * columns + l.H, columns - l.H);
      }
      add_product({x, padded(l.F), 1}, l.forward, columns, l.sums, columns, block.count, columns, l.F);
      x = l.dropped;
      if (i == n.parts.n_layers - 1) break;
      activate_all(n.parts.activation, l.sums, l.y, n_values);
      if (!drops) continue;
      memcpy(l.dropped, l.y, n_values * sizeof(real));
      drop_rows(i, l.dropped);
    }
    Dense &top = n.top();
    for (int64_t b = 0; b < block.count; b++)
      for (int64_t o = 0; o < top.H; o++) n.raw[o * n.B + b] = top.sums[b * padded(top.H) + o];
  }

  // n.transposed (O, B), the slopes of the raw outputs -> gradients, added to
  void backward() {
    Dense &top = n.top();
    for (int64_t b = 0; b < block.count; b++) {
      real *row = top.slopes + b * padded(top.H);
      for (int64_t o = 0; o < top.H; o++) row[o] = n.transposed[o * n.B + b];
      clear(row + top.H, padded(top.H) - top.H);
    }
    for (int64_t i = n.parts.n_layers - 1; i >= 0; i--) {
      Dense &l = n.layers[i];
      int64_t rows = padded(l.H), columns = padded(l.F);
      const real *x = i ? n.layers[i - 1].dropped : n.x;
      add_product({l.slopes, 1, rows}, x, columns, l.gW, l.F, l.H, l.F, block.count);
      for (int64_t b = 0; b < block.count; b++)
        for (int64_t j = 0; j < l.H; j++) l.gbias[j] += l.slopes[b * rows + j];
      if (!i) return;
      Dense &below = n.layers[i - 1];
      clear(below.slopes, block.count * columns);
      add_product({l.slopes, rows, 1}, l.back, columns, below.slopes, columns, block.count, columns, l.H);
      if (drops) drop_rows(i - 1, below.slopes);
      slope_all(n.parts.activation, below.sums, below.y, below.slopes, block.count * columns);
    }
  }
};

INLINE int64_t block_size(const Perceptron &, int64_t n_left, int64_t size, int n_slots, int64_t) {
  int64_t share = (size + n_slots - 1) / n_slots;
  int64_t most = share < LARGEST_BLOCK ? share : LARGEST_BLOCK;
  return n_left < most ? n_left : most;
}
static double train_block(Perceptron &n, const Samples &s, const Block &b, const Loss &loss,
                          double share, int64_t batch) {
  DensePass pass = {n, s, b, n.parts.dropout.p > 0, batch};
  pass.forward();
  gather_targets(s, b, n.B, share, n.y, n.weights);
  double total = losses_of(loss, n.raw, n.y, n.weights, n.transposed, n.top().H, n.B, b.count);
  pass.backward();
  return total;
}
static void predict_block(Perceptron &n, const Samples &s, const Block &b, real *out) {
  DensePass pass = {n, s, b, false, 0};
  pass.forward();
  int64_t O = n.top().H;
  for (int64_t i = 0; i < b.count; i++)
    memcpy(out + i * O, n.top().sums + i * padded(O), O * sizeof(real));
}
