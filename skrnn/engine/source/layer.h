// One recurrent layer alone, in one direction or both, for a graph that somebody else runs.
//
// Samples pass in blocks. For the way back a block keeps its inputs and activations in memory of
// the caller; without it, a block passes in parts of few steps, and nothing is kept.
#pragma once
#include "recurrent.h"
#include "values.h"

constexpr int64_t PART_BYTES = 1 << 18;  // of a block's states, when nothing is kept
constexpr int64_t FEWEST_STEPS = 16;     // of such a part

// What Python says of a call; skrnn/engine/_layer.py mirrors it.
struct LayerParts {
  int64_t cell, n_features, n_units, n_directions;
  int64_t n_samples, n_steps;
  int64_t widest;                // vectors of a block
  const int64_t *lengths;        // (n_samples,), or null: all have n_steps
  const real *weights[2][4];     // Wx, Wh, bx, bh of each direction; see Direction
  Values x;                     // (sample, step, feature)
  // First and last state, (sample, direction, unit); no values: zero, or not wanted
  Values h_first, c_first, h_last, c_last;
  Values states;                // (sample, step, direction and unit), or no values
};

// Slopes of all these, where they are wanted or given.
struct LayerSlopes {
  real *weights[2][4];
  Values x, h_first, c_first, h_last, c_last, states;
};

constexpr int64_t MOST_DIRECTIONS = 2;

INLINE int64_t n_directions_of(const LayerParts &p) {
  return p.n_directions < MOST_DIRECTIONS ? p.n_directions : MOST_DIRECTIONS;
}
INLINE bool has_first(const LayerParts &p) { return p.h_first.at != nullptr; }

static bool are_lengths_valid(const LayerParts &p) {
  for (int64_t i = 0; p.lengths && i < p.n_samples; i++)
    if (p.lengths[i] < 0 || p.lengths[i] > p.n_steps) return false;
  return true;
}

static void open_directions(const LayerParts &p, Direction *directions) {
  for (int k = 0; k < n_directions_of(p); k++) {
    Direction &d = directions[k] = {};
    d.F = p.n_features, d.H = p.n_units, d.is_reversed = k == 1;
    d.Wx = p.weights[k][0], d.Wh = p.weights[k][1];
    d.bx = p.weights[k][2], d.bh = p.weights[k][3];
    d.continues = has_first(p);
  }
}

