// The library: all that Python calls. skrnn/engine/_structures.py mirrors the structures.
#include "cpu.h"
#include "epoch.h"
#include "exports.h"
#include "exports_functions.h"
#include "few.h"
#include "layer.h"

// Number of the interface; Python refuses a library with another one.
EXPORT int64_t skrnn_interface(void) { return 9; }
EXPORT int64_t skrnn_vector_bytes(void) { return VECTOR_BYTES; }
EXPORT int64_t skrnn_most_lanes(void) { return WIDEST * LANES; }  // samples of a block
EXPORT int64_t skrnn_cpu_level(void) { return cpu_level(); }

// How the blocks of a batch are shared.
struct Shares {
  int64_t n_slots, n_threads;
  int64_t widest;  // vectors of a block, of a recurrent network
};

namespace {
int64_t limited(int64_t n, int64_t most) { return n < 1 ? 1 : n > most ? most : n; }

template <class Net> struct Workspace {
  Memory memory;
  Net *networks;      // one for each thread
  real ***gradients;  // (n_slots, n_weights)

  void take(const Weights &weights, int n_threads, int n_slots, int64_t T, int64_t B) {
    networks[0].take_shared(memory, n_slots > 0);
    for (int rank = 0; rank < n_threads; rank++) {
      if (rank) networks[rank] = networks[0];
      networks[rank].take_own(memory, T, B, n_slots > 0);
    }
    for (int slot = 0; slot < n_slots; slot++)
      for (int64_t i = 0; i < weights.n; i++)
        gradients[slot][i] = memory.take(weights.counts[i]);
  }
  // Counts first, then takes; false if there is no memory. Without slots it cannot train.
  bool open(const Weights &weights, int n_threads, int n_slots, int64_t T, int64_t B) {
    take(weights, n_threads, n_slots, T, B);
    if (!memory.open(memory.used)) return false;
    take(weights, n_threads, n_slots, T, B);
    return true;
  }
};

template <class Net, class Description>
int64_t train(const Description &parts, const Weights &weights, const Samples &samples,
              const Loss &loss, const Solver &solver, const Batches &batches, int64_t B,
              const Shares &shares, real *const *gradients) {
  int n_slots = (int)limited(shares.n_slots, MOST_SLOTS);
  int n_threads = (int)limited(shares.n_threads, n_slots);
  Workspace<Net> w = {};
  w.networks = (Net *)calloc(n_threads, sizeof(Net));
  w.gradients = (real ***)calloc(n_slots, sizeof(real **));
  real **pointers = (real **)calloc(n_slots * weights.n, sizeof(real *));
  bool is_ready = w.networks && w.gradients && pointers;
  if (is_ready) {
    for (int slot = 0; slot < n_slots; slot++) w.gradients[slot] = pointers + slot * weights.n;
    w.networks[0].open(parts, weights.values);
    is_ready = w.open(weights, n_threads, n_slots, samples.n_steps, B);
  }
  if (is_ready) {
    Epoch<Net> e = {w.networks, &samples, &loss, &weights, &solver, &batches,
                    n_slots, w.gradients, {}, shares.widest, {}};
    e.barrier.n_threads = n_threads;
    train_together(e);
    for (int64_t i = 0; gradients && i < weights.n; i++)
      memcpy(gradients[i], w.gradients[0][i], weights.counts[i] * sizeof(real));
    w.memory.close();
  }
  free(pointers);
  free(w.gradients);
  free(w.networks);
  return is_ready ? DONE : NO_MEMORY;
}

template <class Net, class Description>
int64_t predict(const Description &parts, const Weights &weights, const Samples &samples,
                const int64_t *order, int64_t n, int64_t B, int64_t widest, int64_t O, real *out) {
  Workspace<Net> w = {};
  w.networks = (Net *)calloc(1, sizeof(Net));
  if (!w.networks) return NO_MEMORY;
  w.networks[0].open(parts, weights.values);
  bool is_ready = w.open(weights, 1, 0, samples.n_steps, B);
  if (is_ready) {
    w.networks[0].pack_all(false);
    for (int64_t first = 0; first < n;) {
      int64_t count = block_size(w.networks[0], n - first, n, 1, widest);
      predict_block(w.networks[0], samples, {order, first, 0, count, 0}, out + first * O);
      first += count;
    }
    w.memory.close();
  }
  free(w.networks);
  return is_ready ? DONE : NO_MEMORY;
}

int64_t smaller_of(int64_t a, int64_t b) { return a < b ? a : b; }
}  // namespace

