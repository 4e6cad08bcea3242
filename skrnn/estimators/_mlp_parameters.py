"""The parameters that only MLPs have, or describe in their own way."""

from __future__ import annotations

from typing import Any, ClassVar

from ..arguments import parameter, parameters, revised
from ..modules import INITIALIZERS
from ._network_parameters import COUNT, SHARE, LayerParameters
from ._training_parameters import LEARNING_RATE, EstimatorParameters


@parameters
class MLPParameters(LayerParameters):
    """Layers."""

    hidden_layer_sizes: Any = revised(
        LayerParameters,
        "hidden_layer_sizes",
        default=(100,),
        kw_only=False,
        kind="int or array-like of int",
        text="Number of units in each hidden layer; ``()`` for none, which makes the "
        "model linear.",
    )
    activation: str = revised(
        LayerParameters, "activation", default="relu", kw_only=False
    )
    batch_norm: bool = parameter(
        default=False,
        allowed=["boolean"],
        text="Normalise the input of each activation over the batch; predictions use "
        "the running means of training.",
    )
    layer_norm: bool = parameter(
        default=False,
        allowed=["boolean"],
        text="Normalise the input of each activation over the units of the layer.",
    )
    weight_initializer: str = parameter(
        default="glorot",
        allowed=[INITIALIZERS],
        text='Initial weights: "glorot" is uniform, biases included, as in '
        'scikit-learn; "he" is normal with variance ``2 / n_inputs`` and suits "relu"; '
        '"normal" has variance 1; "orthogonal" is a random orthogonal matrix. The last '
        "three start from biases of zero.",
    )


@parameters
class MLPTrainingParameters(MLPParameters, EstimatorParameters):
    """Training."""

    _common: ClassVar[tuple[str, ...]] = (
        "loss",
        "hidden_layer_sizes",
        "activation",
        *EstimatorParameters._common,
    )
    _attributes: ClassVar[dict[str, str]] = {
        "coefs_ : list of ndarray": "Weights of each layer, of shape (n_inputs, "
        "n_outputs). On the CPU they share the memory of the network. You can assign a "
        "list of the same shapes.",
        "intercepts_ : list of ndarray": "Biases of each layer, of shape (n_outputs,).",
        "n_layers_ : int": "Number of layers, input and output included.",
        "out_activation_ : str": 'Activation of the output layer: "identity", or "exp" '
        'with loss="poisson"; for classifiers "softmax", or "logistic" for two classes '
        "or several labels.",
        "loss_ : float": "The last training loss.",
        "best_loss_ : float or None": "Smallest value of ``loss_curve_``; None with "
        "early_stopping.",
        "best_validation_score_ : float or None": "Largest value of "
        "``validation_scores_``.",
    }
    _texts: ClassVar[dict[str, str]] = {
        "solver": 'The optimiser: "adam", "sgd" or "lbfgs" as in scikit-learn, or '
        '"adamw", "rmsprop", "adagrad" or "adadelta" (with learning_rate_init=1). '
        '"lbfgs" is SciPy\'s, over all samples at once.',
        "batch_size": 'Number of samples in a batch. "auto" is ``min(200, '
        'n_samples)``; "lbfgs" takes all.',
        "learning_rate": f"{LEARNING_RATE} As in scikit-learn, "
        '"adam" treats "invscaling" and "adaptive" as "constant"; "lbfgs" needs none.',
        "max_iter": 'Maximum number of epochs; with "lbfgs", of iterations.',
        "random_state": "Source of the initial weights, the validation split, the "
        "order of samples and the dropout masks, drawn in scikit-learn's order: the "
        "same seed gives scikit-learn's weights and batches. The same integer gives "
        "the same bits on a CPU.",
        "tol": "Training stops when the loss (with early_stopping the validation "
        "score) has not improved by tol for more than n_iter_no_change epochs in a "
        'row. With "lbfgs" it is the largest gradient at which to stop.',
        "validation_split": 'Which samples early_stopping holds out. "last" takes the '
        "last ones, for rows in order of time. In a regression, a gap of ``n_outputs "
        '- 1`` rows keeps training targets out of them. "random" and "auto" draw them '
        "as scikit-learn does, with two classes in proportion.",
    }

    verbose: Any = revised(
        EstimatorParameters,
        "verbose",
        default=False,
        kind="bool or int",
        text="Print the loss and the validation score of each epoch.",
    )
    validation_fraction: float = revised(
        EstimatorParameters,
        "validation_fraction",
        default=0.1,
        allowed=[SHARE],
        text="Fraction of the samples that early_stopping holds out, in [0, 1).",
    )
    max_fun: int = parameter(
        default=15_000,
        allowed=[COUNT],
        text='Maximum number of evaluations of the loss by "lbfgs".',
    )
