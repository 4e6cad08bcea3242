// One step of a solver on all weights, with scikit-learn's penalty and the limit of the norm.
// Sources: D. Kingma and J. Ba, 2015, https://arxiv.org/abs/1412.6980 (Adam);
// I. Loshchilov and F. Hutter, 2019, https://arxiv.org/abs/1711.05101 (AdamW).
#pragma once
#include "vectors.h"

enum SolverKind { NO_STEP, ADAM, ADAMW, SGD };

struct Solver {
  int64_t kind;
  double beta_1, beta_2, epsilon, decay;  // decay of AdamW
  int64_t corrects_epsilon;  // epsilon is added before the correction of the bias, as scikit-learn
  double momentum;
  int64_t is_nesterov, rescales;  // the velocity, if the rate has changed, as scikit-learn
  double alpha, max_norm;         // of the penalty; of the gradient (0: no limit)
  int64_t n_steps;                // before this call
  double last_rate;               // of the step before; 0 if there was none
  real *const *first;             // (n_weights) exp_avg, or the velocity
  real *const *second;            // exp_avg_sq
};

struct Weights {
  int64_t n;
  real *const *values;      // torch's own tensors
  const int64_t *counts;    // numbers in each
  const int64_t *decays;    // whether the penalty includes it
};

static double squares_of(const real *values, int64_t n) {
  vector squares = {};
  int64_t k = 0;
  for (; k + LANES <= n; k += LANES) squares += load(values + k) * load(values + k);
  double total = sum_of(squares);
  for (; k < n; k++) total += values[k] * values[k];
  return total;
}

// Adds the gradient of the penalty strength / 2 * sum(W**2); returns the penalty.
static double penalise(const Weights &w, real *const *gradients, double strength) {
  double total = 0;
  if (!strength) return 0;
  for (int64_t i = 0; i < w.n; i++) {
    if (!w.decays[i]) continue;
    const real *values = w.values[i];
    real *__restrict gradient = gradients[i], factor = (real)strength;
    for (int64_t k = 0; k < w.counts[i]; k++) gradient[k] += factor * values[k];
    total += squares_of(values, w.counts[i]);
  }
  return 0.5 * strength * total;
}

// Scales the gradients if their norm is above the limit, as torch's clip_grad_norm_.
static void limit_norm(const Weights &w, real *const *gradients, double max_norm) {
  double total = 0;
  for (int64_t i = 0; i < w.n; i++) total += squares_of(gradients[i], w.counts[i]);
  double factor = max_norm / (sqrt(total) + 1e-6);
  if (factor >= 1) return;
  for (int64_t i = 0; i < w.n; i++)
    for (int64_t k = 0; k < w.counts[i]; k++) gradients[i][k] *= (real)factor;
}

static void adam_step(const Weights &w, const Solver &s, real *const *gradients, double rate,
                      int64_t n_steps) {
  double correction = sqrt(1 - pow(s.beta_2, (double)n_steps));
  real step = (real)(rate / (1 - pow(s.beta_1, (double)n_steps))), root = (real)(1 / correction);
  real epsilon = (real)(s.corrects_epsilon ? s.epsilon / correction : s.epsilon);
  real b1 = (real)s.beta_1, b2 = (real)s.beta_2, c1 = (real)(1 - s.beta_1), c2 = (real)(1 - s.beta_2);
  real keep = (real)(s.kind == ADAMW ? 1 - rate * s.decay : 1);
  for (int64_t i = 0; i < w.n; i++) {
    real *__restrict values = w.values[i], *__restrict m = s.first[i], *__restrict v = s.second[i];
    const real *__restrict g = gradients[i];
    for (int64_t k = 0; k < w.counts[i]; k++) {
      m[k] = b1 * m[k] + c1 * g[k];
      v[k] = b2 * v[k] + c2 * g[k] * g[k];
      real size = sizeof(real) == 4 ? sqrtf(v[k]) : sqrt(v[k]);
      values[k] = keep * values[k] - step * m[k] / (size * root + epsilon);
    }
  }
}

static void sgd_step(const Weights &w, const Solver &s, real *const *gradients, double rate,
                     double last_rate, bool is_first) {
  real momentum = (real)s.momentum, step = (real)rate;
  if (s.rescales && last_rate > 0 && rate > 0) momentum = (real)(s.momentum * last_rate / rate);
  for (int64_t i = 0; i < w.n; i++) {
    real *__restrict values = w.values[i];
    const real *__restrict g = gradients[i];
    if (!s.momentum) {
      for (int64_t k = 0; k < w.counts[i]; k++) values[k] -= step * g[k];
      continue;
    }
    real *__restrict velocity = s.first[i], kept = is_first ? 0 : momentum;
    real own = s.is_nesterov ? 1 : 0, follow = s.is_nesterov ? (real)s.momentum : 1;
    for (int64_t k = 0; k < w.counts[i]; k++) {
      velocity[k] = kept * velocity[k] + g[k];
      values[k] -= step * (own * g[k] + follow * velocity[k]);
    }
  }
}

// A step with the gradients, which are changed. batch counts from 0 in this call.
static void take_step(const Weights &w, const Solver &s, real *const *gradients, const double *rates,
                      int64_t batch) {
  if (s.max_norm > 0) limit_norm(w, gradients, s.max_norm);
  double rate = rates[batch], last_rate = s.last_rate;
  for (int64_t i = batch - 1; i >= 0; i--)
    if (rates[i] > 0) {
      last_rate = rates[i];
      break;
    }
  if (s.kind == SGD) sgd_step(w, s, gradients, rate, last_rate, s.n_steps + batch == 0);
  else if (s.kind != NO_STEP) adam_step(w, s, gradients, rate, s.n_steps + batch + 1);
}
