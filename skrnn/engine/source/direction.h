// One direction of a recurrent layer: its weights, and what a block of samples keeps.
#pragma once
#include "memory.h"
#include "products.h"

enum Cell { RNN_TANH, RNN_RELU, GRU, GRU_RESET_BEFORE, LSTM };

INLINE constexpr int64_t gates_of(int64_t cell) {
  return cell == LSTM ? 4 : cell == GRU || cell == GRU_RESET_BEFORE ? 3 : 1;
}
// Planes (unit, sample) that a step keeps for the way back, which puts slopes in their place.
INLINE constexpr int64_t planes_of(int64_t cell) {
  return cell == LSTM ? 5 : cell == GRU || cell == GRU_RESET_BEFORE ? 4 : 1;
}

// Gradients, in the layout of the weights.
struct Slopes {
  real *Wx, *Wh, *bx, *bh;
};

struct Direction {
  int64_t F, H;     // inputs, units
  bool is_reversed;  // from the last step to the first
  // torch's weights: (gates * H, F), (gates * H, H), (gates * H,), (gates * H,) or null
  const real *Wx, *Wh, *bx, *bh;
  Slopes slopes;
  real *b, *Px, *Ph;  // packed for the way forward: bias, weights of x and of h
  real *Bx, *Bh;      // packed for the way back
  real *states;       // (T + 1, H, B)
  real *cells;        // (T + 1, H, B), of an LSTM
  real *kept;         // (T, planes, H, B)
  real *dh, *dc;      // (H, B)
  // The state before the first step is zero, unless the caller has put it there.
  bool continues;
  const real *dlast_cell;  // (H, B) slope of an LSTM's last cell, or null

  // State after step t, and before it. A reversed direction begins after the last step.
  template <int NV> real *after(real *of, int64_t t) const {
    return of + (is_reversed ? t : t + 1) * H * NV * LANES;
  }
  template <int NV> real *before(real *of, int64_t t) const {
    return of + (is_reversed ? t + 1 : t) * H * NV * LANES;
  }
  template <int NV> real *first_of(real *of, int64_t T) const {
    return of + (is_reversed ? T : 0) * H * NV * LANES;
  }
  template <int NV> real *last_of(real *of, int64_t T) const {
    return of + (is_reversed ? 0 : T) * H * NV * LANES;
  }
};

// The samples of a block: at step t the first lanes.. those with length > t are alive.
struct Steps {
  int64_t T, shortest;  // the longest and the shortest length
  const real *lengths;  // (B,)

  bool has_ended(int64_t t) const { return t >= shortest; }  // some sample
  mask alive(int64_t t, int v) const { return load(lengths + v * LANES) > all((real)t); }
};

static void take_packed(Memory &memory, Direction &d, int64_t cell, bool trains) {
  int64_t H4 = rounded_up(d.H, GROUP), F4 = rounded_up(d.F, GROUP), G = gates_of(cell) + 1;
  d.b = memory.take(G * H4);
  d.Px = memory.take(G * H4 * d.F);
  d.Ph = memory.take(G * H4 * d.H);
  d.Bx = trains ? memory.take(G * H4 * F4) : nullptr;
  d.Bh = trains ? memory.take(G * H4 * H4) : nullptr;
}

// Memory of a block of B samples; without training a step's planes follow another's.
static void take_activations(Memory &memory, Direction &d, int64_t cell, int64_t T, int64_t B,
                             bool trains) {
  int64_t plane = d.H * B;
  d.states = memory.take((T + 1) * plane);
  d.cells = cell == LSTM ? memory.take((T + 1) * plane) : nullptr;
  d.kept = memory.take((trains ? T : 1) * planes_of(cell) * plane);
  d.dh = trains ? memory.take(plane) : nullptr;
  d.dc = trains && cell == LSTM ? memory.take(plane) : nullptr;
}
