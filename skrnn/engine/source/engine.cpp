// The library: all that Python calls. skrnn/engine/_structures.py mirrors the structures.
#include "cpu.h"
#include "epoch.h"
#include "exports.h"

enum Status { DONE, NO_MEMORY };

// Number of the interface; Python refuses a library with another one.
EXPORT int64_t skrnn_interface(void) { return 1; }
EXPORT int64_t skrnn_vector_bytes(void) { return VECTOR_BYTES; }
EXPORT int64_t skrnn_cpu_level(void) { return cpu_level(); }

namespace {
template <class Net> struct Workspace {
  Memory memory;
  Net *networks;      // one for each thread
  real ***gradients;  // (n_threads, n_weights)

  void take(const Weights &weights, int n_threads, int64_t T, int64_t B, bool trains) {
    networks[0].take_shared(memory, trains);
    for (int rank = 0; rank < n_threads; rank++) {
      if (rank) networks[rank] = networks[0];
      networks[rank].take_own(memory, T, B, trains);
      for (int64_t i = 0; trains && i < weights.n; i++)
        gradients[rank][i] = memory.take(weights.counts[i]);
      if (trains) networks[rank].set_gradients(gradients[rank]);
    }
  }
  // Counts first, then takes; false if there is no memory.
  bool open(const Weights &weights, int n_threads, int64_t T, int64_t B, bool trains) {
    take(weights, n_threads, T, B, trains);
    if (!memory.open(memory.used)) return false;
    take(weights, n_threads, T, B, trains);
    return true;
  }
};

template <class Net, class Description>
int64_t train(const Description &parts, const Weights &weights, const Samples &samples,
              const Loss &loss, const Solver &solver, const Batches &batches, int n, int64_t B,
              int64_t widest, real *const *gradients) {
  Workspace<Net> w = {};
  w.networks = (Net *)calloc(n, sizeof(Net));
  w.gradients = (real ***)calloc(n, sizeof(real **));
  real **pointers = (real **)calloc(n * weights.n, sizeof(real *));
  bool is_ready = w.networks && w.gradients && pointers;
  if (is_ready) {
    for (int rank = 0; rank < n; rank++) w.gradients[rank] = pointers + rank * weights.n;
    w.networks[0].open(parts, weights.values);
    is_ready = w.open(weights, n, samples.n_steps, B, true);
  }
  if (is_ready) {
    Epoch<Net> e = {w.networks, &samples, &loss, &weights, &solver, &batches, w.gradients, {}, widest, {}};
    e.barrier.n_threads = n;
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
  bool is_ready = w.open(weights, 1, samples.n_steps, B, false);
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

int limited(int64_t n_threads) {
  return n_threads < 1 ? 1 : n_threads > MOST_THREADS ? MOST_THREADS : (int)n_threads;
}
int64_t largest(int64_t n, int64_t most) { return n < most ? n : most; }
}  // namespace

// Trains the weights in place over some batches, the largest of most samples; gradients (as the
// weights, or null) are those of the last one. widest limits the vectors of a block.
EXPORT int64_t skrnn_train(const Parts *parts, const Weights *weights, const Samples *samples,
                           const Loss *loss, const Solver *solver, const Batches *batches,
                           int64_t n_threads, int64_t most, int64_t widest, real *const *gradients) {
  int64_t B = largest(vectors_of(most), largest(widest, WIDEST)) * LANES;
  return train<Network>(*parts, *weights, *samples, *loss, *solver, *batches, limited(n_threads), B,
                        widest, gradients);
}
EXPORT int64_t skrnn_train_dense(const DenseParts *parts, const Weights *weights,
                                 const Samples *samples, const Loss *loss, const Solver *solver,
                                 const Batches *batches, int64_t n_threads, int64_t most,
                                 int64_t widest, real *const *gradients) {
  int64_t B = largest(most, LARGEST_BLOCK);
  return train<Perceptron>(*parts, *weights, *samples, *loss, *solver, *batches, limited(n_threads),
                           B, widest, gradients);
}

// Raw outputs (n, O) of samples in an order (null: as they are).
EXPORT int64_t skrnn_predict(const Parts *parts, const Weights *weights, const Samples *samples,
                             const int64_t *order, int64_t n, int64_t widest, real *out) {
  int64_t B = largest(vectors_of(n), largest(widest, WIDEST)) * LANES;
  return predict<Network>(*parts, *weights, *samples, order, n, B, widest, parts->n_outputs, out);
}
EXPORT int64_t skrnn_predict_dense(const DenseParts *parts, const Weights *weights,
                                   const Samples *samples, const int64_t *order, int64_t n,
                                   int64_t widest, real *out) {
  int64_t O = parts->units[parts->n_layers - 1];
  return predict<Perceptron>(*parts, *weights, *samples, order, n, largest(n, LARGEST_BLOCK), widest,
                             O, out);
}
