// Vectors of numbers, in registers: one REAL type and one width for each library.
#pragma once
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

INLINE vector load(const real *from) { return *(const vector *)from; }
INLINE void store(real *to, vector x) { *(vector *)to = x; }
INLINE vector all(real x) { return x - (vector){}; }  // the same number in each lane
INLINE vector select(mask where, vector yes, vector no) { return where ? yes : no; }
INLINE vector larger(vector x, vector y) { return select(x > y, x, y); }
INLINE vector smaller(vector x, vector y) { return select(x < y, x, y); }
INLINE real sum_of(vector x) {
  real total = 0;
  for (int64_t i = 0; i < LANES; i++) total += x[i];
  return total;
}
