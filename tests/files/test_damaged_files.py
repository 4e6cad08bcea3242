"""Files that are damaged, hostile, or of another version."""

import importlib
import io
import json
import pickle
import warnings
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.exceptions import InconsistentVersionWarning
from skops.io.exceptions import UntrustedTypesFoundException

from skrnn import (
    TRUSTED_TYPES,
    GRURegressor,
    LSTMRegressor,
    MLPClassifier,
    MLPRegressor,
    SlidingWindow,
)
from skrnn.files import FORMAT, _checksum, pack, unpack
from skrnn.sktime import LSTMForecaster

from .file_data import TABLE, X, Y, fitted, forecaster_of
from .make import forecasts

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*remember_data:FutureWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


@pytest.mark.parametrize(
    "model", [fitted(LSTMRegressor, device="cpu"), forecaster_of()]
)
def test_flipped_bytes(model):
    expected = answers(model)
    data = skops.io.dumps(model)
    rng = np.random.default_rng(0)
    n_refused = 0
    for place in rng.integers(len(data), size=200):
        damaged = bytearray(data)
        damaged[place] ^= 1 << rng.integers(8)
        try:
            other = skops.io.loads(bytes(damaged), trusted=TRUSTED_TYPES)
        except Exception:
            n_refused += 1
            continue
        np.testing.assert_array_equal(answers(other), expected)
    assert n_refused > 150


def answers(model):
    if isinstance(model, LSTMRegressor):
        return model.predict(X)
    return forecasts(model)


def test_files_that_end_early():
    rng = np.random.default_rng(0)
    for model in (fitted(LSTMRegressor), forecaster_of()):
        zipped, pickled = skops.io.dumps(model), pickle.dumps(model)
        for size in rng.integers(len(zipped), size=50):
            with pytest.raises(BadZipFile):
                skops.io.loads(zipped[:size], trusted=TRUSTED_TYPES)
        for size in rng.integers(len(pickled), size=50):
            with pytest.raises((pickle.UnpicklingError, EOFError)):
                pickle.loads(pickled[:size])


@pytest.mark.parametrize("model", [fitted(LSTMRegressor), forecaster_of()])
def test_flipped_weights_in_a_pickle(model):
    data = pickle.dumps(model)
    weights = next(iter(model.net_.module_.state_dict().values())).numpy().tobytes()
    first = data.index(weights)
    for place in range(first, first + len(weights), 7):
        damaged = bytearray(data)
        damaged[place] ^= 1
        with pytest.raises(ValueError, match="not those that were saved: the file is"):
            pickle.loads(damaged)


# malice


@pytest.fixture
def marker(tmp_path):
    path = tmp_path / "code has run"
    yield path
    assert not path.exists()


def tampered(model, change):
    """The file of a model with another schema."""
    source, target = ZipFile(io.BytesIO(skops.io.dumps(model))), io.BytesIO()
    with ZipFile(target, "w") as archive:
        for name in source.namelist():
            content = source.read(name)
            if name == "schema.json":
                schema = json.loads(content)
                change(schema["content"]["content"])
                content = json.dumps(schema).encode()
            archive.writestr(name, content)
    return target.getvalue()


def node(module, name, loader, **content):
    return {"__module__": module, "__class__": name, "__loader__": loader, **content}


def text(value):
    return node("builtins", "str", "JsonNode", content=json.dumps(value), is_json=True)


def nodes_that_run(path):
    command = text(f"touch '{path}'")
    arguments = node("builtins", "tuple", "TupleNode", content=[command])
    none = node("builtins", "dict", "DictNode", content={}, key_types=node(
        "builtins", "list", "ListNode", content=[]))  # fmt: skip
    system = node("os", "system", "FunctionNode", content={})
    return {
        "function": system,
        "type": node("builtins", "eval", "TypeNode"),
        "call": node("os", "system", "ConstructorFromReduceNode", content=arguments),
        "object": node("subprocess", "Popen", "ObjectNode", content=none),
        "list": node("os", "system", "ListNode", content=[command]),
        "partial": node(
            "functools", "partial", "PartialNode",
            content={"func": system, "args": arguments, "kwds": none,
                     "namespace": text(None)},
        ),
        "method": node("operator", "methodcaller", "OperatorFuncNode", attrs=arguments),
    }  # fmt: skip


