"""Parameters stated once: signatures, constraints, docstrings, and what cells have."""

import copy
import inspect
import re
from numbers import Integral
from typing import Any, get_type_hints

import numpy as np
import pandas as pd
import pytest
from sklearn.base import ClassifierMixin, clone
from sklearn.utils._param_validation import Interval, StrOptions

from skrnn import GRURegressor, LSTMRegressor, MLPRegressor, RNNClassifier, RNNRegressor
from skrnn.arguments import parameter, parameters, revised
from skrnn.sktime import GRUForecaster, LSTMForecaster, MLPForecaster, RNNForecaster
from tests.common_estimators import MLPS, QUICK, RECURRENT, RECURRENT_CLASSIFIERS

FORECASTERS = [RNNForecaster, GRUForecaster, LSTMForecaster, MLPForecaster]
NETWORKS = RECURRENT + MLPS + FORECASTERS


@parameters
class Size:
    """Size."""

    size: int = parameter(
        default=3,
        allowed=[Interval(Integral, 1, None, closed="left"), None],
        kind="int or None",
        kw_only=False,
        text="How large, in [0, 1) or in ``code that stays in one piece``, " * 3,
    )
    color: str = parameter(default="red", allowed=[("red", "blue")], text="Color.")


class Base:
    begun = False

    def __init__(self) -> None:
        self.begun = True


@parameters
class Shape(Size, Base):
    """A shape.

    {parameters}

    {attributes}

    {formula}
    """

    _common = ("color",)
    _attributes = {"area_ : float": "In square metres."}
    _passages = {"formula": r"Notes: \alpha."}
    _texts = {"color": "Color of the shape."}

    size: int = revised(Size, "size", default=4)
    is_round: bool = parameter(default=False, allowed=["boolean"], text="Round.")


def test_a_class_of_parameters():
    shape = Shape(5, is_round=True)
    assert (shape.size, shape.color, shape.is_round, shape.begun) == (
        5,
        "red",
        True,
        True,
    )
    assert Shape().size == 4
    assert Size().size == 3
    with pytest.raises(TypeError, match="takes 1 positional argument"):
        Shape(5, "red")
    with pytest.raises(TypeError, match="got multiple values for 'size'"):
        Shape(5, size=6)
    with pytest.raises(TypeError, match="use color"):
        Shape(colour="red")
    assert str(inspect.signature(Shape)) == "(size=4, *, color='red', is_round=False)"
    constraints = Shape._parameter_constraints
    assert constraints["is_round"] == ["boolean"]
    assert isinstance(constraints["color"][0], StrOptions)
    assert constraints["size"] == Size._parameter_constraints["size"]


def test_the_docstring_of_a_class_of_parameters():
    lines = inspect.getdoc(Shape).splitlines()
    start = lines.index("Parameters")
    assert lines[start : start + 10] == [
        "Parameters",
        "----------",
        'color : {"red", "blue"}, default="red"',
        "    Color of the shape.",
        "",
        "Other Parameters",
        "----------------",
        "A shape:",
        "size : int or None, default=4",
        lines[start + 9],
    ]
    text = "\n".join(lines)
    assert text.count("[0, 1)") == text.count("``code that stays in one piece``") == 3
    assert "Attributes\n----------\narea_ : float\n    In square metres." in text
    assert r"Notes: \alpha." in text
    assert max(map(len, lines)) <= 84  # and the indentation


@pytest.mark.parametrize("cls", NETWORKS)
def test_signature_constraints_and_docstring_name_the_same_parameters(cls):
    named = list(inspect.signature(cls).parameters)
    assert sorted(cls().get_params()) == sorted(named)
    assert set(cls._parameter_constraints) == set(named)
    assert list(get_type_hints(cls.__init__)) == named
    documented = section(cls, "Parameters") | section(cls, "Other Parameters")
    assert list(documented) == named
    for name in named:
        assert cls.__doc__.count(f"\n    {name} : ") == 1, name
    assert 10 <= len(section(cls, "Parameters")) <= 14
    for name, default in inspect.signature(cls).parameters.items():
        shown = re.search(r"default=(.*)", documented[name])[1]
        value = default.default
        assert shown == (f'"{value}"' if isinstance(value, str) else repr(value))
    assert max(map(len, cls.__doc__.splitlines())) <= 88
    assert "{" not in re.sub(r"\{\"|[\w^]\{|\"\{", "", cls.__doc__)  # no open passage