template <int NV> struct LayerBlock {
  static constexpr int64_t B = NV * LANES;
  const LayerParts &p;
  Direction *directions;
  int64_t first, count;
  Steps steps;
  real *lengths, *x;  // (B,), (T, F, B)

  LayerBlock(const LayerParts &p, Direction *directions, int64_t first, int64_t count)
      : p(p), directions(directions), first(first), count(count), steps{p.n_steps, p.n_steps, nullptr} {
    if (!p.lengths) return;
    steps.T = 0;
    for (int64_t i = first; i < first + count; i++) {
      steps.T = p.lengths[i] > steps.T ? p.lengths[i] : steps.T;
      steps.shortest = p.lengths[i] < steps.shortest ? p.lengths[i] : steps.shortest;
    }
  }

  // Steps that pass at once.
  int64_t n_at_once(bool keeps) const {
    int64_t H = p.n_units * (p.cell == LSTM ? 2 : 1);
    int64_t most = PART_BYTES / ((p.n_features + H) * B * (int64_t)sizeof(real));
    most = most < FEWEST_STEPS ? FEWEST_STEPS : most;
    return keeps || steps.T < most ? steps.T : most;
  }

  void take(Memory &memory, bool keeps) {
    int64_t T = n_at_once(keeps);
    lengths = memory.take(B);
    x = memory.take(T * p.n_features * B);
    for (int k = 0; k < n_directions_of(p); k++)
      take_activations(memory, directions[k], p.cell, T, B, keeps);
  }

  // Lengths from step t0 on.
  void read_lengths(int64_t t0) {
    for (int64_t b = 0; b < B; b++) {
      int64_t length = p.lengths ? p.lengths[first + (b < count ? b : 0)] : p.n_steps;
      lengths[b] = (real)(length - t0);
    }
  }
  Lengths valid(int64_t t0 = 0) const { return {lengths, steps.shortest - t0}; }

  // State of direction k, (H, B), from or to (sample, direction, unit).
  void read_state(const Values &from, int k, bool repeats, real *state) {
    read_panel(from, first, count, k, 1, p.n_units, B, {nullptr, 1}, repeats, state);
  }
  void write_state(const Values &to, int k, const real *state) {
    if (to.at) write_panel(to, first, count, k, 1, p.n_units, B, {nullptr, 1}, state);
  }
  static Values of_direction(const Values &states, int k, int64_t H) {
    Values some = states;
    some.at += k * H * states.by_column;
    return some;
  }

  void forward(bool keeps) {
    for (int k = 0; k < n_directions_of(p); k++) direction_forward(k, keeps);
    if (p.states.at)
      write_zeros(p.states, first, count, steps.T, p.n_steps, p.n_units * p.n_directions);
  }

  void direction_forward(int k, bool keeps) {
    Direction &d = directions[k];
    int64_t T = steps.T, n_most = n_at_once(keeps), H = d.H, n_before = -1;
    for (int64_t i = 0; n_before < 0 || i < T; i += n_most) {
      int64_t n = T - i < n_most ? T - i : n_most, t0 = d.is_reversed ? T - i - n : i;
      if (!keeps || k == 0) {
        read_lengths(t0);
        read_panel(p.x, first, count, t0, n, d.F, B, valid(t0), true, x);
      }
      put_first(d, k, n, n_before);
      Steps part = {n, steps.shortest - t0, lengths};
      recurrent_forward<NV>(p.cell, d, part, x, keeps);
      if (p.states.at)
        write_panel(of_direction(p.states, k, H), first, count, t0, n, H, B, valid(t0),
                    d.template after<NV>(d.states, 0));
      n_before = n;
    }
    d.continues = has_first(p);
    write_state(p.h_last, k, d.template last_of<NV>(d.states, n_before));
    if (p.cell == LSTM) write_state(p.c_last, k, d.template last_of<NV>(d.cells, n_before));
  }

  // The state before a part of n steps: that after the part before, of n_before steps.
  void put_first(Direction &d, int k, int64_t n, int64_t n_before) {
    int64_t plane = d.H * B;
    if (n_before >= 0) {
      d.continues = true;
      memmove(d.template first_of<NV>(d.states, n), d.template last_of<NV>(d.states, n_before),
              plane * sizeof(real));
      if (p.cell == LSTM)
        memmove(d.template first_of<NV>(d.cells, n), d.template last_of<NV>(d.cells, n_before),
                plane * sizeof(real));
    } else if (has_first(p)) {
      read_state(p.h_first, k, true, d.template first_of<NV>(d.states, n));
      if (p.cell == LSTM) read_state(p.c_first, k, true, d.template first_of<NV>(d.cells, n));
    }
  }

  // Memory of the way back alone.
  struct Room {
    real *ones, *product, *dstates, *dx, *dh, *dc;  // (B,), (H, B), (T, W, B), (T, F, B), (H, B)
  };
  Room take_back(Memory &memory, const LayerSlopes &s) {
    int64_t T = steps.T, H = p.n_units;
    Room room = {};
    room.ones = memory.take(B);
    room.product = memory.take(H * B);
    if (s.states.at) room.dstates = memory.take(T * H * p.n_directions * B);
    if (s.x.at) room.dx = memory.take(T * p.n_features * B);
    if (s.h_last.at) room.dh = memory.take(H * B);
    if (s.c_last.at) room.dc = memory.take(H * B);
    return room;
  }

  void backward(const LayerSlopes &s, const Room &room) {
    int64_t T = steps.T, H = p.n_units, F = p.n_features, W = H * p.n_directions;
    steps.lengths = lengths;
    for (int64_t b = 0; b < B; b++) room.ones[b] = 1;
    if (room.dstates)
      read_panel(s.states, first, count, 0, T, W, B, valid(), false, room.dstates);
    for (int k = 0; k < n_directions_of(p); k++) {
      Direction &d = directions[k];
      if (room.dh) read_state(s.h_last, k, false, room.dh);
      if (room.dc) read_state(s.c_last, k, false, room.dc);
      d.dlast_cell = room.dc;
      const real *dstates = room.dstates ? room.dstates + k * H * B : nullptr;
      recurrent_backward<NV>(p.cell, d, steps, x, dstates, W * B, room.dh, room.dx, k == 1,
                             room.ones, room.product);
      write_state(s.h_first, k, d.dh);
      if (p.cell == LSTM) write_state(s.c_first, k, d.dc);
    }
    if (!room.dx) return;
    write_panel(s.x, first, count, 0, T, F, B, valid(), room.dx);
    write_zeros(s.x, first, count, T, p.n_steps, F);
  }
};

