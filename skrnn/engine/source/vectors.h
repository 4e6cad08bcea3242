// Vectors of numbers, in registers: one type of numbers and one width for each library.
#pragma once
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifndef REAL
#define REAL float
#endif
#ifndef VECTOR_BYTES
#define VECTOR_BYTES 32
#endif
#define INLINE static inline __attribute__((always_inline))

typedef REAL real;
constexpr int64_t LANES = VECTOR_BYTES / sizeof(real);  // numbers of a vector
template <int bytes> struct IntegerOf;
template <> struct IntegerOf<4> { typedef int32_t type; };
template <> struct IntegerOf<8> { typedef int64_t type; };
typedef IntegerOf<sizeof(real)>::type integer;  // as wide as a real

typedef real vector __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(real)), may_alias));
typedef integer mask __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(real)), may_alias));

#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int WIDEST = 4;      // vectors of samples in a block; there are 32 registers
constexpr int TILE_COLUMNS = 4;  // of a tile of sums with 4 rows
#else
constexpr int WIDEST = 2;  // 16 registers
constexpr int TILE_COLUMNS = 2;
#endif

INLINE vector load(const real *from) { return *(const vector *)from; }
INLINE void store(real *to, vector x) { *(vector *)to = x; }
INLINE vector all(real x) { return x - (vector){}; }  // the same number in each lane
INLINE vector select(mask where, vector yes, vector no) { return where ? yes : no; }
INLINE vector larger_or_nan(vector x, vector y) { return select((y <= x) | (x != x), x, y); }
INLINE int64_t rounded_up(int64_t n, int64_t step) { return (n + step - 1) / step * step; }
INLINE int64_t padded(int64_t n) { return rounded_up(n, LANES); }

INLINE real sum_of(vector x) {
  real total = 0;
  for (int64_t i = 0; i < LANES; i++) total += x[i];
  return total;
}

#if defined(__clang__) || __GNUC__ >= 12
template <int... I> struct Indices {};
template <int N, int... I> struct IndicesTo : IndicesTo<N - 1, N - 1, I...> {};
template <int... I> struct IndicesTo<0, I...> { typedef Indices<I...> type; };

// Of a pair of vectors: from groups of 2 * width lanes, the lane that goes to a place.
constexpr int folded(int width, int lane) {
  int group = lane & ~(2 * width - 1), place = lane & (2 * width - 1);
  return place < width ? group + place : (int)LANES + group + (place - width);
}
template <int width, int... I> INLINE vector fold_pair(vector a, vector b, Indices<I...>) {
  return __builtin_shufflevector(a, b, folded(width, I)...) +
         __builtin_shufflevector(a, b, (folded(width, I) + width)...);
}
template <int width> INLINE void fold(vector *a) {
  if constexpr (width > 0) {
    for (int i = 0; i < width; i++)
      a[i] = fold_pair<width>(a[i], a[i + width], typename IndicesTo<(int)LANES>::type());
    fold<width / 2>(a);
  }
}
// The sum over the lanes of each of LANES vectors, as one vector.
INLINE vector sums_of(vector *a) {
  fold<(int)LANES / 2>(a);
  return a[0];
}
#else
INLINE vector sums_of(vector *a) {
  vector sums = {};
  for (int i = 0; i < LANES; i++) sums[i] = sum_of(a[i]);
  return sums;
}
#endif