@pytest.mark.parametrize("kind", nodes_that_run(""))
@pytest.mark.parametrize("name", ["solver", "callbacks", "_model", "predict"])
def test_code_in_a_file_is_refused(kind, name, marker):
    hostile = nodes_that_run(marker)[kind]
    data = tampered(fitted(LSTMRegressor), lambda state: state.update({name: hostile}))
    with pytest.raises(UntrustedTypesFoundException):
        skops.io.loads(data, trusted=TRUSTED_TYPES)


class Evil:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_pickled_arrays_in_a_file_are_refused(marker):
    buffer = io.BytesIO()
    np.save(buffer, np.array([Evil(marker)], dtype=object), allow_pickle=True)
    source, target = (
        ZipFile(io.BytesIO(skops.io.dumps(fitted(GRURegressor)))),
        io.BytesIO(),
    )
    with ZipFile(target, "w") as archive:
        for name in source.namelist():
            is_array = name.endswith(".npy")
            archive.writestr(name, buffer.getvalue() if is_array else source.read(name))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        skops.io.loads(target.getvalue(), trusted=TRUSTED_TYPES)


def forged(model, change):
    """A file with a state of the attacker's choice, and the checksum of that."""
    state = unpack(model.__getstate__(), model)
    change(state)
    return pack(state)


def of_settings(**values):
    return lambda state: state["_model"]["settings"].update(values)


def of_module(**values):
    return lambda state: state["_model"]["module_params"].update(values)


def shrink_momenta(state):
    for moments in state["_model"]["momenta"]["optimizer"]["state"].values():
        moments["exp_avg"] = moments["exp_avg"].ravel()[:1]  # beyond it lies memory


def shrink_weights(state):
    weights = state["_model"]["net"]
    name = next(iter(weights))
    weights[name] = weights[name][:1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (of_settings(solver=list), "solver must be one of"),
        (of_settings(net_params={"compile__options": {"cpp.cxx": "sh"}}), "a program"),
        (of_settings(net_params={"compile": True, "compile__backend": "x"}), "program"),
        (of_settings(net_params={"callbacks": []}), "use the parameter callbacks"),
        (of_settings(hook="x"), "unexpected keyword argument 'hook'"),
        (of_module(dtype="load"), "dtype is 'load'"),
        (of_module(activation="__class__"), "KeyError: '__class__'"),
        (of_module(n_features=3), "the weights do not fit the network"),
        (lambda state: state["_task"].update(loss="x"), "KeyError: 'x'"),
        (lambda state: state["_model"].pop("module_params"), "module_params"),
        (lambda state: state["_model"].update(net=[1]), "cannot be built from this fi"),
        (lambda state: state["_model"]["net"].update(x=np.ones(2)), "x has shape"),
        (lambda state: state.update(_module_class=map), "which are methods of MLPReg"),
        (lambda state: state.update(predict=sum), "values for \\['predict'\\]"),
        (shrink_weights, "the weights do not fit the network"),
        (shrink_momenta, "exp_avg of the solver has shape"),
    ],
)
def test_hostile_states_of_our_types_are_refused(change, message):
    model = MLPRegressor(hidden_layer_sizes=4, max_iter=3).fit(TABLE, Y)
    state = forged(model, change)
    with pytest.raises(ValueError, match=message):
        MLPRegressor.__new__(MLPRegressor).__setstate__(state)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("loss", "apply", "loss is 'apply'"),
        ("dtype", "load", "dtype is 'load'"),
        ("horizon", 5, "the weights do not fit the network"),
        ("cell", "eval", "cannot be built from this file"),
    ],
)
def test_hostile_states_of_forecasters_are_refused(name, value, message):
    model = forecaster_of()
    state = forged(model, lambda state: state["_model"]["plan"].update({name: value}))
    with pytest.raises(ValueError, match=message):
        LSTMForecaster.__new__(LSTMForecaster).__setstate__(state)


