// Errors of the engine's tanh, sigmoid, exp and asinh: over all 2^32 floats against libm in double
// (4 minutes of one core), or over 10^7 doubles against libm in long double.
//
//   g++ -O2 -DREAL=float tests/benchmarks/function_errors.cpp -o function_errors -ldl
//   ./function_errors skrnn/engine/libraries/engine_*_float32.so
//
// Prints for each library and function the largest absolute error, the largest error in
// units of the last place (of normal results), and how many results are not allowed: a NaN
// or infinity lost or made, a result out of bounds, f(-x) other than -f(x) of tanh and asinh.
#include <dlfcn.h>
#include <limits>
#include <math.h>
#include <random>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <vector>

#ifndef REAL
#define REAL float
#endif
typedef REAL real;
typedef std::conditional<sizeof(real) == 4, double, long double>::type wide;
typedef std::conditional<sizeof(real) == 4, uint32_t, uint64_t>::type bits;
typedef void (*Call)(int64_t kind, const real *x, real *y, int64_t n);
const int64_t CHUNK = 4096;

wide logistic(wide x) { return 1 / (1 + std::exp(-x)); }
wide tanh_(wide x) { return std::tanh(x); }
wide exp_(wide x) { return std::exp(x); }
wide asinh_(wide x) { return std::asinh(std::max<wide>(-1e18, std::min<wide>(1e18, x))); }
const struct {
  const char *name;
  int64_t kind;
  wide (*exact)(wide);
  real low, high;
} FUNCTIONS[] = {{"sigmoid", 1, logistic, 0, 1}, {"tanh", 2, tanh_, -1, 1},
                 {"exp", 10, exp_, 0, INFINITY},
                 {"asinh", 11, asinh_, -INFINITY, INFINITY}};
const int N_FUNCTIONS = sizeof(FUNCTIONS) / sizeof(*FUNCTIONS);

struct Errors {
  double absolute = 0, ulp = 0;
  int64_t not_allowed = 0;
};

void look_at(Errors &errors, int f, real x, real y, real mirrored, wide exact) {
  real rounded = exact;
  bool bad = (y != y) != (x != x) || (!isinf(y)) != (!isinf(rounded)) ||
             y < FUNCTIONS[f].low || y > FUNCTIONS[f].high || (f % 2 && x == x && mirrored != -y);
  errors.not_allowed += bad;
  if (bad || x != x || isinf(rounded)) return;
  double difference = std::fabs(y - exact), size = std::fabs(rounded);
  if (f < 2) errors.absolute = std::max(errors.absolute, difference);
  if (size < std::numeric_limits<real>::min()) return;
  int exponent;
  frexp(size, &exponent);
  const int digits = std::numeric_limits<real>::digits;
  errors.ulp = std::max(errors.ulp, ldexp(difference, digits - exponent));
}

int main(int n_libraries, char **paths) {
  std::vector<Call> calls;
  for (int k = 1; k < n_libraries; k++)
    calls.push_back((Call)dlsym(dlopen(paths[k], RTLD_NOW), "skrnn_function"));
  std::vector<Errors> errors(calls.size() * N_FUNCTIONS);
  std::mt19937_64 random(0);
  std::uniform_real_distribution<real> even(-1, 1);
  const real limits[] = {1, 10, 40, 800};
  const int64_t n = sizeof(real) == 4 ? (int64_t)1 << 32 : 10000 * 1024;
  real x[CHUNK], minus_x[CHUNK], y[CHUNK], mirrored[CHUNK];
  wide exact[CHUNK];
  for (int64_t start = 0; start < n; start += CHUNK) {
    for (int64_t i = 0; i < CHUNK; i++) {
      bits pattern = sizeof(real) == 4 ? start + i : random();
      memcpy(x + i, &pattern, sizeof(real));
      if (sizeof(real) == 8 && i % 5) x[i] = limits[i % 5 - 1] * even(random);
      minus_x[i] = -x[i];
    }
    for (int f = 0; f < N_FUNCTIONS; f++) {
      for (int64_t i = 0; i < CHUNK; i++) exact[i] = FUNCTIONS[f].exact(x[i]);
      for (size_t k = 0; k < calls.size(); k++) {
        calls[k](FUNCTIONS[f].kind, x, y, CHUNK);
        if (f % 2) calls[k](FUNCTIONS[f].kind, minus_x, mirrored, CHUNK);
        for (int64_t i = 0; i < CHUNK; i++)
          look_at(errors[k * N_FUNCTIONS + f], f, x[i], y[i], mirrored[i], exact[i]);
      }
    }
  }
  for (size_t k = 0; k < calls.size(); k++)
    for (int f = 0; f < N_FUNCTIONS; f++) {
      const Errors &e = errors[k * N_FUNCTIONS + f];
      printf("%s %s: absolute %.3g, %.2f ulp, %lld not allowed\n", paths[k + 1],
             FUNCTIONS[f].name, e.absolute, e.ulp, (long long)e.not_allowed);
    }
}
