"""Recurrent networks step by step in NumPy, as docs/networks.md writes them."""

import numpy as np
from scipy.special import erf, expit

ACTIVATIONS = {
    "identity": lambda x: x,
    "logistic": expit,
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "softplus": lambda x: np.logaddexp(0, x),
    "elu": lambda x: np.where(x > 0, x, np.expm1(x)),
    "gelu": lambda x: x * (1 + erf(x / np.sqrt(2))) / 2,
    "selu": lambda x: (
        1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x))
    ),
    "silu": lambda x: x * expit(x),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.01 * x),
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
}


def normalised(x, gain, bias=0.0):
    return gain * (x - x.mean()) / np.sqrt(x.var() + 1e-5) + bias


def layer_states(w, x, options, mask=None, keep=None):
    """Hidden states (time, units) of one direction for one sequence x.

    ``w`` holds the weights of the layer by name, ``mask`` the factors of recurrent
    dropout, and ``keep[t]`` which values of each state are left as they were.
    """
    step = {"rnn": rnn_step, "gru": gru_step, "lstm": lstm_step}[options["cell"]]
    n_hidden = (
        w["weight_ih_l0"].shape[0] // {"rnn": 1, "gru": 3, "lstm": 4}[options["cell"]]
    )
    h, c = np.zeros(w["weight_hh_l0"].shape[1]), np.zeros(n_hidden)
    rate = options.get("zoneout", 0.0)
    states = []
    for t, row in enumerate(x):
        seen = h if mask is None else h * mask
        new_h, new_c = step(w, row, seen, h, c, options)
        if keep is not None:
            new_h = np.where(keep[t][0], h, new_h)
            new_c = np.where(keep[t][1], c, new_c)
        else:
            new_h, new_c = rate * h + (1 - rate) * new_h, rate * c + (1 - rate) * new_c
        h, c = new_h, new_c
        states.append(h)
    return np.array(states)


def rnn_step(w, x, seen, h, c, options):
    activation = ACTIVATIONS[options.get("activation", "tanh")]
    bias = w["bias_ih_l0"] + w.get("bias_hh_l0", 0.0)
    total = w["weight_ih_l0"] @ x + w["weight_hh_l0"] @ seen
    if options.get("layer_norm"):
        return activation(normalised(total, w["norms.sum.weight"]) + bias), c
    return activation(total + bias), c


def gru_step(w, x, seen, h, c, options):
    activation = ACTIVATIONS[options.get("activation", "tanh")]
    gate = ACTIVATIONS[options.get("recurrent_activation", "logistic")]
    wr, wz, wn = np.split(w["weight_ih_l0"], 3)
    ur, uz, un = np.split(w["weight_hh_l0"], 3)
    br, bz, bn = np.split(w["bias_ih_l0"], 3)
    dr, dz, dn = np.split(w.get("bias_hh_l0", np.zeros(len(w["bias_ih_l0"]))), 3)
    given = np.concatenate([wr @ x, wz @ x])
    recurrent = np.concatenate([ur @ seen, uz @ seen])
    candidate = wn @ x
    if options.get("layer_norm"):
        given = normalised(given, w["norms.input.weight"])
        recurrent = normalised(recurrent, w["norms.state.weight"])
        candidate = normalised(candidate, w["norms.input_candidate.weight"])
    total = given + recurrent + np.concatenate([br + dr, bz + dz])
    r, z = np.split(gate(total), 2)
    reset_after = options.get("reset_after", True)
    product = un @ (seen if reset_after else r * seen)
    if options.get("layer_norm"):
        product = normalised(product, w["norms.state_candidate.weight"])
    product = product + dn
    n = activation(candidate + bn + (r * product if reset_after else product))
    return (1 - z) * n + z * h, c


def lstm_step(w, x, seen, h, c, options):
    activation = ACTIVATIONS[options.get("activation", "tanh")]
    gate = ACTIVATIONS[options.get("recurrent_activation", "logistic")]
    given, recurrent = w["weight_ih_l0"] @ x, w["weight_hh_l0"] @ seen
    if options.get("layer_norm"):
        given = normalised(given, w["norms.input.weight"])
        recurrent = normalised(recurrent, w["norms.state.weight"])
    total = given + recurrent + w["bias_ih_l0"] + w.get("bias_hh_l0", 0.0)
    i, f, g, o = np.split(total, 4)
    peephole = w.get("peephole", np.zeros((3, len(c))))
    new_c = gate(f + peephole[1] * c) * c + gate(i + peephole[0] * c) * activation(g)
    shown = new_c
    if options.get("layer_norm"):
        shown = normalised(new_c, w["norms.cell.weight"], w["norms.cell.bias"])
    new_h = gate(o + peephole[2] * new_c) * activation(shown)
    if "weight_hr_l0" in w:
        new_h = w["weight_hr_l0"] @ new_h
    return new_h, new_c