// Trains the weights in place over some batches, the largest of most samples; gradients (as the
// weights, or null) are those of the last one.
EXPORT int64_t skrnn_train_recurrent(const Parts *parts, const Weights *weights, const Samples *samples,
                           const Loss *loss, const Solver *solver, const Batches *batches,
                           int64_t most, const Shares *shares, real *const *gradients) {
  int64_t B = smaller_of(vectors_of(most), smaller_of(shares->widest, WIDEST)) * LANES;
  return train<Network>(*parts, *weights, *samples, *loss, *solver, *batches, B, *shares, gradients);
}
EXPORT int64_t skrnn_train_dense(const DenseParts *parts, const Weights *weights,
                                 const Samples *samples, const Loss *loss, const Solver *solver,
                                 const Batches *batches, int64_t most, const Shares *shares,
                                 real *const *gradients) {
  return train<Perceptron>(*parts, *weights, *samples, *loss, *solver, *batches,
                           smaller_of(most, LARGEST_BLOCK), *shares, gradients);
}

// Raw outputs (n, O) of samples in an order (null: as they are).
EXPORT int64_t skrnn_predict_recurrent(const Parts *parts, const Weights *weights, const Samples *samples,
                             const int64_t *order, int64_t n, int64_t widest, real *out) {
  if (is_few(*parts, n)) return predict_few(*parts, weights->values, *samples, order, n, out);
  int64_t B = smaller_of(vectors_of(n), smaller_of(widest, WIDEST)) * LANES;
  return predict<Network>(*parts, *weights, *samples, order, n, B, widest, parts->n_outputs, out);
}
EXPORT int64_t skrnn_predict_dense(const DenseParts *parts, const Weights *weights,
                                   const Samples *samples, const int64_t *order, int64_t n,
                                   int64_t widest, real *out) {
  int64_t O = parts->units[parts->n_layers - 1];
  return predict<Perceptron>(*parts, *weights, *samples, order, n, smaller_of(n, LARGEST_BLOCK), widest,
                             O, out);
}

// A stream with copies of the weights; null if there is no memory.
EXPORT void *skrnn_stream_open(const Parts *parts, real *const *weights) {
  return open_stream(*parts, weights);
}
EXPORT void skrnn_stream_close(void *stream) { close_stream((Stream *)stream); }

// Numbers of its state.
EXPORT int64_t skrnn_stream_size(const void *stream) {
  return state_size(*(const Stream *)stream);
}

// Reads rows (n, F) after n_before others: state before -> state after, and out (n, O).
EXPORT int64_t skrnn_stream_run(const void *stream, int64_t n_before, int64_t n, const real *rows,
                                const real *before, real *after, real *out) {
  return run_stream(*(const Stream *)stream, n_before, n, rows, before, after, out);
}

// One layer: the bytes that its way back needs, the way forward, and the way back. Lengths are
// checked on the way forward.
EXPORT int64_t skrnn_layer_bytes(const LayerParts *parts) {
  return are_lengths_valid(*parts) ? layer_bytes(*parts) : 0;
}
EXPORT int64_t skrnn_layer_forward(const LayerParts *parts, char *kept) {
  if (!are_lengths_valid(*parts)) return BAD_LENGTH;
  return layer_forward(*parts, kept) ? DONE : NO_MEMORY;
}
EXPORT int64_t skrnn_layer_backward(const LayerParts *parts, char *kept, const LayerSlopes *slopes) {
  return layer_backward(*parts, kept, *slopes) ? DONE : NO_MEMORY;
}
