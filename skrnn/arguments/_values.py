"""Values that other packages use for a parameter, and what they are here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from numbers import Integral, Real
from typing import Any

from sklearn.utils._param_validation import (
    Interval,
    InvalidParameterError,
    StrOptions,
    validate_parameter_constraints,
)

# for each parameter: their value in lower case, and our value (the first that the class
# has of several), or advice ending in "."
_VALUES: dict[str, dict[str, str]] = {
    "activation": {
        "sigmoid": "logistic",
        "swish": "silu",
        "linear": "identity",
        "none": "identity",
        "leakyrelu": "leaky_relu",
        "softmax": "Classifiers apply the softmax to their outputs themselves.",
    },
    "loss": {
        "mse": "squared_error",
        "mseloss": "squared_error",
        "mean_squared_error": "squared_error",
        "meansquarederror": "squared_error",
        "rmse": "squared_error",
        "l2": "squared_error",
        "mae": "absolute_error",
        "mean_absolute_error": "absolute_error",
        "meanabsoluteerror": "absolute_error",
        "l1": "absolute_error",
        "l1loss": "absolute_error",
        "smooth_l1": "huber",
        "smoothl1loss": "huber",
        "huberloss": "huber",
        "pinball": "quantile",
        "quantile_loss": "quantile",
        "quantileloss": "quantile",
        "quantileregression": "quantile",
        "gaussian": "normal",
        "gaussianlikelihood": "normal",
        "t": "student_t",
        "studentt": "student_t",
        "negbin": "negative_binomial",
        "poissonnllloss": "poisson",
        **dict.fromkeys(
            (
                "binary_crossentropy",
                "categorical_crossentropy",
                "sparse_categorical_crossentropy",
                "cross_entropy",
                "crossentropyloss",
                "bce",
                "bceloss",
                "log_loss",
            ),
            "For classes use one of the classifiers, which minimise the cross-entropy.",
        ),
    },
    "solver": {
        "nadam": "Pass the class: solver=torch.optim.NAdam.",
        "radam": "Pass the class: solver=torch.optim.RAdam.",
        "momentum": "sgd",
        "l_bfgs": "lbfgs",
    },
    "learning_rate": {
        "plateau": "adaptive",
        "reduce_on_plateau": "adaptive",
        "reducelronplateau": "adaptive",
        "cosine_annealing": "cosine",
        "cosineannealinglr": "cosine",
        "one_cycle": "onecycle",
        "onecyclelr": "onecycle",
        "1cycle": "onecycle",
    },
    "pooling": {"avg": "mean", "average": "mean", "attn": "attention"},
    "merge_mode": {"average": "ave", "avg": "ave", "mean": "ave", "add": "sum"},
    "weight_initializer": {
        "glorot_uniform": "glorot",
        "xavier": "glorot",
        "xavier_uniform": "glorot",
        "he_normal": "he",
        "kaiming": "he",
        "kaiming_normal": "he",
    },
    "normalize": {
        "true": "window standard",
        "revin": "window",
        "standard": "series",
        "zscore": "series standard",
        **dict.fromkeys(("diff", "difference", "differences", "delta"), "changes"),
        **dict.fromkeys(("asinh", "arcsinh", "log", "log1p"), "robust"),
        "false": "None changes nothing.",
    },
    "batch_size": {"none": "auto"},
    "method": {"minmax": "min-max", "zscore": "standard"},
}
_VALUES["conv_activation"] = _VALUES["recurrent_activation"] = _VALUES["activation"]

# for values that are not strings: a test, and what the user probably means
_MEANT: dict[str, tuple[Callable[[Any], bool], str]] = {
    "learning_rate": (
        lambda value: isinstance(value, Real),
        "For a number use learning_rate_init={}; learning_rate is its schedule.",
    ),
    "validation_split": (
        lambda value: isinstance(value, Real),
        "For a fraction use validation_fraction={}, with early_stopping=True; "
        "validation_split says which samples are held out.",
    ),
    "early_stopping": (
        lambda value: isinstance(value, Integral),
        "For a number of epochs use n_iter_no_change={}, with early_stopping=True.",
    ),
    "loss": (
        lambda value: isinstance(value, (Integral, tuple, list)),
        "For units use hidden_layer_sizes={}; pass them by name: the first parameter "
        "is loss, as in scikit-learn.",
    ),
    "horizon": (
        lambda value: hasattr(value, "__len__") and not isinstance(value, str),
        "For the steps to forecast use fh={}, in fit; horizon is the number of steps "
        "decoded at once.",
    ),
    "solver": (
        lambda value: hasattr(value, "param_groups"),
        "Pass the class, as in solver=torch.optim.NAdam; net_params takes its "
        "arguments.",
    ),
    "callbacks": (lambda value: True, "Put it into a list: callbacks=[...]."),
    "n_threads": (
        lambda value: value == -1,
        'n_threads="auto" chooses a suitable number.',
    ),
}


def check_values(constraints: Mapping[str, Any], values: dict, caller: str) -> None:
    """Raise scikit-learn's error about a parameter, with what may have been meant."""
    for name, value in values.items():
        if name not in constraints:
            continue
        allowed = constraints[name]
        if any(_surely_allows(one, value) for one in allowed):
            continue
        try:
            validate_parameter_constraints({name: allowed}, {name: value}, caller)
        except InvalidParameterError as error:
            raise InvalidParameterError(
                f"{error}{_hint(name, value, allowed)}"
            ) from None


def _surely_allows(constraint: Any, value: Any) -> bool:
    """Whether a constraint of scikit-learn, of the common kinds, allows a value.

    scikit-learn makes an object of each constraint first, and takes six times as long.
    """
    if constraint is None:
        return value is None
    if constraint == "boolean":
        return isinstance(value, bool)
    if isinstance(constraint, (Interval, StrOptions)):
        return constraint.is_satisfied_by(value)
    return isinstance(constraint, type) and isinstance(value, constraint)


def _hint(name: str, value: Any, allowed: list) -> str:
    """What the user may have meant, as the end of a sentence, or nothing."""
    if not isinstance(value, (str, bool)) and value is not None:
        is_meant, advice = _MEANT.get(name, (None, ""))
        if is_meant is not None and is_meant(value):
            return f" {advice.format(value)}"
    # "torch.float32", nn.ReLU, nn.LeakyReLU() and "Mean Squared Error" are words, too
    text = getattr(value, "__name__", None) or str(value)
    word = text.partition("(")[0].rpartition(".")[2].lower()
    word = word.replace("-", "_").replace(" ", "_")
    options = {
        option
        for one in allowed
        if isinstance(one, StrOptions)
        for option in one.options
    }
    ours = _VALUES.get(name, {}).get(word, "")
    if ours.endswith("."):
        return f" {ours}"
    ours = next((one for one in ours.split() if one in options), "")
    if not ours:
        ours = next(iter(get_close_matches(word, options, n=1, cutoff=0.7)), "")
    return f' Did you mean {name}="{ours}"?' if ours else ""
