// The working memory of a call: one aligned piece, taken from in order.
#pragma once
#include <stdlib.h>
#include "vectors.h"
#ifdef _WIN32
#include <malloc.h>
#endif

constexpr int64_t ALIGNMENT = 64;

// To look for faults, memory begins as NaN, and after each piece is a gap that nobody may touch.
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
constexpr int64_t GAP = 64;
static void allow(char *from, char *to) {
  ASAN_UNPOISON_MEMORY_REGION(from, to - from);
}
static void forbid(char *from, char *to) { ASAN_POISON_MEMORY_REGION(from, to - from); }
static void spoil(char *from, int64_t size) { memset(from, 0xff, size); }
#else
constexpr int64_t GAP = 0;
static void allow(char *, char *) {}
static void forbid(char *, char *) {}
static void spoil(char *, int64_t) {}
#endif

// Without memory of its own it only counts, so that the same code finds the size.
struct Memory {
  char *base = nullptr;
  int64_t used = 0, size = 0;

  real *take(int64_t count) {
    char *at = base ? base + used : nullptr;
    int64_t n_bytes = count * (int64_t)sizeof(real);
    used += rounded_up(n_bytes, ALIGNMENT) + GAP;
    if (base) allow(at, at + n_bytes), forbid(at + n_bytes, base + used);
    return (real *)at;
  }
  bool open(int64_t n_bytes) {  // false if there is no memory
    size = rounded_up(n_bytes, ALIGNMENT) + ALIGNMENT;
#ifdef _WIN32
    base = (char *)_aligned_malloc(size, ALIGNMENT);
#else
    base = (char *)aligned_alloc(ALIGNMENT, size);
#endif
    used = 0;
    if (base) spoil(base, size);
    return base != nullptr;
  }
  void clear_all() { memset(base, 0, size); }  // before anything is taken
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
