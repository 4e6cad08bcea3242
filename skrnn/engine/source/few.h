// Few samples, which a network reads one after the other as streams do.
#pragma once
#include "stream.h"

// Whether a prediction takes less time sample by sample: a block would leave most lanes empty.
static bool is_few(const Parts &p, int64_t n) {
  bool reads_ahead = p.is_bidirectional;
  for (int64_t i = 0; i < p.n_convolutions; i++)  // of stride 1, or it would read fewer back
    reads_ahead |= p.n_backs[i] != (p.kernel_sizes[i] - 1) * p.dilations[i];
  return !reads_ahead && !p.pools_front() && (n == 1 || 3 * n <= LANES);
}

// Raw outputs (n, O) of samples in an order (null: as they are), one after the other.
static Status predict_few(const Parts &parts, real *const *weights, const Samples &samples,
                          const int64_t *order, int64_t n, real *out) {
  Stream *s = open_stream(parts, weights);
  if (!s) return NO_MEMORY;
  int64_t T = samples.n_steps, most = T < STREAM_BLOCK ? T : STREAM_BLOCK, size = state_size(*s);
  Memory memory;
  real *rows, *before, *after, length;
  auto take = [&] {
    take_block(memory, *s, most);
    rows = memory.take(T * parts.n_features);
    before = memory.take(size);
    after = memory.take(size);
  };
  take();
  bool is_ready = memory.open(memory.used);
  if (is_ready) {
    memory.clear_all();
    take();
    for (int64_t i = 0; i < n; i++) {
      gather<1>(samples, {order, i, 0, 1, 0}, T, rows, &length);
      run_rows(*s, most, 0, (int64_t)length, rows, before, after, out + i * s->n_outputs(), true);
    }
    memory.close();
  }
  close_stream(s);
  return is_ready ? DONE : NO_MEMORY;
}
