// Masks of dropout by counters: the same numbers as skrnn/modules/_dropout.py draws.
// Sources: G. Steele et al., "Fast splittable pseudorandom number generators", 2014 (finaliser);
// C. Wellons, "lowbias32", public domain.
#pragma once
#include "vectors.h"

struct Dropout {
  double p;        // probability of zero
  uint64_t seed;   // with the rank of the process added
  int64_t n_draws;  // so far
};

// One draw: factors of the elements of a tensor, by their flat index.
struct Draw {
  uint32_t key0, key1, limit;
  real factor;

  Draw(const Dropout &d, int64_t which) {
    uint64_t z = d.seed * 0x9E3779B97F4A7C15u + (uint64_t)(d.n_draws + which + 1) * 0xD1B54A32D192ED03u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    key0 = (uint32_t)z;
    key1 = (uint32_t)(z >> 32) | 1;
    double keep = 1 - d.p, most = 4294967295.0, scaled = floor(keep * 4294967296.0);
    limit = (uint32_t)(scaled < most ? scaled : most);
    factor = (real)(1 / keep);
  }
  real operator()(uint32_t index) const {
    uint32_t x = (index ^ key0) * key1;
    x = (x ^ (x >> 16)) * 0x7feb352du;
    x = (x ^ (x >> 15)) * 0x846ca68bu;
    x ^= x >> 16;
    return x < limit ? factor : (real)0;
  }
};

// values (n, B) *= their masks; element (sample b, row i) has the index first + b * stride + i
static void drop(real *values, const Draw &draw, int64_t n, int64_t B, int64_t first,
                 int64_t stride) {
  for (int64_t i = 0; i < n; i++) {
    real *row = values + i * B;
    uint32_t index = (uint32_t)(first + i), step = (uint32_t)stride;
    for (int64_t b = 0; b < B; b++) row[b] *= draw(index + (uint32_t)b * step);
  }
}
