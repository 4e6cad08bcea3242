// Stand-in until the own approximations are merged.
#pragma once
#include "vectors.h"
INLINE vector tanh_of(vector x) {
  vector lim = all((real)9);
  x = smaller(larger(x, -lim), lim);
  vector e = x;
  for (int i = 0; i < LANES; i++) e[i] = sizeof(real) == 4 ? tanhf(x[i]) : tanh(x[i]);
  return e;
}
INLINE vector sigmoid_of(vector x) { return all((real)0.5) * tanh_of(all((real)0.5) * x) + all((real)0.5); }
INLINE vector relu_of(vector x) { return select(x > (vector){}, x, (vector){}); }
INLINE vector exp_of(vector x) { for (int i = 0; i < LANES; i++) x[i] = exp(x[i]); return x; }
