"""The gradients of the engine are those of torch's autograd in float64."""

from dataclasses import fields, replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skrnn.engine import ACTIVATIONS, _network, library, why_not
from skrnn.engine._library import variants

from .cases import CELLS, Case, by_engine, by_torch, error_of, library_of

pytestmark = pytest.mark.skipif(not variants(), reason=why_not() or "no library")

LIMITS = {"float32": 5e-6, "float64": 1e-12}
NETWORKS = [*CELLS, "mlp"]
# one less and one more than each width of a block, 2 to 64, and several blocks
SIZES = [1, 2, 3, 5, 7, 9, 15, 17, 31, 33, 63, 65, 200]
ANY = {  # values of every network, by field
    "sizes": [(1,), (7,), (8,), (33,), (33, 7), (1, 8), (7, 33, 8)],
    "n_features": [1, 3, 8],
    "n_outputs": [1, 2, 5],
    "n_steps": [1, 2, 13],
    "size": SIZES,
    "is_ragged": [False, True],
    "dropout": [0.0, 0.4],
    "loss": [
        *("squared_error", "absolute_error", "huber", "poisson", "quantile"),
        *("softmax", "logistic"),
    ],
    "label_smoothing": [0.0, 0.2],
    "clips": [False, True],
    "sums_outputs": [False, True],
    "is_weighted": [False, True],
    "is_forecast": [False, True],
    "alpha": [0.0, 0.01, 1.0],
    "max_norm": [None, 0.01, 1e3],
    "n_threads": [1, 3],
}
RECURRENT = {
    "cell": [*CELLS],
    "bidirectional": [False, True],
    "merge_mode": ["concat", "sum", "mul", "ave"],
    "pooling": [
        *("last", "mean", "max"),
        *(("last", "mean", "max"), ("max", "last"), ("mean", "max")),
    ],
    "input_dropout": [0.0, 0.3],
    "conv_filters": [None, (1,), (6,), (5, 8)],
    "conv_kernel_size": [3, 4, 8, (3, 5)],
    "conv_strides": [1, 2, 3, (1, 3), (2, 3)],
    "conv_dilation": [1, 5, (5, 1), (1, 5)],
    "conv_padding": ["causal", "same"],
    "conv_norm": [None, "batch"],
    "conv_activation": [*ACTIVATIONS],
    "conv_pooling": [None, "mean", "max", ("max", "mean")],
    "conv_pool_size": [1, 2, 5],
    "normalize": [None, "standard", "changes", "robust"],
}
MLP = {"cell": ["mlp"], "activation": [*ACTIVATIONS], "size": [*SIZES, 300]}
POINTS = {"loss": ANY["loss"][:5], "label_smoothing": [0.0], "clips": [False]}


def check(case):
    """Compare losses, gradients and predictions of all libraries with torch's."""
    expected = by_torch(case)
    for variant, (dtype, limit) in product(variants(), LIMITS.items()):
        with library_of(variant):
            most = library(dtype).skrnn_most_lanes()
            if case.conv_filters and case.conv_norm and case.size > most:
                continue  # torch trains
            errors = errors_of(by_engine(case, dtype), expected)
        if max(errors.values()) > limit and dtype == "float32":  # terms that cancel
            own = errors_of(by_torch(case, dtype), expected)
            limit = 16 * max(own.values())
            assert limit < (1e-3 if case.conv_norm else 1e-4)  # norms of few values
        assert max(errors.values()) < limit, (variant, dtype, errors, case)


def errors_of(found, expected):
    """The largest errors, relative to the largest entries."""
    (losses, gradients, outputs), (others, right, predictions) = found, expected
    return {
        "gradients": error_of(gradients, right),
        "losses": np.abs(losses - others).max() / max(0.1, *others),
        "predictions": np.abs(outputs - predictions).max() / max(1, predictions.max()),
    }


def cases(tables):
    """A strategy for cases with these values."""
    values = {name: st.sampled_from(table) for name, table in tables.items()}
    return st.builds(Case, **values, seed=st.integers(0, 3))


AS_FORECAST = POINTS | {"is_forecast": [True]}
any_case = st.one_of(
    cases(ANY | tables)
    for table in (RECURRENT, MLP)
    for tables in (table | {"is_forecast": [False]}, table | AS_FORECAST)
)
derandomized = {"derandomize": True, "database": None, "deadline": None}


@pytest.fixture(autouse=True)
def no_smallest_share(monkeypatch):
    """Threads share every batch, however small."""
    monkeypatch.setattr(_network, "_WORTH_SHARING", 0)


def test_the_tables_name_fields():
    names = {field.name for field in fields(Case)}
    assert set(ANY | RECURRENT | MLP) <= names


@pytest.mark.parametrize("field", ANY)
@pytest.mark.parametrize("cell", NETWORKS)
def test_each_value(cell, field):
    bases = [Case(cell=cell)]
    if field in ("label_smoothing", "clips"):
        bases = [Case(cell=cell, loss=loss) for loss in ("softmax", "logistic")]
    for base, value in product(bases, ANY[field]):
        check(replace(base, **{field: value}))


@pytest.mark.parametrize("field", [name for name in RECURRENT if "conv" in name])
@pytest.mark.parametrize("is_ragged", [False, True])
def test_each_value_of_a_convolution(is_ragged, field):
    base = Case(cell="gru", conv_filters=(6, 5), is_ragged=is_ragged, n_steps=6)
    for value in RECURRENT[field]:
        check(replace(base, **{field: value}))


