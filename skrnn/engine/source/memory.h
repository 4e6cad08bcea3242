// The working memory of a call: one aligned piece, taken from in order.
#pragma once
#include <stdlib.h>
#include "vectors.h"
#ifdef _WIN32
#include <malloc.h>
#endif

constexpr int64_t ALIGNMENT = 64;

// Without memory of its own it only counts, so that the same code finds the size.
struct Memory {
  char *base = nullptr;
  int64_t used = 0;

  real *take(int64_t count) {
    char *at = base ? base + used : nullptr;
    used += rounded_up(count * (int64_t)sizeof(real), ALIGNMENT);
    return (real *)at;
  }
  bool open(int64_t size) {  // false if there is no memory
    size = rounded_up(size, ALIGNMENT) + ALIGNMENT;
#ifdef _WIN32
    base = (char *)_aligned_malloc(size, ALIGNMENT);
#else
    base = (char *)aligned_alloc(ALIGNMENT, size);
#endif
    used = 0;
    return base != nullptr;
  }
  void close() {
#ifdef _WIN32
    _aligned_free(base);
#else
    free(base);
#endif
    base = nullptr;
  }
};

INLINE void clear(real *values, int64_t count) { memset(values, 0, count * sizeof(real)); }