@pytest.mark.parametrize("cls", NETWORKS)
def test_defaults_are_allowed_and_survive_clones(cls):
    model = cls()
    model._validate_params()
    changed = cls(**{**QUICK, "dropout": 0.25, "hidden_layer_sizes": [3, 4]})
    assert clone(changed).get_params()["hidden_layer_sizes"] == [3, 4]
    assert changed.set_params(alpha=0.5).get_params()["alpha"] == 0.5
    assert changed.get_params()["dropout"] == 0.25
    assert cls().dropout == ("auto" if cls in RECURRENT_CLASSIFIERS else 0.0)


@pytest.mark.parametrize("cls", NETWORKS)
def test_a_subclass_may_take_other_parameters(cls):
    short = {"max_iter": 2, "learning_rate": "cosine", "random_state": 0}

    class Own(cls):
        _parameter_constraints = {**cls._parameter_constraints, "offset": [int]}

        def __init__(self, hidden_layer_sizes=(3,), offset=1):
            super().__init__(hidden_layer_sizes=hidden_layer_sizes, **short)
            self.offset = offset

    data = training_data(cls)
    own = Own((3,), offset=2).fit(*data)
    plain = cls(hidden_layer_sizes=(3,), **short).fit(*data)
    assert own.loss_curve_ == plain.loss_curve_
    assert copy.deepcopy(own).loss_curve_ == plain.loss_curve_
    assert sorted(clone(own).get_params()) == ["hidden_layer_sizes", "offset"]
    with pytest.raises(ValueError, match="'offset' parameter of Own must be"):
        own.set_params(offset="2").fit(*data)


def training_data(cls: Any) -> tuple[Any, ...]:
    rows = np.sin(np.arange(40.0))
    if cls in FORECASTERS:
        return (pd.Series(rows),)
    X = rows.reshape(10, 4)
    return X, (X[:, 0] > 0) if issubclass(cls, ClassifierMixin) else X[:, 0]


def test_the_most_common_parameters_come_first():
    first = list(inspect.signature(LSTMRegressor).parameters)
    assert first[:2] == ["hidden_layer_sizes", "dropout"]
    assert list(inspect.signature(LSTMForecaster).parameters)[:2] == [
        "window_length",
        "horizon",
    ]
    assert list(inspect.signature(MLPRegressor).parameters)[:3] == [
        "loss",
        "hidden_layer_sizes",
        "activation",
    ]
    assert MLPRegressor("poisson", (3,), "tanh").get_params()["loss"] == "poisson"


@pytest.mark.parametrize("cls", RECURRENT + MLPS)
def test_every_attribute_is_documented(cls):
    model = cls(**QUICK | {"max_iter": 2, "tol": 0.0, "learning_rate": "cosine"})
    model.fit([[0.0, 1.0], [1.0, 2.0], [2.0, 3.0]], [0, 1, 2])
    learnt = {name for name in vars(model) if re.fullmatch(r"[a-z].*_", name)}
    assert learnt <= set(section(cls, "Attributes"))


GATES = {"recurrent_activation", "chrono_steps"}
LSTM = {"peephole", "projection_size", "unit_forget_bias"}


@pytest.mark.parametrize("cls", NETWORKS)
def test_a_cell_has_only_the_parameters_that_it_can_use(cls):
    has = set(inspect.signature(cls).parameters)
    name = cls.__name__
    assert (has >= GATES) == name.startswith(("GRU", "LSTM"))
    assert (has >= LSTM) == name.startswith("LSTM")
    assert ("reset_after" in has) == name.startswith("GRU")
    assert not GATES & has or has >= GATES
    assert not LSTM & has or has >= LSTM
    assert ("bidirectional" in has) == (not name.startswith("MLP"))


@pytest.mark.parametrize(
    ("cls", "option", "message"),
    [
        (RNNRegressor, "chrono_steps", "for gates.*use a GRU or an LSTM"),
        (RNNClassifier, "recurrent_activation", "for gates"),
        (RNNForecaster, "reset_after", "the GRU cell has it: use a GRU"),
        (GRURegressor, "peephole", "the LSTM cell has it: use an LSTM"),
        (GRUForecaster, "projection_size", "the LSTM cell has it: use an LSTM"),
    ],
)
def test_parameters_of_other_cells_are_refused(cls, option, message):
    with pytest.raises(TypeError, match=rf"unexpected keyword .*{option}.*{message}"):
        cls(**{option: 2})
    with pytest.raises(ValueError, match=message):
        cls().set_params(**{option: 2})


def section(cls: Any, title: str) -> dict[str, str]:
    """The entries of a numpydoc section, by name."""
    text = inspect.getdoc(cls)
    body = re.search(rf"^{title}\n-+\n(.*?)(?=\n\n\S+[^\n]*\n-+\n)", text, re.S | re.M)
    entries = re.findall(r"^(\w+) : (.*?)(?=^\w|\Z)", body[1], re.S | re.M)
    return {name: words.strip() for name, words in entries}
