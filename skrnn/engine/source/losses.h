// Losses of a block, and their slopes. The same definitions as skrnn/modules/_losses.py.
#pragma once
#include "functions.h"

enum LossKind { SQUARED_ERROR, ABSOLUTE_ERROR, HUBER, POISSON, QUANTILE, SOFTMAX, LOGISTIC };

struct Loss {
  int64_t kind;
  double quantile, label_smoothing;
  int64_t clips;           // probabilities in the loss that is reported, as scikit-learn does
  int64_t is_sum;          // over the outputs; else the mean
  int64_t reports_mean;    // even if the sum is minimised
};

// Loss and slope of one value (raw output, target).
INLINE void point_loss(const Loss &loss, real raw, real y, double &value, real &slope) {
  real error = raw - y, size = error < 0 ? -error : error;
  real sign = error > 0 ? 1 : error < 0 ? -1 : error;  // NaN stays NaN
  switch (loss.kind) {
    case ABSOLUTE_ERROR:
      value = size;
      slope = sign;
      return;
    case HUBER:
      value = size <= 1 ? (real)0.5 * error * error : size - (real)0.5;
      slope = size <= 1 ? error : sign;
      return;
    case POISSON: {  // half the deviance; raw is the logarithm of the mean
      real mean = sizeof(real) == 4 ? expf(raw) : exp(raw);
      value = (y > 0 ? y * log(y) : 0) - y * raw - y + mean;
      slope = mean - y;
      return;
    }
    case QUANTILE: {
      real q = (real)loss.quantile;
      value = error < 0 ? -q * error : (1 - q) * error;
      slope = (real)0.5 * (sign + 1) - q;
      return;
    }
    default:
      value = (real)0.5 * error * error;
      slope = error;
  }
}

INLINE double clipped(double p) {
  const double least = sizeof(real) == 4 ? 1.1920928955078125e-07 : 2.220446049250313e-16;
  return p < least ? least : p > 1 - least ? 1 - least : p;
}

INLINE real smoothed(const Loss &loss, real y, int64_t n_classes) {
  double share = loss.label_smoothing;
  return share ? (real)(y * (1 - share) + share / n_classes) : y;
}

// Cross-entropy of one sample over O classes: raw and y (O, B), here the column of the sample.
INLINE double softmax_loss(const Loss &loss, const real *raw, const real *y, real *slopes,
                           int64_t O, int64_t B) {
  real largest = raw[0];
  for (int64_t o = 1; o < O; o++) largest = raw[o * B] > largest ? raw[o * B] : largest;
  double total = 0, value = 0;
  for (int64_t o = 0; o < O; o++) {
    real e = sizeof(real) == 4 ? expf(raw[o * B] - largest) : exp(raw[o * B] - largest);
    slopes[o * B] = e;
    total += e;
  }
  double logarithm = loss.clips ? 0 : log(total);
  for (int64_t o = 0; o < O; o++) {
    real target = smoothed(loss, y[o * B], O);
    double p = slopes[o * B] / total;
    slopes[o * B] = (real)(p - target);
    if (target != 0)
      value -= target * (loss.clips ? log(clipped(p)) : raw[o * B] - largest - logarithm);
  }
  return value;
}

INLINE double logistic_loss(const Loss &loss, real raw, real y, real &slope) {
  real target = smoothed(loss, y, 2), size = raw < 0 ? -raw : raw;
  double e = sizeof(real) == 4 ? expf(-size) : exp(-size);
  double p = raw < 0 ? e / (1 + e) : 1 / (1 + e);
  slope = (real)(p - target);
  if (loss.clips) return -target * log(clipped(p)) - (1 - target) * log1p(-clipped(p));
  return (raw > 0 ? raw : (real)0) - raw * target + log1p(e);
}

// raw and y (O, B), weights (B,) -> slopes (O, B) times the weights, and the weighted sum of the
// losses that are reported. Lanes from count on have the weight zero.
static double losses_of(const Loss &loss, const real *raw, const real *y, const real *weights,
                        real *slopes, int64_t O, int64_t B, int64_t count) {
  double total = 0;
  for (int64_t o = 0; o < O; o++)
    for (int64_t b = count; b < B; b++) slopes[o * B + b] = 0;
  if (loss.kind == SOFTMAX) {
    for (int64_t b = 0; b < count; b++) {
      total += weights[b] * softmax_loss(loss, raw + b, y + b, slopes + b, O, B);
      for (int64_t o = 0; o < O; o++) slopes[o * B + b] *= weights[b];
    }
    return total;
  }
  double share = loss.is_sum && !loss.reports_mean ? 1 : 1.0 / O;
  if (loss.kind == LOGISTIC) share = 1;
  real scale = loss.is_sum || loss.kind == LOGISTIC ? (real)1 : (real)1 / O;
  for (int64_t o = 0; o < O; o++)
    for (int64_t b = 0; b < count; b++) {
      int64_t at = o * B + b;
      double value;
      real slope;
      if (loss.kind == LOGISTIC) value = logistic_loss(loss, raw[at], y[at], slope);
      else point_loss(loss, raw[at], y[at], value, slope);
      total += share * weights[b] * value;
      slopes[at] = slope * (weights[b] * scale);
    }
  return total;
}
