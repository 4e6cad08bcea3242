"""Calls of the engine with random sizes, for libraries that look for faults.

Run it in a process with the sanitizers, see test_faults.py::test_no_fault_is_found, or

    python skrnn/engine/_compile.py --sanitize
    export SKRNN_ENGINE_LIBRARIES=build/engine/sanitized ASAN_OPTIONS=detect_leaks=0
    LD_PRELOAD=$(gcc -print-file-name=libasan.so) python tests/engine/fuzz.py 500

There the working memory begins as NaN, so that results are finite only if all that is
read was written. torch, which would take long to start there, is not imported.
"""

import os
import sys
from pathlib import Path
from types import ModuleType

import numpy as np

ROOT = Path(__file__).parents[2]
if __name__ == "__main__":  # the engine without the other rooms
    house = ModuleType("skrnn")
    house.__path__ = [str(ROOT / "skrnn")]
    sys.modules["skrnn"] = house

# E402: the stand-in for the package above has to be there first
from skrnn.engine import (  # noqa: E402
    ACTIVATIONS,
    POOLINGS,
    Batches,
    ChangesPart,
    CompiledNetwork,
    CompiledStream,
    DenseDescription,
    DropoutPart,
    LayerCall,
    LayerDescription,
    LayerTensors,
    LossPart,
    NormalizationPart,
    RecurrentDescription,
    Samples,
    SolverPart,
    SquashPart,
    _network,
    is_causal,
    library,
    variants,
)
from skrnn.engine._structures import CELLS, LOSSES, MERGE_MODES  # noqa: E402