def test_unknown_kinds_are_refused():
    def load(content):
        state = {**SlidingWindow(3).__getstate__(), "history_": content}
        mark = state.pop("_skrnn_file")
        mark["checksum"] = _checksum._checksum(state)
        SlidingWindow().__setstate__({**state, "_skrnn_file": mark})

    with pytest.raises(ValueError, match="of a kind that this version of skrnn does"):
        load({"skrnn kind": "eval", "text": "1"})
    moment = {"skrnn kind": "timestamp", "count": 0, "unit": "s"}
    for content in (moment, {**moment, "zone": "../../../etc/passwd"}):
        with pytest.raises(ValueError, match="cannot be built from this file"):
            load(content)


# versions


@pytest.mark.parametrize("model", [fitted(MLPClassifier), SlidingWindow(3)])
def test_other_formats_are_refused(model):
    state = model.__getstate__()
    state["_skrnn_file"].update(format=FORMAT - 1)
    with pytest.raises(ValueError, match=r"reads format \d; fit and save it again"):
        model.__setstate__(state)
    state["_skrnn_file"].update(format=FORMAT + 1, version="9.1")
    message = f"saved by skrnn 9.1 in file format {FORMAT + 1}, but this version reads"
    with pytest.raises(ValueError, match=message):
        model.__setstate__(state)
    state["_skrnn_file"] = "1"
    with pytest.raises(ValueError, match="does not say how"):
        model.__setstate__(state)


MADE = ["regressor", "classifier", "mlp", "forecaster"]
MADE += ["recipe_regressor", "recipe_classifier"]
FOLDERS = sorted(Path(__file__).parent.glob("format_*"))


def test_the_format_has_its_files():
    assert [folder.name for folder in FOLDERS] == [f"format_{FORMAT}"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("kind", ["skops", "joblib", "pickle"])
def test_files_that_later_versions_have_to_read(folder, name, kind):
    path = folder / f"{name}.{kind}"
    expected = json.loads((folder / "expected.json").read_text())[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        if kind == "skops":
            model = skops.io.load(path, trusted=TRUSTED_TYPES)
        else:
            model = joblib.load(path)
    if name == "forecaster":
        found = forecasts(model)
    elif name == "regressor":
        days = pd.date_range("2024-02-20", periods=10, freq="D")
        found = model.predict(pd.DataFrame(expected["X"], days, ["a", "b"]))
    else:
        answer = getattr(model, "predict_proba", model.predict)
        found = answer(np.array(expected["X"]))
    rtol = 1e-6 if name == "recipe_regressor" else 0  # its predictions are large
    expected = expected["predictions"]
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=1e-6)


@pytest.mark.parametrize("name", ["regressor", "classifier", "forecaster"])
def test_files_without_a_parameter_are_of_the_time_before_it(name):
    """Defaults have changed since: what the file lacks was not there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        model = joblib.load(FOLDERS[0] / f"{name}.pickle")
    model = model[-1] if name == "regressor" else model
    assert len(later_parameters(name)) > 4
    for parameter, value in later_parameters(name).items():
        assert getattr(model, parameter) == value, parameter
    if name == "forecaster":
        return
    lengths = {"regressor": (5, 2), "classifier": (8, 1)}
    X = np.random.default_rng(0).standard_normal((20, *lengths[name]))
    y = X[:, -1, 0] if name == "regressor" else np.array(["high", "low"] * 10)
    n_before, parts = len(model.loss_curve_), str(model.summary())
    model.set_params(warm_start=True, max_iter=2).fit(X, y)
    assert len(model.loss_curve_) == n_before + 2
    assert str(model.summary()) == parts


def later_parameters(name):
    """The parameters that fits of the first files of format 2 did not have."""
    found = {"conv_strides": 1, "conv_dilation": 1, "conv_pool_size": 1}
    found |= {"conv_norm": None, "conv_pooling": None}
    if name != "forecaster":
        found["normalize"] = None
    return found | ({"readout": None} if name == "regressor" else {})


def test_files_name_public_modules():
    for full_name in TRUSTED_TYPES:
        module, _, name = full_name.rpartition(".")
        cls = getattr(importlib.import_module(module), name)
        assert (cls.__module__, cls.__qualname__) == (module, name)
