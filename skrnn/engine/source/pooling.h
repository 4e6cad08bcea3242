// The states of a sample made one, and both directions of a layer joined.
#pragma once
#include "direction.h"

enum Pooling { LAST, MEAN, MAX };
constexpr int MOST_POOLINGS = 3;
enum Merge { CONCAT, SUM, MUL, AVE };

// forward, backward (H, B) -> out (H, B), or (2 H, B) if they are concatenated
static void merge(int64_t mode, const real *forward, const real *backward, int64_t plane, real *out) {
  if (!backward || mode == CONCAT) {
    memcpy(out, forward, plane * sizeof(real));
    if (backward) memcpy(out + plane, backward, plane * sizeof(real));
    return;
  }
  for (int64_t at = 0; at < plane; at += LANES) {
    vector a = load(forward + at), b = load(backward + at);
    store(out + at, mode == MUL ? a * b : mode == AVE ? (a + b) * all((real)0.5) : a + b);
  }
}

// dout -> slopes of both directions; if concatenated they are its halves already
static void unmerge(int64_t mode, const real *dout, const real *forward, const real *backward,
                    int64_t plane, real *dforward, real *dbackward) {
  for (int64_t at = 0; at < plane; at += LANES) {
    vector slope = load(dout + at);
    if (mode == AVE) slope = slope * all((real)0.5);
    store(dforward + at, mode == MUL ? slope * load(backward + at) : slope);
    store(dbackward + at, mode == MUL ? slope * load(forward + at) : slope);
  }
}

// states (T, W, B) -> pooled (W, B): mean or maximum over the steps of each sample
template <int NV>
static void pool(int64_t pooling, const Steps &steps, const real *states, int64_t W, real *pooled) {
  constexpr int64_t B = NV * LANES;
  for (int64_t j = 0; j < W; j++)
    for (int v = 0; v < NV; v++) {
      int64_t at = j * B + v * LANES;
      vector out = pooling == MEAN ? (vector){} : load(states + at);
      for (int64_t t = 0; t < steps.T; t++) {
        vector x = load(states + t * W * B + at);
        vector next = pooling == MEAN ? out + x : larger_or_nan(out, x);
        out = select(steps.alive(t, v), next, out);
      }
      store(pooled + at, pooling == MEAN ? out / load(steps.lengths + v * LANES) : out);
    }
}

// dpooled (W, B) -> dstates (T, W, B), or added to; equal maxima share the slope, as in torch.amax
template <int NV>
static void unpool(int64_t pooling, const Steps &steps, const real *states, const real *pooled,
                   const real *dpooled, int64_t W, real *dstates, bool adds) {
  constexpr int64_t B = NV * LANES;
  vector zero = {}, one = all(1);
  for (int64_t j = 0; j < W; j++)
    for (int v = 0; v < NV; v++) {
      int64_t at = j * B + v * LANES;
      vector count = load(steps.lengths + v * LANES), most = load(pooled + at);
      if (pooling == MAX) {
        count = zero;
        for (int64_t t = 0; t < steps.T; t++) {
          mask is_largest = (load(states + t * W * B + at) == most) & steps.alive(t, v);
          count += select(is_largest, one, zero);
        }
      }
      vector share = load(dpooled + at) / count;
      for (int64_t t = 0; t < steps.T; t++) {
        mask counts = steps.alive(t, v);
        if (pooling == MAX) counts = counts & (load(states + t * W * B + at) == most);
        real *slope = dstates + t * W * B + at;
        store(slope, select(counts, share, zero) + (adds ? load(slope) : zero));
      }
    }
}

// Blocks of `size` steps, the last of which may be fewer.
INLINE int64_t blocks_of(int64_t T, int64_t size) { return (T + size - 1) / size; }

// x (T, W, B) -> maxima (blocks, W, B), zero after the last block of a sample
template <int NV>
static void max_blocks(const Steps &steps, int64_t size, const real *x, int64_t W, real *maxima) {
  constexpr int64_t B = NV * LANES;
  for (int64_t block = 0; block < blocks_of(steps.T, size); block++) {
    int64_t first = block * size, end = first + size < steps.T ? first + size : steps.T;
    for (int64_t j = 0; j < W; j++)
      for (int v = 0; v < NV; v++) {
        int64_t at = j * B + v * LANES;
        vector most = load(x + first * W * B + at);
        for (int64_t t = first + 1; t < end; t++) {
          vector next = larger_or_nan(most, load(x + t * W * B + at));
          most = select(steps.alive(t, v), next, most);
        }
        store(maxima + block * W * B + at, select(steps.alive(first, v), most, (vector){}));
      }
  }
}

// Slopes of the maxima -> dx (T, W, B); equal ones share the slope, as in torch.amax
template <int NV>
static void unmax_blocks(const Steps &steps, int64_t size, const real *x, const real *maxima,
                         const real *slopes, int64_t W, real *dx) {
  constexpr int64_t B = NV * LANES;
  vector zero = {}, one = all(1);
  for (int64_t block = 0; block < blocks_of(steps.T, size); block++) {
    int64_t first = block * size, end = first + size < steps.T ? first + size : steps.T;
    for (int64_t j = 0; j < W; j++)
      for (int v = 0; v < NV; v++) {
        int64_t at = j * B + v * LANES;
        vector most = load(maxima + block * W * B + at), count = zero;
        for (int64_t t = first; t < end; t++) {
          mask is_most = (load(x + t * W * B + at) == most) & steps.alive(t, v);
          count += select(is_most, one, zero);
        }
        vector share = load(slopes + block * W * B + at) / count;
        for (int64_t t = first; t < end; t++) {
          mask is_most = (load(x + t * W * B + at) == most) & steps.alive(t, v);
          store(dx + t * W * B + at, select(is_most, share, zero));
        }
      }
  }
}
