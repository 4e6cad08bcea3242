// Batches of an epoch, one after the other: gradients of blocks, their sum, a step.
#pragma once
#include "block.h"
#include "perceptron.h"
#include "threads.h"

struct Batches {
  const int64_t *order;    // (n_samples,) or null
  int64_t n;
  const int64_t *firsts, *sizes;  // (n,) place of the first sample in the order; samples
  const double *totals;    // (n,) what the loss of each is divided by
  const double *rates;     // (n,) learning rates
  double *losses;          // (n,) out
};

// The blocks of a batch are dealt out to slots, each with gradients of its own, which are summed
// in their order: the sums have the same bits, however many threads share the slots.
constexpr int MOST_SLOTS = 16;

template <class Net> struct Epoch {
  Net *networks;                  // one for each thread
  const Samples *samples;
  const Loss *loss;
  const Weights *weights;
  const Solver *solver;
  const Batches *batches;
  int n_slots;
  real *const *const *gradients;  // (n_slots, n_weights)
  double partial[MOST_SLOTS];     // losses of the blocks of each slot
  int64_t widest;                 // vectors of a block, of a recurrent network
  Barrier barrier;
};

static int64_t longest_of(const Samples &s, const int64_t *order, int64_t first, int64_t size) {
  if (!s.lengths) return s.n_steps;
  int64_t longest = 0;
  for (int64_t i = first; i < first + size; i++) {
    int64_t length = s.lengths[order ? order[i] : i];
    longest = length > longest ? length : longest;
  }
  return longest;
}

// The blocks of a slot; returns the sum of their losses.
template <class Net>
static double train_slot(Epoch<Net> &e, Net &network, int slot, int64_t batch, int64_t longest) {
  const Batches &b = *e.batches;
  for (int64_t i = 0; i < e.weights->n; i++) clear(e.gradients[slot][i], e.weights->counts[i]);
  network.set_gradients(e.gradients[slot]);
  int64_t size = b.sizes[batch];
  double loss = 0;
  for (int64_t first = 0, k = 0; first < size; k++) {
    int64_t count = block_size(network, size - first, size, e.n_slots, e.widest);
    Block block = {b.order, b.firsts[batch] + first, first, count, longest};
    if (k % e.n_slots == slot)
      loss += train_block(network, *e.samples, block, *e.loss, 1 / b.totals[batch], batch);
    first += count;
  }
  return loss;
}

template <class Net> static void finish_batch(Epoch<Net> &e, int64_t batch) {
  const Batches &b = *e.batches;
  const Weights &w = *e.weights;
  double loss = 0;
  for (int slot = 0; slot < e.n_slots; slot++) {
    loss += e.partial[slot];
    for (int64_t i = 0; slot && i < w.n; i++)
      for (int64_t k = 0; k < w.counts[i]; k++) e.gradients[0][i][k] += e.gradients[slot][i][k];
  }
  e.networks[0].set_gradients(e.gradients[0]);
  e.networks[0].finish_gradients();
  loss += penalise(w, e.gradients[0], e.solver->alpha / b.totals[batch]);
  b.losses[batch] = loss;
  take_step(w, *e.solver, e.gradients[0], b.rates, batch);
}

template <class Net> static void train_as_member(void *shared, int rank) {
  Epoch<Net> &e = *(Epoch<Net> *)shared;
  e.barrier.wait_to_begin();
  const Batches &b = *e.batches;
  for (int64_t batch = 0; batch < b.n; batch++) {
    if (rank == 0) e.networks[0].pack_all(true);
    e.barrier.wait();
    int64_t longest = longest_of(*e.samples, b.order, b.firsts[batch], b.sizes[batch]);
    for (int slot = rank; slot < e.n_slots; slot += e.barrier.n_threads)
      e.partial[slot] = train_slot(e, e.networks[rank], slot, batch, longest);
    e.barrier.wait();
    if (rank == 0) finish_batch(e, batch);
  }
}

// With fewer threads than asked for if the system has no more.
template <class Net> static void train_together(Epoch<Net> &e) {
  Thread threads[MOST_SLOTS];
  Member members[MOST_SLOTS];
  int n_threads = 1;
  for (; n_threads < e.barrier.n_threads; n_threads++) {
    members[n_threads] = {train_as_member<Net>, &e, n_threads};
    if (!start(threads[n_threads], &members[n_threads])) break;
  }
  e.barrier.begin(n_threads);
  train_as_member<Net>(&e, 0);
  for (int i = 1; i < n_threads; i++) join(threads[i]);
}