def convolved(w, norm, x, stride, dilation, options):
    """One convolution of x (time, feature), one output value after the other.

    ``norm`` holds the weights and running figures of a batch norm, if there is one.
    """
    weight = w["weight"]  # (filter, feature, kernel)
    n_filters, _, k = weight.shape
    bias, padding = w.get("bias", np.zeros(n_filters)), options["conv_padding"]
    span = (k - 1) * dilation + 1
    if padding == "valid":
        starts = range(len(x) - span + 1)
    else:  # a span that ends with its block, or has it in its middle
        room = {"causal": span - stride, "same": (span - stride) // 2}[padding]
        starts = range(-room, len(x) - room, stride)
    steps = []
    for start in starts:
        seen = np.zeros((k, x.shape[1]))
        for i in range(k):
            if 0 <= start + i * dilation < len(x):
                seen[i] = x[start + i * dilation]
        steps.append([(weight[f] * seen.T).sum() + bias[f] for f in range(n_filters)])
    steps = np.array(steps)
    if norm:
        steps = (steps - norm["running_mean"]) / np.sqrt(norm["running_var"] + 1e-5)
        steps = norm["weight"] * steps + norm["bias"]
    return ACTIVATIONS[options.get("conv_activation", "relu")](steps)


def largest_of_blocks(x, size):
    return np.array([x[i : i + size].max(axis=0) for i in range(0, len(x), size)])


def network_output(weights, x, n_layers, options):
    """Output for one sequence x (time, feature); ``weights`` is a state dict."""

    def under(prefix):
        return {
            name.removeprefix(prefix): value
            for name, value in weights.items()
            if name.startswith(prefix)
        }

    for i in range(len(options.get("conv_filters", ()))):
        names = "conv_strides", "conv_dilation"
        numbers = [options.get(name, 1) for name in names]
        numbers = [n if isinstance(n, int) else n[i] for n in numbers]
        w, norm = (under(f"convolutions.{part}.{i}.") for part in ("layers", "norms"))
        x = convolved(w, norm, x, *numbers, options)
    front = x
    x = largest_of_blocks(x, options.get("conv_pool_size", 1))
    for i in range(n_layers):
        read = x
        forward = layer_states(under(f"layers.{i}.forward_in_time."), x, options)
        ways = [forward]
        if options.get("bidirectional"):
            w = under(f"layers.{i}.backward_in_time.")
            ways.append(layer_states(w, x[::-1], options)[::-1])
        if i and options.get("residual"):
            shares = np.split(read, len(ways), axis=1)
            ways = [way + share for way, share in zip(ways, shares, strict=True)]
        x = merged(ways, options)
    last = merged([ways[0][-1], *[way[0] for way in ways[1:]]], options)
    ways = {
        "last": lambda: last,
        "mean": lambda: x.mean(axis=0),
        "max": lambda: x.max(axis=0),
        "attention": lambda: attended(under("attention."), x),
    }
    names = np.atleast_1d(options.get("pooling", "last"))
    pooled = [ways[name]() for name in names]
    for name in np.atleast_1d(options.get("conv_pooling", ())):
        pooled.append({"mean": front.mean, "max": front.max}[name](axis=0))
    pooled = np.concatenate(pooled)
    return weights["head.weight"] @ pooled + weights["head.bias"]


def merged(ways, options):
    if len(ways) == 1:
        return ways[0]
    a, b = ways
    return {
        "concat": lambda: np.concatenate([a, b], axis=-1),
        "sum": lambda: a + b,
        "mul": lambda: a * b,
        "ave": lambda: (a + b) / 2,
    }[options.get("merge_mode", "concat")]()


def attended(w, x):
    scores = [
        (w["score.weight"] @ np.tanh(w["hidden.weight"] @ h + w["hidden.bias"]))[0]
        for h in x
    ]
    shares = np.exp(scores) / np.exp(scores).sum()
    return sum(share * h for share, h in zip(shares, x, strict=True))