@pytest.mark.parametrize("sizes", [1, 2, (1, 4), (9, 1)])
def test_small_kernels(sizes):
    """So small that the slopes of several steps would overlap in a group of rows."""
    for filters, padding in product([(1, 2), (3, 6)], ["causal", "same"]):
        base = Case(cell="gru", conv_filters=filters, conv_kernel_size=sizes, n_steps=9)
        check(replace(base, conv_padding=padding, n_features=1))
        check(replace(base, conv_padding=padding, size=70, is_ragged=True))


@pytest.mark.parametrize("padding", RECURRENT["conv_padding"])
@pytest.mark.parametrize("filters", [(8, 3), (17, 33), (32, 16)])
def test_filters_that_fill_vectors(filters, padding):
    for size, is_ragged in product([3, 40], [False, True]):
        case = Case(
            cell="gru",
            conv_filters=filters,
            conv_kernel_size=(3, 5),
            conv_padding=padding,
            n_features=9,
            n_steps=30,
            is_ragged=is_ragged,
            size=size,
        )
        check(case)


@pytest.mark.parametrize("padding", RECURRENT["conv_padding"])
@pytest.mark.parametrize("strides", [2, (3, 1), (1, 4), (5, 2)])
def test_strides(strides, padding):
    """Of sequences longer and shorter than a block, with masks before and after."""
    for n_steps, is_ragged in product([1, 4, 60], [False, True]):
        case = Case(
            cell="lstm",
            sizes=(5, 4),
            bidirectional=is_ragged,
            conv_filters=(6, 5),
            conv_kernel_size=(8, 5),
            conv_strides=strides,
            conv_padding=padding,
            n_steps=n_steps,
            is_ragged=is_ragged,
            pooling=("last", "mean", "max"),
            dropout=0.4,
            input_dropout=0.3,
            size=21,
        )
        check(case)


@pytest.mark.parametrize("size", [1, 2, 7, 16, 33, 60])
@pytest.mark.parametrize("is_ragged", [False, True])
def test_stacks_with_batch_norms(is_ragged, size):
    """Convolutions that the head reads, and the layers after pooling: as in GRU-FCN."""
    base = Case(
        cell="gru",
        conv_filters=(17, 16, 33),
        conv_kernel_size=(8, 5, 3),
        conv_dilation=(1, 2, 4),
        conv_padding="same",
        conv_norm="batch",
        conv_pooling=("mean", "max"),
        conv_pool_size=3,
        pooling=("last", "mean", "max"),
        dropout=0.4,
        loss="softmax",
        n_features=2,
        n_outputs=4,
        is_ragged=is_ragged,
        size=size,
    )
    for n_steps, strides in product([1, 5, 40], [1, (3, 1, 1)]):
        check(replace(base, n_steps=n_steps, conv_strides=strides))
    check(replace(base, cell="lstm", bidirectional=True, conv_padding="causal"))
    check(replace(base, conv_activation="gelu", conv_pool_size=1, pooling="last"))
    check(replace(base, conv_norm=None, n_steps=23))


@pytest.mark.parametrize("normalize", RECURRENT["normalize"][1:])
@pytest.mark.parametrize("conv_filters", [None, (4,)])
@pytest.mark.parametrize("is_ragged", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_normalised_inputs_and_outputs(cell, is_ragged, conv_filters, normalize):
    case = Case(cell=cell, normalize=normalize, is_ragged=is_ragged, size=17)
    check(replace(case, conv_filters=conv_filters, conv_padding="same"))


@pytest.mark.parametrize("n_steps", [1, 2, 40])
@pytest.mark.parametrize("size", [1, 17, 70])
def test_changes_of_short_and_long_samples(size, n_steps):
    case = Case(cell="gru", normalize="changes", size=size, n_steps=n_steps)
    check(case)
    check(replace(case, n_features=1, is_ragged=True, input_dropout=0.4))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_each_activation_of_an_mlp(activation):
    check(Case(cell="mlp", activation=activation, sizes=(33, 7), size=33))


@pytest.mark.parametrize("pooling", RECURRENT["pooling"])
@pytest.mark.parametrize("cell", CELLS)
def test_each_way_to_join_states(cell, pooling):
    for mode, is_ragged in product(RECURRENT["merge_mode"], [False, True]):
        case = Case(
            cell=cell,
            sizes=(5, 4),
            bidirectional=True,
            merge_mode=mode,
            pooling=pooling,
            is_ragged=is_ragged,
            n_steps=6,
            size=21,
        )
        check(case)


@pytest.mark.parametrize("cell", CELLS)
def test_each_dropout(cell):
    for bidirectional, is_ragged in product([False, True], repeat=2):
        case = Case(
            cell=cell,
            sizes=(5, 4, 3),
            bidirectional=bidirectional,
            is_ragged=is_ragged,
            dropout=0.4,
            input_dropout=0.3,
            conv_filters=(4,),
            size=21,
        )
        check(case)


@pytest.mark.parametrize("cell", ["rnn_tanh", "mlp"])
def test_as_many_layers_as_there_may_be(cell):
    case = Case(cell=cell, sizes=(3,) * (16 if cell != "mlp" else 15))
    check(case)
    if cell != "mlp":
        check(replace(case, conv_filters=(2,) * 16, conv_activation="tanh"))


@settings(max_examples=40, **derandomized)
@given(any_case)
def test_some_combinations(case):
    check(case)


@pytest.mark.slow
@settings(max_examples=400, **derandomized)
@given(any_case)
def test_many_combinations(case):
    check(case)
