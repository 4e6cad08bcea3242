// The library: all that Python calls. skrnn/engine/_structures.py mirrors the structures.
#include "epoch.h"
#include "exports.h"

enum Status { DONE, NO_MEMORY };

EXPORT int64_t skrnn_interface(void) { return 1; }
EXPORT int64_t skrnn_vector_bytes(void) { return VECTOR_BYTES; }

namespace {
// Memory of all threads; gradients (n_threads, n_weights).
struct Workspace {
  Memory memory;
  Network *networks;
  real ***gradients;
};

void take_all(Workspace &w, const Weights &weights, int n_threads, int64_t T, int64_t B, bool trains) {
  Memory &m = w.memory;
  w.networks[0].take_shared(m, trains);
  for (int rank = 0; rank < n_threads; rank++) {
    if (rank) w.networks[rank] = w.networks[0];
    w.networks[rank].take_own(m, T, B, trains);
    for (int64_t i = 0; trains && i < weights.n; i++)
      w.gradients[rank][i] = m.take(weights.counts[i]);
    if (trains) w.networks[rank].set_gradients(w.gradients[rank]);
  }
}
}  // namespace

// Trains the weights in place over some batches. Returns DONE or NO_MEMORY.
EXPORT int64_t skrnn_train(const Parts *parts, const Weights *weights, const Samples *samples,
                           const Loss *loss, const Solver *solver, const Batches *batches,
                           int64_t n_threads, int64_t widest, real *const *gradients) {
  int n = n_threads < 1 ? 1 : n_threads > MOST_THREADS ? MOST_THREADS : (int)n_threads;
  Workspace w = {};
  w.networks = (Network *)calloc(n, sizeof(Network));
  w.gradients = (real ***)calloc(n, sizeof(real **));
  real **pointers = (real **)calloc(n * weights->n, sizeof(real *));
  int64_t B = (widest < WIDEST ? widest : WIDEST) * LANES;
  bool is_ready = w.networks && w.gradients && pointers;
  if (is_ready) {
    for (int rank = 0; rank < n; rank++) w.gradients[rank] = pointers + rank * weights->n;
    w.networks[0].open(*parts, weights->values);
    take_all(w, *weights, n, samples->n_steps, B, true);
    is_ready = w.memory.open(w.memory.used);
  }
  if (is_ready) {
    take_all(w, *weights, n, samples->n_steps, B, true);
    Epoch e = {w.networks, samples, loss, weights, solver, batches, w.gradients, {}, widest, {}};
    e.barrier.n_threads = n;
    train_together(e);
    for (int64_t i = 0; gradients && i < weights->n; i++)
      memcpy(gradients[i], w.gradients[0][i], weights->counts[i] * sizeof(real));
    w.memory.close();
  }
  free(pointers);
  free(w.gradients);
  free(w.networks);
  return is_ready ? DONE : NO_MEMORY;
}

// Raw outputs (n, O) of the samples in an order (null: as they are).
EXPORT int64_t skrnn_predict(const Parts *parts, const Weights *weights, const Samples *samples,
                             const int64_t *order, int64_t n, int64_t widest, real *out) {
  Network *network = (Network *)calloc(1, sizeof(Network));
  if (!network) return NO_MEMORY;
  network->open(*parts, weights->values);
  Memory memory;
  int64_t width = width_of(n, widest), B = width * LANES, status = NO_MEMORY;
  for (int pass = 0; pass < 2; pass++) {
    if (pass && !memory.open(memory.used)) break;
    network->take_shared(memory, false);
    network->take_own(memory, samples->n_steps, B, false);
    if (pass) status = DONE;
  }
  if (status == DONE) {
    network->pack_all(false);
    for (int64_t first = 0; first < n;) {
      int here = width_of(n - first, widest);
      int64_t count = n - first < here * LANES ? n - first : here * LANES;
      predict_block(*network, *samples, {order, first, 0, count, 0}, here,
                    out + first * parts->n_outputs);
      first += count;
    }
    memory.close();
  }
  free(network);
  return status;
}