class Tensor:
    """An array, as the layer of the engine reads tensors of torch."""

    is_cpu = True

    def __init__(self, array):
        self.array = array
        self.shape = array.shape
        self.dtype = "torch.int64" if array.dtype == np.int64 else array.dtype

    def data_ptr(self):
        return self.array.ctypes.data

    def stride(self):
        return tuple(n // self.array.itemsize for n in self.array.strides)

    def element_size(self):
        return self.array.itemsize

    def is_contiguous(self):
        return self.array.flags.c_contiguous


class Fuzz:
    """Random calls."""

    def __init__(self, seed, dtype):
        self.rng = np.random.default_rng(seed)
        self.dtype = dtype

    def integer(self, most, least=1):
        """Often one of the two, and small."""
        kind = self.rng.integers(4)
        if kind < 2:
            return [least, most][kind]
        return int(self.rng.integers(least, max(least, most // (kind - 1)) + 1))

    def choice(self, values):
        return values[self.rng.integers(len(values))]

    def sizes(self, most_layers, most, least=1):
        return tuple(
            self.integer(most) for _ in range(self.integer(most_layers, least))
        )

    def values(self, *shape):
        return self.rng.normal(size=shape).astype(self.dtype)

    def poolings(self):
        n = self.rng.integers(1, len(POOLINGS) + 1)
        return tuple(self.rng.permutation(POOLINGS)[:n].tolist())

    def recurrent(self):
        filters = self.sizes(3, 20, 0)
        sizes = tuple(self.integer(9) for _ in filters)
        strides = tuple(self.choice([1, self.integer(size)]) for size in sizes)
        dilations = tuple(self.choice([1, self.integer(4)]) for _ in filters)
        spans = ((n - 1) * d + 1 for n, d in zip(sizes, dilations, strict=True))
        backs = tuple(
            self.choice([span - stride, (span - stride) // 2, 0])
            for span, stride in zip(spans, strides, strict=True)
        )
        fronts = self.poolings(), (), ()
        front_poolings = tuple(name for name in self.choice(fronts) if name != "last")
        return RecurrentDescription(
            self.choice(CELLS),
            self.integer(9),
            self.sizes(3, 35),
            self.integer(9),
            bidirectional=self.choice([False, True]),
            merge_mode=self.choice(MERGE_MODES),
            poolings=self.poolings(),
            conv_filters=filters,
            conv_kernel_sizes=sizes,
            conv_strides=strides,
            conv_dilations=dilations,
            n_backs=backs,
            has_norms=bool(filters) and self.choice([False, True]),
            front_poolings=front_poolings if filters else (),
            pool_size=self.choice([1, 1, self.integer(6)]) if filters else 1,
            conv_activation=self.choice(ACTIVATIONS),
            reads_changes=self.choice([False, True]),
        )

    def dense(self, n_inputs):
        sizes = self.sizes(4, 70)
        return DenseDescription(n_inputs, sizes, self.choice(ACTIVATIONS))

    def samples(self, n_features, n_outputs, n_steps, loss):
        """Windows of which some touch the first and the last row."""
        n = self.integer(140)
        n_rows = n_steps + self.integer(300, 0)
        lengths = np.full(n, n_steps)
        if self.choice([False, True]):
            lengths = self.rng.integers(1, n_steps + 1, n)
        moves = loss in ("squared_error", "huber") and self.choice([False, True])
        n_ahead = n_outputs if moves and n_outputs < n_rows else 0
        lengths = np.minimum(lengths, n_rows - n_ahead)
        starts = self.rng.integers(0, n_rows - n_ahead - lengths + 1)
        starts[-1], starts[0] = 0, n_rows - n_ahead - lengths[0]
        rows = self.values(n_rows, n_features)
        options = {"targets": self.targets(n, n_outputs, loss)}
        if n_ahead:
            n_moved = self.integer(n_features)
            options = {
                "center": self.values(n, n_moved),
                "scale": 1 + abs(self.values(n, n_moved)),
                "targets": rows,
                "target_starts": starts + lengths,
                "n_target_steps": n_outputs,
                "n_target_columns": 1,
            }
        if self.choice([False, True]):
            options["weights"] = abs(self.values(n)) * self.rng.integers(0, 2, n)
            options["weights"] = options["weights"].astype(self.dtype)
        return Samples(rows, starts, lengths, **options)

    def targets(self, n, n_outputs, loss):
        y = self.values(n, n_outputs)
        if loss == "softmax":
            y = np.eye(n_outputs)[self.rng.integers(0, n_outputs, n)]
        if loss in ("poisson", "logistic"):
            y = self.rng.integers(0, 2, (n, n_outputs))
        return y.astype(self.dtype)

    def batches(self, n_samples):
        """Some of the samples, in any order, or those of which there is none."""
        order = None if self.choice([False, True]) else self.rng.permutation(n_samples)
        if order is not None and self.choice([False, True]):
            order = self.rng.integers(0, n_samples, self.integer(n_samples))
        n_places = n_samples if order is None else len(order)
        cuts = np.unique(self.rng.integers(0, n_places + 1, self.integer(5)))
        firsts, sizes = cuts[:-1], np.diff(cuts)
        n = len(sizes)
        return Batches(order, firsts, sizes, np.ones(n), self.rng.uniform(0, 0.01, n))

    def solver(self, shapes):
        name = self.choice(["none", "adam", "adamw", "sgd"])
        return SolverPart(
            name,
            momentum=self.choice([0.0, 0.9]) if name == "sgd" else 0.0,
            is_nesterov=self.choice([False, True]),
            rescales=self.choice([False, True]),
            max_norm=self.choice([0.0, 1.0]),
            alpha=self.choice([0.0, 0.1]),
            first=[np.zeros(shape, self.dtype) for shape in shapes],
            second=[np.zeros(shape, self.dtype) for shape in shapes],
        )

    def network(self):
        """A network, its samples, and the loss that they are for."""
        loss = self.choice(LOSSES)
        n_steps, n_features = self.integer(14), self.integer(9)
        if self.choice([False, True]):
            description = self.recurrent()
            n_features = description.n_features
        else:
            description = self.dense(n_steps * n_features)
        samples = self.samples(n_features, description.n_outputs, n_steps, loss)
        weights = [
            (self.values(*shape) / (2 * shape[-1] ** 0.5)).astype(self.dtype)
            for shape in description.shapes
        ]
        network = CompiledNetwork(description, weights, **self.figures(description))
        return network, weights, samples, loss

    def figures(self, description):
        """Normalisations of a network, if it can have any and chance says so."""
        if not isinstance(description, RecurrentDescription):
            return {}
        sizes = {"inputs": description.n_features, "outputs": description.n_outputs}
        found = {
            name: NormalizationPart(self.values(n), 1 + np.abs(self.values(n)))
            for name, n in sizes.items()
            if self.choice([False, True])
        }
        if "inputs" in found and self.choice([False, True]):
            scale = np.maximum(self.values(description.n_features), 0)
            found["squash"] = SquashPart(self.values(description.n_features), scale)
        if description.reads_changes:
            scale, low, high = np.abs(self.values(3, description.n_features))
            found["changes"] = ChangesPart(1 + scale, -low, high)
        if description.has_norms:
            kinds = [(self.values(n), self.values(n)) for n in description.conv_filters]
            found["running"] = [part for m, s in kinds for part in (m, np.abs(s))]
        return found

    def tensor(self, *shape):
        """Values at any strides, up to the last byte of their memory."""
        order = self.rng.permutation(len(shape))
        steps = self.rng.integers(1, 3, len(shape))
        held = self.values(*(np.array(shape) * steps)[order])
        held = held.transpose(np.argsort(order))
        return Tensor(held[tuple(slice(step - 1, None, step) for step in steps)])

    def layer(self):
        """One recurrent layer, forward and back."""
        n, n_steps, n_features, n_units = (self.integer(m) for m in (140, 14, 9, 35))
        n_ways = self.choice([1, 2])
        cell = self.choice(CELLS)
        description = LayerDescription(cell, n_features, n_units, n_ways)
        weights = [
            Tensor((self.values(*shape) / (2 * shape[-1] ** 0.5)).astype(self.dtype))
            for shape in description.shapes
        ]
        lengths = None
        if self.choice([False, True]):
            lengths = Tensor(np.sort(self.rng.integers(0, n_steps + 1, n))[::-1].copy())
        state = n_ways, n, n_units
        has_cells = cell == "lstm"

        def tensors(has_first):
            h_first, c_first, h_last, c_last = (self.tensor(*state) for _ in range(4))
            return LayerTensors(
                self.tensor(n, n_steps, n_features),
                h_first if has_first else None,
                c_first if has_first and has_cells else None,
                self.choice([None, h_last]),
                self.choice([None, c_last]) if has_cells else None,
                self.choice([None, self.tensor(n, n_steps, n_ways * n_units)]),
            )

        has_first = self.choice([False, True])
        given = tensors(has_first)
        found = library(np.dtype(self.dtype).name)
        call = LayerCall(found, description, weights, given, lengths)
        call.forward()
        kept = Tensor(np.full(max(call.n_bytes(), 2**12), 255, "u1"))
        call.forward(kept)
        gradients = [Tensor(np.full_like(w.array, np.nan)) for w in weights]
        slopes = tensors(has_first)
        call.backward(kept, gradients, slopes)
        for tensor in (*given, *gradients, *slopes):
            assert tensor is None or np.isfinite(tensor.array).all(), description

    def run(self):
        """One network: predictions, steps, predictions again, and a stream."""
        network, weights, samples, loss = self.network()
        description = network.description
        outputs = network.predict(samples)
        batches = self.batches(samples.n_samples)
        most = network.most_samples
        if most is not None and batches.most > most:
            n = len(batches)
            sizes = np.minimum(batches.sizes, most)
            batches = Batches(None, np.zeros(n, "i8"), sizes, np.ones(n), batches.rates)
        gradients = [np.zeros_like(values) for values in weights]
        losses = network.train(
            samples,
            LossPart(loss, clips=self.choice([False, True])),
            self.solver(description.shapes),
            batches,
            dropout=DropoutPart(self.choice([0.0, 0.3]), self.integer(2**31)),
            input_dropout=DropoutPart(self.choice([0.0, 0.3]), self.integer(2**31)),
            n_threads=self.integer(9, 0),
            gradients=gradients,
        )
        order = self.rng.integers(0, samples.n_samples, self.integer(100, 0))
        found = [outputs, losses, network.predict(samples, order), *weights, *gradients]
        if isinstance(description, RecurrentDescription) and is_causal(description):
            stream = CompiledStream(description, weights, **network.normalizations)
            rows = self.values(self.integer(100, 0), description.n_features)
            outputs, state = stream.run(rows, stream.start())
            row = self.values(1, description.n_features)
            found += [outputs, stream.step(row.tobytes(), state)[0]]
            found += stream.arrays_of(state)
        for values in found:
            assert np.isfinite(values).all(), (description, loss)


def main(n_calls):
    """Call each library with the same sizes."""
    _network._WORTH_SHARING = 0  # threads share every batch
    for name in variants():
        os.environ["SKRNN_ENGINE"] = name
        for dtype in ("float32", "float64"):
            for seed in range(n_calls):
                try:
                    Fuzz(seed, dtype).run()
                    Fuzz(seed, dtype).layer()
                except BaseException:
                    print(f"{name}, {dtype}, seed {seed}:", file=sys.stderr)
                    raise
        print(f"{name}: {2 * n_calls} calls without a fault", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
