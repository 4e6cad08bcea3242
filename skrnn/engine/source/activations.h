// Activations of dense layers and convolutions, as in skrnn/modules/_activations.py.
#pragma once
#include "functions.h"

enum Activation {  // in the order of MLP_ACTIVATIONS, where sigmoid is "logistic"
  IDENTITY, SIGMOID, TANH, RELU, SOFTPLUS, ELU, GELU, SELU, SILU, LEAKY_RELU
};
constexpr real SELU_ALPHA = 1.6732632423543772, SELU_SCALE = 1.0507009873554805;
constexpr real LEAK = 0.01, SOFTPLUS_END = 20;  // beyond it softplus is the identity

// x > 0: scale x, else scale alpha (exp(x) - 1)
INLINE vector elu_of(vector x, real alpha, real scale) {
  return x > 0 ? x * scale : expm1_of_negative(at_most(0, x)) * (alpha * scale);
}
// log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|))
INLINE vector softplus_of(vector x) {
  vector fraction = exp_of(-magnitude(x));
  return x > SOFTPLUS_END ? x : at_least(0, x) + log1p_of_fraction(fraction);
}

template <int kind> INLINE vector activate(vector x) {
  switch (kind) {
    case SIGMOID: return sigmoid_of(x);
    case TANH: return tanh_of(x);
    case RELU: return relu_of(x);
    case SOFTPLUS: return softplus_of(x);
    case ELU: return elu_of(x, 1, 1);
    case GELU: return x * normal_of(x).below;
    case SELU: return elu_of(x, SELU_ALPHA, SELU_SCALE);
    case SILU: return x * sigmoid_of(x);
    case LEAKY_RELU: return x > 0 ? x : x * LEAK;
    default: return x;
  }
}
// The derivative at x, where the activation is y; a NaN passes on.
template <int kind> INLINE vector activation_slope(vector x, vector y) {
  switch (kind) {
    case SIGMOID: return y * ((real)1 - y);
    case TANH: return (real)1 - y * y;
    case RELU: return y <= 0 ? all(0) : all(1);
    case SOFTPLUS: return x > SOFTPLUS_END ? all(1) : sigmoid_of(x);
    case ELU: return x > 0 ? all(1) : y + (real)1;
    case GELU: {
      Normal normal = normal_of(x);
      return normal.below + x * normal.density;
    }
    case SELU: return x > 0 ? all(SELU_SCALE) : y + SELU_ALPHA * SELU_SCALE;
    case SILU: {
      vector s = sigmoid_of(x);
      return s + s * x * ((real)1 - s);
    }
    case LEAKY_RELU: return x > 0 ? all(1) : all(LEAK);
    default: return all(1);
  }
}

// Fewer numbers than a vector has, the others 0
INLINE vector load_part(const real *from, int64_t n) {
  real part[LANES] = {};
  memcpy(part, from, n * sizeof(real));
  return load(part);
}
INLINE void store_part(real *to, vector x, int64_t n) { memcpy(to, &x, n * sizeof(real)); }

// x, y: [n], may be the same
template <int kind> static void activate_each(const real *x, real *y, int64_t n) {
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES) store(y + i, activate<kind>(load(x + i)));
  if (i < n) store_part(y + i, activate<kind>(load_part(x + i, n - i)), n - i);
}
// x, y, gradient: [n]; gradient *= slope
template <int kind>
static void slope_each(const real *x, const real *y, real *gradient, int64_t n) {
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    vector slope = activation_slope<kind>(load(x + i), load(y + i));
    store(gradient + i, load(gradient + i) * slope);
  }
  if (i == n) return;
  vector slope = activation_slope<kind>(load_part(x + i, n - i), load_part(y + i, n - i));
  store_part(gradient + i, load_part(gradient + i, n - i) * slope, n - i);
}

#define EACH_ACTIVATION(call) \
  switch (kind) {             \
    call(IDENTITY) call(SIGMOID) call(TANH) call(RELU) call(SOFTPLUS) \
    call(ELU) call(GELU) call(SELU) call(SILU) call(LEAKY_RELU)        \
  }
static void activate_all(int64_t kind, const real *x, real *y, int64_t n) {
#define CASE(name) case name: return activate_each<name>(x, y, n);
  EACH_ACTIVATION(CASE)
#undef CASE
}
static void slope_all(int64_t kind, const real *x, const real *y, real *gradient, int64_t n) {
#define CASE(name) case name: return slope_each<name>(x, y, gradient, n);
  EACH_ACTIVATION(CASE)
#undef CASE
}
#undef EACH_ACTIVATION
