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

template <class Net> struct Epoch {
  Net *networks;           // one for each thread
  const Samples *samples;
  const Loss *loss;
  const Weights *weights;
  const Solver *solver;
  const Batches *batches;
  real *const *const *gradients;  // (n_threads, n_weights)
  double partial[MOST_THREADS];   // losses of the blocks of each thread
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

// The blocks of a batch that a thread computes; returns the sum of their losses.
template <class Net> static double train_share(Epoch<Net> &e, int rank, int64_t batch) {
  const Batches &b = *e.batches;
  Net &network = e.networks[rank];
  for (int64_t i = 0; i < e.weights->n; i++) clear(e.gradients[rank][i], e.weights->counts[i]);
  int64_t size = b.sizes[batch], longest = longest_of(*e.samples, b.order, b.firsts[batch], size);
  double loss = 0;
  for (int64_t first = 0, k = 0; first < size; k++) {
    int64_t count = block_size(network, size - first, size, e.barrier.n_threads, e.widest);
    Block block = {b.order, b.firsts[batch] + first, first, count, longest};
    if (k % e.barrier.n_threads == rank)
      loss += train_block(network, *e.samples, block, *e.loss, 1 / b.totals[batch], batch);
    first += count;
  }
  return loss;
}

template <class Net> static void finish_batch(Epoch<Net> &e, int64_t batch) {
  const Batches &b = *e.batches;
  const Weights &w = *e.weights;
  double loss = 0;
  for (int rank = 0; rank < e.barrier.n_threads; rank++) {
    loss += e.partial[rank];
    if (rank)
      for (int64_t i = 0; i < w.n; i++)
        for (int64_t k = 0; k < w.counts[i]; k++) e.gradients[0][i][k] += e.gradients[rank][i][k];
  }
  e.networks[0].finish_gradients();
  loss += penalise(w, e.gradients[0], e.solver->alpha / b.totals[batch]);
  b.losses[batch] = loss;
  take_step(w, *e.solver, e.gradients[0], b.rates, batch);
}

template <class Net> static void train_as_member(void *shared, int rank) {
  Epoch<Net> &e = *(Epoch<Net> *)shared;
  if (!e.barrier.may_begin(rank)) return;
  for (int64_t batch = 0; batch < e.batches->n; batch++) {
    if (rank == 0) e.networks[0].pack_all(true);
    e.barrier.wait();
    e.partial[rank] = train_share(e, rank, batch);
    e.barrier.wait();
    if (rank == 0) finish_batch(e, batch);
  }
}

// The same sums in the same order on one thread.
template <class Net> static void train_alone(Epoch<Net> &e) {
  for (int64_t batch = 0; batch < e.batches->n; batch++) {
    e.networks[0].pack_all(true);
    for (int rank = 0; rank < e.barrier.n_threads; rank++)
      e.partial[rank] = train_share(e, rank, batch);
    finish_batch(e, batch);
  }
}

template <class Net> static void train_together(Epoch<Net> &e) {
  Thread threads[MOST_THREADS];
  Member members[MOST_THREADS];
  int n_started = 1;
  for (; n_started < e.barrier.n_threads; n_started++) {
    members[n_started] = {train_as_member<Net>, &e, n_started};
    if (!start(threads[n_started], &members[n_started])) break;
  }
  bool all_started = n_started == e.barrier.n_threads;
  e.barrier.begin(all_started);
  if (all_started) train_as_member<Net>(&e, 0);
  for (int i = 1; i < n_started; i++) join(threads[i]);
  if (!all_started) train_alone(e);
}
