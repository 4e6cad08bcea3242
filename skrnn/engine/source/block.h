// A block of samples through a whole network, and back.
#pragma once
#include "network.h"

template <int NV> struct Pass {
  static constexpr int64_t B = NV * LANES;
  Network &n;
  const Samples &samples;
  Block block;
  bool trains;
  int64_t batch;  // how many batches came before in this call: masks count on
  Steps steps;      // that the layers read; those of the samples until read() has been called
  int64_t longest;  // of the batch in such steps: flat indices of masks count with it
  const real *front = nullptr;  // (T, F, B) the last convolution's output
  Steps front_steps;

  Pass(Network &n, const Samples &s, const Block &b, bool trains, int64_t batch)
      : n(n), samples(s), block(b), trains(trains), batch(batch), longest(b.longest) {
    steps.T = 0, steps.shortest = INT64_MAX, steps.lengths = n.lengths;
    for (int64_t lane = 0; lane < block.count; lane++) {
      int64_t length = s.length_of(block.sample(lane));
      if (length > steps.T) steps.T = length;
      if (length < steps.shortest) steps.shortest = length;
    }
  }

  // Masks of values (T, W, B) of the padded batch (sample, step, W), or (W, B) of (sample, W).
  void drop_steps(const Dropout &d, int64_t which, real *values, int64_t W) {
    Draw draw(d, which);
    for (int64_t t = 0; t < steps.T; t++)
      drop(values + t * W * B, draw, W, B, (block.in_batch * longest + t) * W, longest * W);
  }
  void drop_pooled(real *values, int64_t W) {
    int64_t which = (batch + 1) * n.n_draws() - 1;
    drop(values, Draw(n.parts.dropout, which), W, B, block.in_batch * W, W);
  }
  bool drops_inputs() { return trains && n.parts.input_dropout.p > 0; }
  bool drops() { return trains && n.parts.dropout.p > 0; }

  const real *read() {
    const Parts &p = n.parts;
    real *x = n.x + (p.n_convolutions ? p.n_backs[0] * p.width() * B : 0);
    gather<B>(samples, block, steps.T, x, n.lengths);
    squash_steps<B>(p.squash, steps.T, p.n_features, x);
    normalise<B>(p.inputs, steps.T, p.n_features, n.lengths, x);
    add_changes<B>(p.changes, steps.T, p.n_features, n.lengths, x);
    if (drops_inputs()) drop_steps(p.input_dropout, batch, x, p.width());
    for (int64_t i = 0; i < p.n_convolutions; i++) {
      Convolution &c = n.convolutions[i];
      convolution_forward<NV>(c, steps, block.count, trains);
      steps = c.steps, longest = c.n_steps(longest);
      x = c.template y<NV>();
    }
    front = x, front_steps = steps;
    if (!p.pools_front()) return x;
    max_blocks<NV>(front_steps, p.pool_size, front, p.front_width(), n.blocks);
    for (int64_t b = 0; b < B; b++)
      n.block_lengths[b] = (real)blocks_of((int64_t)steps.lengths[b], p.pool_size);
    steps = {blocks_of(steps.T, p.pool_size), blocks_of(steps.shortest, p.pool_size),
             n.block_lengths};
    longest = blocks_of(longest, p.pool_size);
    return n.blocks;
  }

  // What a layer gives to the next one or to the pooling, (T, W, B).
  const real *output(int64_t i) {
    Layer &l = n.layers[i];
    Direction &f = l.directions[0], &r = l.directions[1];
    int64_t plane = f.H * B;
    if (!l.joined) return f.template after<NV>(f.states, 0);
    for (int64_t t = 0; t < steps.T; t++)
      merge(n.parts.merge, f.template after<NV>(f.states, t),
            l.n_directions == 2 ? r.template after<NV>(r.states, t) : nullptr, plane,
            l.joined + t * l.width * B);
    if (drops() && n.drops_between(i))
      drop_steps(n.parts.dropout, batch * n.n_draws() + i, l.joined, l.width);
    return l.joined;
  }

  // What the head reads of the last layer's output x (T, W, B) -> n.pooled (R, B)
  void pool_all(const real *x) {
    const Parts &p = n.parts;
    Layer &top = n.top();
    real *out = n.pooled;
    for (int64_t i = 0; i < p.n_poolings; i++, out += top.width * B)
      if (p.poolings[i] != LAST) pool<NV>(p.poolings[i], steps, x, top.width, out);
      else
        merge(p.merge, last(0), top.n_directions == 2 ? last(1) : nullptr,
              top.directions[0].H * B, out);
    for (int64_t i = 0; i < p.n_front_poolings; i++, out += p.front_width() * B)
      pool<NV>(p.front_poolings[i], front_steps, front, p.front_width(), out);
  }

  const real *last(int k) {
    Direction &d = n.top().directions[k];
    return d.template after<NV>(d.states, k ? 0 : steps.T - 1);
  }

  // -> n.raw (O, B)
  void forward() {
    const Parts &p = n.parts;
    const real *x = read();
    for (int64_t i = 0; i < p.n_layers; i++) {
      Layer &l = n.layers[i];
      l.x = x;
      for (int k = 0; k < l.n_directions; k++)
        recurrent_forward<NV>(p.cell, l.directions[k], steps, x, trains);
      if (i < p.n_layers - 1 || p.reads(false)) x = output(i);
    }
    pool_all(x);
    int64_t R = n.n_read();
    if (drops()) {  // the pooled states without their masks are needed for the way back
      memcpy(n.dpooled, n.pooled, R * B * sizeof(real));
      drop_pooled(n.dpooled, R);
    }
    const real *read_by_head = drops() ? n.dpooled : n.pooled;
    for (int64_t o = 0; o < p.n_outputs; o++)
      for (int v = 0; v < NV; v++) store(n.raw + o * B + v * LANES, all(n.head_bias[o]));
    product<NV>(n.raw, n.packed_head, read_by_head, R, p.n_outputs, true);
  }

  // Slopes of a layer's output (T, W, B) -> those of the states of direction k, and their stride.
  const real *states_of(Layer &l, real *doutput, int k, int64_t &stride) {
    int64_t H = l.directions[0].H;
    stride = l.width * B;
    if (l.n_directions == 1) return doutput;
    if (n.parts.merge == CONCAT) return doutput + k * H * B;
    stride = H * B;
    return l.dstates[k];
  }
  void split(Layer &l, const real *doutput) {
    if (l.n_directions == 1 || n.parts.merge == CONCAT) return;
    Direction &f = l.directions[0], &r = l.directions[1];
    int64_t plane = f.H * B;
    for (int64_t t = 0; t < steps.T; t++)
      unmerge(n.parts.merge, doutput + t * plane, f.template after<NV>(f.states, t),
              r.template after<NV>(r.states, t), plane, l.dstates[0] + t * plane,
              l.dstates[1] + t * plane);
  }

  void head_backward() {
    int64_t O = n.parts.n_outputs, R = n.n_read();
    const real *read_by_head = drops() ? n.dpooled : n.pooled;
    Columns columns[2] = {{read_by_head, R, 0, n.ghead, R}, {n.ones, 1, 0, n.ghead_bias, 1}};
    outer_products<NV>(n.slopes, O, 0, columns, 2, 1);
    product<NV>(n.dpooled, n.back_head, n.slopes, O, R, false);
    if (drops()) drop_pooled(n.dpooled, R);
  }

  // Slope of the joined last states (W, B) -> those of both directions, (H, B) each
  void last_backward(const real *djoined, const real *(&dlast)[2]) {
    Layer &top = n.top();
    int64_t plane = top.directions[0].H * B;
    dlast[0] = djoined;
    dlast[1] = djoined + plane;
    if (top.n_directions == 1 || n.parts.merge == CONCAT) return;
    unmerge(n.parts.merge, djoined, last(0), last(1), plane, top.dlast[0], top.dlast[1]);
    dlast[0] = top.dlast[0];
    dlast[1] = top.dlast[1];
  }

  // n.dpooled (R, B) -> n.doutputs (T, W, B) if a pooling reads all steps, and dlast if one
  // reads the last
  void unpool_all(const real *(&dlast)[2]) {
    const Parts &p = n.parts;
    Layer &top = n.top();
    Direction &d = top.directions[0];
    const real *states = top.joined ? top.joined : d.template after<NV>(d.states, 0);
    bool adds = false;
    for (int64_t i = 0; i < p.n_poolings; i++) {
      int64_t at = i * top.width * B;
      if (p.poolings[i] == LAST) last_backward(n.dpooled + at, dlast);
      else {
        unpool<NV>(p.poolings[i], steps, states, n.pooled + at, n.dpooled + at, top.width,
                   n.doutputs, adds);
        adds = true;
      }
    }
  }

  // dx of the first layer -> slopes of the last convolution, to which its poolings add
  real *front_backward(real *dx) {
    const Parts &p = n.parts;
    int64_t F = p.front_width(), at = n.n_read_of_top() * B;
    if (p.pools_front()) {
      unmax_blocks<NV>(front_steps, p.pool_size, front, n.blocks, dx, F, n.dfront);
      dx = n.dfront;
    }
    for (int64_t i = 0; i < p.n_front_poolings; i++, at += F * B)
      unpool<NV>(p.front_poolings[i], front_steps, front, n.pooled + at, n.dpooled + at, F, dx,
                 true);
    return dx;
  }

  // n.slopes (O, B) -> gradients, added to
  void backward() {
    const Parts &p = n.parts;
    head_backward();
    const real *dlast[2] = {nullptr, nullptr};
    unpool_all(dlast);
    real *doutput = n.doutputs;  // null if the last states alone are read
    for (int64_t i = p.n_layers - 1; i >= 0; i--) {
      Layer &l = n.layers[i];
      bool is_top = i == p.n_layers - 1;
      if (doutput) split(l, doutput);
      for (int k = 0; k < l.n_directions; k++) {
        int64_t stride = 0;
        const real *dstates = doutput ? states_of(l, doutput, k, stride) : nullptr;
        recurrent_backward<NV>(p.cell, l.directions[k], steps, l.x, dstates, stride,
                               is_top ? dlast[k] : nullptr, l.dx, k == 1, n.ones, n.room);
      }
      doutput = l.dx;
      if (i && drops())
        drop_steps(p.dropout, batch * n.n_draws() + i - 1, doutput, l.directions[0].F);
    }
    if (p.n_convolutions) doutput = front_backward(doutput);
    for (int64_t i = p.n_convolutions - 1; i >= 0; i--) {
      Convolution &c = n.convolutions[i];
      convolution_backward<NV>(c, doutput, n.ones);
      if (c.dx) doutput = c.dx + c.n_back * c.C * B;
    }
  }

  double train(const Loss &loss, double share) {
    forward();
    gather_targets(samples, block, B, share, n.y, n.weights);
    double total = losses_of(loss, n.raw, n.y, n.weights, n.slopes, n.parts.n_outputs, B, block.count);
    backward();
    return total;
  }

  // -> out (count, O), from the block's first sample on
  void predict(real *out) {
    forward();
    int64_t O = n.parts.n_outputs;
    for (int64_t b = 0; b < block.count; b++)
      for (int64_t o = 0; o < O; o++) out[b * O + o] = n.raw[o * B + b];
    restore_rows(n.parts.outputs, block.count, O, out);
  }
};

INLINE int64_t block_size(const Network &, int64_t n_left, int64_t, int, int64_t widest) {
  return recurrent_block_size(n_left, widest);
}
static double train_block(Network &n, const Samples &s, const Block &b, const Loss &loss, double share,
                          int64_t batch) {
  int64_t width = vectors_of(b.count);
  if (width == 1) return Pass<1>(n, s, b, true, batch).train(loss, share);
  if (width == 2) return Pass<2>(n, s, b, true, batch).train(loss, share);
  return Pass<WIDEST>(n, s, b, true, batch).train(loss, share);
}
static void predict_block(Network &n, const Samples &s, const Block &b, real *out) {
  int64_t width = vectors_of(b.count);
  if (width == 1) Pass<1>(n, s, b, false, 0).predict(out);
  else if (width == 2) Pass<2>(n, s, b, false, 0).predict(out);
  else Pass<WIDEST>(n, s, b, false, 0).predict(out);
}
