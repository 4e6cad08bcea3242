"""What does not fit never reaches the library, and what does finds no fault in it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from skrnn.engine import (
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
    library,
    why_not,
)
from skrnn.engine import _compile as compile_

from .fuzz import Tensor

FUZZ = Path(__file__).with_name("fuzz.py")
ROOT = FUZZ.parents[2]
DESCRIPTION = RecurrentDescription("gru", 2, (3,), 1)
CONVOLUTION = {
    "conv_filters": (2,),
    "conv_kernel_sizes": (3,),
    "conv_strides": (1,),
    "conv_dilations": (1,),
    "n_backs": (2,),
}
NORMED = CONVOLUTION | {"has_norms": True}
N, N_ROWS, N_STEPS = 5, 12, 4


def arrays(**changes):
    """Arguments of samples that fit."""
    given = {
        "rows": np.ones((N_ROWS, 2), "f4"),
        "starts": np.array([0, 1, 2, 3, 8]),
        "lengths": np.full(N, N_STEPS),
        "targets": np.ones((N, 1), "f4"),
        "weights": np.ones(N, "f4"),
        "center": np.zeros((N, 1), "f4"),
        "scale": np.ones((N, 1), "f4"),
    }
    return given | changes


def unaligned(shape, dtype):
    """An array that starts in the middle of a number."""
    n_bytes = np.prod(shape) * np.dtype(dtype).itemsize
    return np.zeros(n_bytes + 1, "u1")[1:].view(dtype).reshape(shape)


MISFITS = {
    "rows of another dtype": {"rows": np.ones((N_ROWS, 2), "f8")},
    "rows of the other byte order": {"rows": np.ones((N_ROWS, 2), ">f4")},
    "rows in the order of columns": {"rows": np.ones((2, N_ROWS), "f4").T},
    "every second row": {"rows": np.ones((2 * N_ROWS, 2), "f4")[::2]},
    "rows from the last": {"rows": np.ones((N_ROWS, 2), "f4")[::-1]},
    "some columns of the rows": {"rows": np.ones((N_ROWS, 3), "f4")[:, :2]},
    "one value for all rows": {"rows": np.broadcast_to(np.float32(1), (N_ROWS, 2))},
    "unaligned rows": {"rows": unaligned((N_ROWS, 2), "f4")},
    "too few rows": {"rows": np.ones((N_ROWS - 1, 2), "f4")},
    "flat rows": {"rows": np.ones(2 * N_ROWS, "f4")},
    "a start before the first row": {"starts": np.array([0, 1, 2, -1, 8])},
    "a start too late": {"starts": np.array([0, 1, 2, 3, 9])},
    "a start whose end overflows": {"starts": np.array([0, 1, 2, 3, 2**63 - 2])},
    "starts of 32 bits": {"starts": np.arange(N, dtype="i4")},
    "starts that are not numbers": {"starts": np.array([0, 1, 2, 3, np.nan])},
    "more starts than lengths": {"starts": np.arange(N + 1)},
    "a column of starts": {"starts": np.arange(N)[:, None]},
    "every second start": {"starts": np.arange(2 * N)[::2]},
    "one length for all": {"lengths": np.array([N_STEPS])},
    "unequal lengths of 32 bits": {"lengths": np.array([1, 2, 3, 4, 4], "i4")},
    "lengths of 32 bits": {"lengths": np.full(N, N_STEPS, "i4")},
    "no steps": {"lengths": np.array([1, 2, 3, 4, 0])},
    "a negative length": {"lengths": np.array([1, 2, 3, 4, -1])},
    "a length that overflows": {"lengths": np.array([1, 2, 3, 2**63 - 1, 1])},
    "targets of another dtype": {"targets": np.ones((N, 1), "f8")},
    "too few targets": {"targets": np.ones((N - 1, 1), "f4")},
    "flat targets": {"targets": np.ones(N, "f4")},
    "more columns than targets have": {"n_target_columns": 2},
    "no target": {"n_target_steps": 0},
    "targets beyond the end": {"target_starts": np.full(N, N)},
    "targets before the start": {"target_starts": np.full(N, -1)},
    "too few starts of targets": {"target_starts": np.zeros(N - 1, "i8")},
    "more steps of targets than there are": {"n_target_steps": N + 1},
    "weights of another dtype": {"weights": np.ones(N)},
    "too few weights": {"weights": np.ones(N - 1, "f4")},
    "every second weight": {"weights": np.ones(2 * N, "f4")[::2]},
    "a center without a scale": {"scale": None},
    "a scale without a center": {"center": None},
    "a scale of another shape": {"scale": np.ones((N, 2), "f4")},
    "more centers than columns": {
        "center": np.zeros((N, 3), "f4"),
        "scale": np.ones((N, 3), "f4"),
    },
}


@pytest.mark.parametrize("misfit", MISFITS)
def test_samples_that_do_not_fit(misfit):
    with pytest.raises((ValueError, IndexError)):
        Samples(**arrays(**MISFITS[misfit]))


def test_samples_that_fit():
    read_only = arrays()
    for array in read_only.values():
        array.flags.writeable = False
    for given in (arrays(), read_only, arrays(center=None, scale=None, weights=None)):
        assert Samples(**given).n_steps == N_STEPS


def batches(order=None, firsts=(0,), sizes=(N,), totals=(1.0,), rates=(0.1,)):
    order = None if order is None else np.asarray(order)
    parts = np.array(firsts), np.array(sizes), np.array(totals), np.array(rates)
    return Batches(order, *parts)


BAD_BATCHES = {
    "a sample that is not there": {"order": [0, 1, 2, 3, N]},
    "a negative sample": {"order": [0, 1, 2, 3, -1]},
    "a short order": {"order": [0, 1, 2, 3]},
    "an order of 32 bits": {"order": np.arange(N, dtype="i4")},
    "a column of an order": {"order": np.arange(N)[:, None]},
    "every second of an order": {"order": np.repeat(np.arange(N), 2)[::2]},
    "more than there are": {"sizes": [N + 1]},
    "a negative first": {"firsts": [-1]},
    "a first too late": {"firsts": [1]},
    "an end that overflows": {"firsts": [2**63 - 2]},
    "an empty batch": {"sizes": [0]},
    "sizes that are not whole": {"sizes": [2.5]},
    "more sizes than firsts": {"sizes": [2, 3]},
    "more totals": {"totals": [1.0, 1.0]},
    "rates of 32 bits": {"rates": np.ones(1, "f4")},
}
needs_library = pytest.mark.skipif(
    library("float32") is None, reason=why_not() or "no library"
)


def weights_of(description, dtype="f4"):
    return [np.full(shape, 0.1, dtype) for shape in description.shapes]


@needs_library
@pytest.mark.parametrize("bad", BAD_BATCHES)
def test_batches_that_do_not_fit(bad):
    weights = weights_of(DESCRIPTION)
    network = CompiledNetwork(DESCRIPTION, weights)
    with pytest.raises((ValueError, TypeError)):
        network.train(
            Samples(**arrays()),
            LossPart("squared_error"),
            SolverPart("sgd"),
            batches(**BAD_BATCHES[bad]),
        )
    np.testing.assert_array_equal(weights[0], np.float32(0.1))


def states(dtype="f4"):
    return [np.zeros(shape, dtype) for shape in DESCRIPTION.shapes]


def read_only(arrays):
    for array in arrays:
        array.flags.writeable = False
    return arrays


BAD_CALLS = {
    "no state": {"solver": SolverPart("adam")},
    "half of the state": {"solver": SolverPart("adam", first=states())},
    "no velocity": {"solver": SolverPart("sgd", momentum=0.9)},
    "a state of another dtype": {
        "solver": SolverPart("sgd", momentum=0.9, first=states("f8"))
    },
    "a short state": {"solver": SolverPart("sgd", momentum=0.9, first=states()[:-1])},
    "a state that is read-only": {
        "solver": SolverPart("sgd", momentum=0.9, first=read_only(states()))
    },
    "an unknown solver": {"solver": SolverPart("newton")},
    "an unknown loss": {"loss": LossPart("hinge")},
    "a dropout of everything": {"dropout": DropoutPart(1.0)},
    "a dropout of less than nothing": {"dropout": DropoutPart(-0.1)},
    "gradients of another dtype": {"gradients": states("f8")},
    "gradients that are read-only": {"gradients": read_only(states())},
    "too few gradients": {"gradients": states()[1:]},
    "samples of another dtype": {
        "samples": Samples(np.ones((9, 2)), *np.ones((2, 5), int))
    },
    "samples without targets": {"samples": Samples(**arrays(targets=None))},
    "samples with more targets": {
        "samples": Samples(**arrays(targets=np.ones((N, 2), "f4")))
    },
    "samples with more columns": {
        "samples": Samples(**arrays(rows=np.ones((N_ROWS, 3), "f4")))
    },
    "no samples": {"samples": Samples(np.ones((9, 2), "f4"), *np.ones((2, 0), int))},
}


@needs_library
@pytest.mark.parametrize("bad", BAD_CALLS)
def test_calls_that_do_not_fit(bad):
    weights = weights_of(DESCRIPTION)
    network = CompiledNetwork(DESCRIPTION, weights)
    given = {
        "samples": Samples(**arrays()),
        "loss": LossPart("squared_error"),
        "solver": SolverPart("sgd"),
        "batches": batches(),
    }
    network.train(**given)
    before = [values.copy() for values in weights]
    with pytest.raises(ValueError, match=r"."):
        network.train(**given | BAD_CALLS[bad])
    for found, expected in zip(weights, before, strict=True):
        np.testing.assert_array_equal(found, expected)


@needs_library
@pytest.mark.parametrize(
    "change",
    [
        lambda weights: weights[:-1],
        lambda weights: [*weights, weights[0]],
        lambda weights: [w.astype("f8") if w.ndim == 1 else w for w in weights],
        lambda weights: [np.asfortranarray(w) for w in weights],
        lambda weights: [w.T for w in weights],
        lambda weights: [w.ravel() for w in weights],
        lambda weights: [unaligned(w.shape, "f4") for w in weights],
        lambda weights: [w[None] for w in weights],
    ],
)
def test_weights_that_do_not_fit(change):
    with pytest.raises(ValueError, match="the engine expected"):
        CompiledNetwork(DESCRIPTION, change(weights_of(DESCRIPTION)))


@needs_library
def test_weights_of_other_dtypes_have_no_library():
    with pytest.raises(RuntimeError, match="no compiled library"):
        CompiledNetwork(DESCRIPTION, weights_of(DESCRIPTION, "f2"))


@needs_library
def test_weights_that_are_read_only_predict_and_do_not_train():
    network = CompiledNetwork(DESCRIPTION, read_only(weights_of(DESCRIPTION)))
    samples = Samples(**arrays())
    assert network.predict(samples).shape == (N, 1)
    given = samples, LossPart("squared_error"), SolverPart("sgd"), batches()
    with pytest.raises(ValueError, match="read-only"):
        network.train(*given)


@needs_library
@pytest.mark.parametrize(
    "order",
    [[N], [-1], np.array([0], "i4"), [[0, 1]], [2**63 - 1], [0.5]],
)
def test_predictions_of_samples_that_are_not_there(order):
    network = CompiledNetwork(DESCRIPTION, weights_of(DESCRIPTION))
    with pytest.raises(ValueError, match=r"order|expected"):
        network.predict(Samples(**arrays()), np.asarray(order))


@needs_library
def test_nothing_to_predict_or_to_train_on():
    weights = weights_of(DESCRIPTION)
    network = CompiledNetwork(DESCRIPTION, weights)
    samples = Samples(**arrays())
    assert network.predict(samples, np.zeros(0, "i8")).shape == (0, 1)
    none = Samples(np.ones((0, 2), "f4"), *np.zeros((2, 0), "i8"))
    assert network.predict(none).shape == (0, 1)
    nothing = Batches(None, *np.zeros((2, 0), "i8"), *np.zeros((2, 0)))
    given = LossPart("squared_error"), SolverPart("sgd"), nothing
    assert network.train(samples, *given).shape == (0,)
    np.testing.assert_array_equal(weights[0], np.float32(0.1))


@pytest.mark.parametrize(
    "options",
    [
        {"hidden_layer_sizes": ()},
        {"hidden_layer_sizes": (3,) * 17},
        {"hidden_layer_sizes": (3, 0)},
        {"hidden_layer_sizes": (-1,)},
        {"conv_filters": (3,) * 17},
        {"conv_filters": (0,)},
        {"conv_filters": (2,)},
        CONVOLUTION | {"conv_kernel_sizes": (3, 3)},
        CONVOLUTION | {"n_backs": (3,)},
        CONVOLUTION | {"n_backs": (-1,)},
        CONVOLUTION | {"conv_strides": (2,)},
        CONVOLUTION | {"conv_strides": (0,)},
        CONVOLUTION | {"conv_strides": (4,), "n_backs": (0,)},
        CONVOLUTION | {"conv_kernel_sizes": (0,), "n_backs": (0,)},
        {"poolings": ()},
        {"poolings": ("max", "last", "max")},
        {"poolings": ("attention",)},
        CONVOLUTION | {"conv_dilations": (0,)},
        CONVOLUTION | {"conv_dilations": (1, 1)},
        CONVOLUTION | {"conv_dilations": (2,), "n_backs": (5,)},
        CONVOLUTION | {"front_poolings": ("last",)},
        CONVOLUTION | {"front_poolings": ("max", "max")},
        CONVOLUTION | {"pool_size": 0},
        {"pool_size": 2},
        {"front_poolings": ("max",)},
        {"has_norms": True},
        {"n_features": 0},
        {"n_outputs": 0},
    ],
)
def test_networks_that_the_library_has_no_room_for(options):
    sizes = {"cell": "gru", "n_features": 2, "hidden_layer_sizes": (3,), "n_outputs": 1}
    with pytest.raises(ValueError, match=r"expected|cannot read"):
        RecurrentDescription(**sizes | options)


@needs_library
@pytest.mark.parametrize(
    ("reads_changes", "figures"),
    [(True, None), (False, np.ones((3, 2), "f4")), (True, np.ones((3, 3), "f4"))],
)
def test_figures_of_changes_that_do_not_fit(reads_changes, figures):
    description = RecurrentDescription("gru", 2, (3,), 1, reads_changes=reads_changes)
    parts = {} if figures is None else {"changes": ChangesPart(*figures)}
    for kind in (CompiledNetwork, CompiledStream):
        with pytest.raises(ValueError, match="expected"):
            kind(description, weights_of(description), **parts)
    parts = {"changes": ChangesPart(*np.ones((3, 2)))}  # of another dtype
    description = RecurrentDescription("gru", 2, (3,), 1, reads_changes=True)
    for kind in (CompiledNetwork, CompiledStream):
        with pytest.raises(ValueError, match="expected a contiguous array of float32"):
            kind(description, weights_of(description), **parts)


@pytest.mark.parametrize("sizes", [(0, (1,)), (2, ()), (2, (1,) * 17), (2, (3, 0))])
def test_perceptrons_that_the_library_has_no_room_for(sizes):
    with pytest.raises(ValueError, match="expected"):
        DenseDescription(*sizes)


@needs_library
@pytest.mark.parametrize(
    "options",
    [{"cell": "elman"}, {"merge_mode": "max"}, CONVOLUTION | {"conv_activation": "no"}],
)
def test_unknown_parts(options):
    parts = {"cell": "gru", "n_features": 2, "hidden_layer_sizes": (3,), "n_outputs": 1}
    description = RecurrentDescription(**parts | options)
    with pytest.raises((ValueError, KeyError)):
        CompiledNetwork(description, weights_of(description)).predict(
            Samples(**arrays())
        )


def running_of(*shapes, dtype="f4"):
    return [np.ones(shape, dtype) for shape in shapes]


@needs_library
@pytest.mark.parametrize(
    "running", [None, running_of(2), running_of(2, 3), running_of(2, 2, dtype="f8")]
)
def test_running_figures_of_another_kind(running):
    description = RecurrentDescription("gru", 2, (3,), 1, **NORMED)
    given = {} if running is None else {"running": running}
    with pytest.raises(ValueError, match="expected"):
        CompiledNetwork(description, weights_of(description), **given)
    plain = RecurrentDescription("gru", 2, (3,), 1, **CONVOLUTION)
    with pytest.raises(ValueError, match="expected 0 running figures"):
        CompiledNetwork(plain, weights_of(plain), running=running_of(2, 2))


@needs_library
def test_batches_of_batch_norms_that_are_larger_than_a_block():
    description = RecurrentDescription("gru", 2, (3,), 1, **NORMED)
    running = running_of(2, 2)
    network = CompiledNetwork(description, weights_of(description), running=running)
    n = network.most_samples + 1
    order = np.arange(n) % N
    batch = [np.array([0]), np.array([n]), np.array([float(n)]), np.zeros(1)]
    given = Samples(**arrays()), LossPart("squared_error"), SolverPart("none")
    with pytest.raises(ValueError, match=f"up to {n - 1} samples, got {n}"):
        network.train(*given, Batches(order, *batch))
    batch[1] -= 1
    network.train(*given, Batches(order, *batch))
    for values in running:
        assert (values != 1).all()
        values.flags.writeable = False
    network = CompiledNetwork(description, weights_of(description), running=running)
    with pytest.raises(ValueError, match="cannot train weights that are read-only"):
        network.train(*given[:2], SolverPart("sgd"), Batches(order, *batch))


@needs_library
@pytest.mark.parametrize("missing", ["h_first", "c_first"])
def test_half_of_the_first_state_of_a_layer(missing):
    description = LayerDescription("lstm", 2, 3)
    weights = [Tensor(values) for values in weights_of(description)]
    x, state = Tensor(np.ones((N, N_STEPS, 2), "f4")), Tensor(np.ones((1, N, 3), "f4"))
    tensors = LayerTensors(x, h_first=state, c_first=state)
    LayerCall(library("float32"), description, weights, tensors).forward()
    with pytest.raises(ValueError, match="first state"):
        LayerCall(
            library("float32"),
            description,
            weights,
            tensors._replace(**{missing: None}),
        )


def fuzz(n_calls, **variables):
    command = [sys.executable, str(FUZZ), str(n_calls)]
    variables = {**os.environ, **variables}
    return subprocess.run(command, env=variables, capture_output=True, text=True)


@needs_library
def test_random_calls():
    run = fuzz(100)
    assert run.returncode == 0, run.stderr
    assert "calls without a fault" in run.stdout
    assert "torch" not in run.stderr


@pytest.mark.slow
def test_no_fault_is_found():
    """Random calls of the oldest library, under the sanitizers of gcc."""
    compiler = compile_.find_system_compiler()
    if sys.platform != "linux" or compiler is None or not shutil.which("gcc"):
        pytest.skip("needs gcc, and its sanitizers")
    asked = ["gcc", "-print-file-name=libasan.so"]
    sanitizer = subprocess.run(asked, capture_output=True, text=True).stdout.strip()
    if not Path(sanitizer).is_absolute():
        pytest.skip("gcc has no libasan")
    folder = compile_.BUILD / "sanitized"
    oldest = compile_.instruction_sets(compiler.target)[:1]
    gcc = compile_.Compiler(("gcc",), compiler.target)
    compile_.build(folder, compiler.target, oldest, gcc, sanitize=True)
    run = fuzz(
        300,
        SKRNN_ENGINE_LIBRARIES=str(folder),
        LD_PRELOAD=sanitizer,
        ASAN_OPTIONS="detect_leaks=0",  # Python's own
        UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1",
    )
    assert run.returncode == 0, run.stderr[-10_000:]
    assert "runtime error" not in run.stderr
    assert "600 calls without a fault" in run.stdout


@needs_library
@pytest.mark.parametrize(
    ("has_inputs", "figures"),
    [
        (False, np.ones((2, 2), "f4")),  # what is squashed is normalised
        (True, np.ones((2, 3), "f4")),
        (True, np.ones((2, 2), "f8")),
    ],
)
def test_figures_of_squashed_columns_that_do_not_fit(has_inputs, figures):
    description = RecurrentDescription("gru", 2, (3,), 1)
    parts = {"squash": SquashPart(*figures)}
    if has_inputs:
        parts["inputs"] = NormalizationPart(*np.ones((2, 2), "f4"))
    for kind in (CompiledNetwork, CompiledStream):
        with pytest.raises(ValueError, match="expected"):
            kind(description, weights_of(description), **parts)