// Calls act(block) for each block of the samples.
template <class Act>
static void for_each_block(const LayerParts &p, Direction *directions, Act act) {
  for (int64_t first = 0; first < p.n_samples;) {
    int64_t count = recurrent_block_size(p.n_samples - first, p.widest);
    int64_t width = vectors_of(count);
    if (width == 1) act(LayerBlock<1>(p, directions, first, count));
    else if (width == 2) act(LayerBlock<2>(p, directions, first, count));
    else act(LayerBlock<WIDEST>(p, directions, first, count));
    first += count;
  }
}

static void take_all_packed(Memory &memory, const LayerParts &p, Direction *directions, bool trains) {
  for (int k = 0; k < n_directions_of(p); k++) take_packed(memory, directions[k], p.cell, trains);
}

// Bytes that the way forward keeps for the way back.
static int64_t layer_bytes(const LayerParts &p) {
  Memory memory;
  Direction directions[2] = {};
  open_directions(p, directions);
  for_each_block(p, directions, [&](auto block) { block.take(memory, true); });
  return memory.used;
}

// kept: as many bytes as layer_bytes says, or null without a way back; false without memory
static bool layer_forward(const LayerParts &p, char *kept) {
  Direction directions[2] = {};
  Memory packed, room;
  open_directions(p, directions);
  take_all_packed(packed, p, directions, false);
  if (!packed.open(packed.used)) return false;
  take_all_packed(packed, p, directions, false);
  for (int k = 0; k < n_directions_of(p); k++) pack_forward(p.cell, directions[k]);
  if (kept) room.base = kept;
  else {
    int64_t most = 0;
    for_each_block(p, directions, [&](auto block) {
      Memory memory;
      block.take(memory, false);
      most = memory.used > most ? memory.used : most;
    });
    if (!room.open(most)) {
      packed.close();
      return false;
    }
  }
  for_each_block(p, directions, [&](auto block) {
    if (!kept) room.used = 0;
    block.take(room, kept != nullptr);
    block.forward(kept != nullptr);
  });
  if (!kept) room.close();
  packed.close();
  return true;
}

// The activations in kept become slopes. Without slopes of the last state theirs are zero.
static bool layer_backward(const LayerParts &p, char *kept, const LayerSlopes &s) {
  Direction directions[2] = {};
  Memory room, memory;
  open_directions(p, directions);
  int64_t most = 0, H = p.n_units, rows = gates_of(p.cell) * H;
  for_each_block(p, directions, [&](auto block) {
    Memory counts;
    block.take_back(counts, s);
    most = counts.used > most ? counts.used : most;
  });
  take_all_packed(room, p, directions, true);
  if (!room.open(room.used + most)) return false;
  take_all_packed(room, p, directions, true);
  for (int k = 0; k < n_directions_of(p); k++) {
    pack_back(p.cell, directions[k], s.x.at != nullptr);
    real *const *w = s.weights[k];
    directions[k].slopes = {w[0], w[1], w[2], w[3]};
    clear(w[0], rows * p.n_features), clear(w[1], rows * H), clear(w[2], rows);
    if (w[3]) clear(w[3], rows);
  }
  memory.base = kept;
  int64_t start = room.used;
  for_each_block(p, directions, [&](auto block) {
    room.used = start;
    block.take(memory, true);
    block.backward(s, block.take_back(room, s));
  });
  // torch's RNN and LSTM have two biases, of which only the sum matters
  for (int k = 0; k < n_directions_of(p) && gates_of(p.cell) != 3; k++)
    memcpy(s.weights[k][3], s.weights[k][2], rows * sizeof(real));
  room.close();
  return true;
}
