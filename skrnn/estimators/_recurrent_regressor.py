"""The family of recurrent regressors."""

from __future__ import annotations

from typing import Any

from sklearn.metrics import r2_score

from ._recurrent import BaseRecurrent
from ._regression import REGRESSION_CONSTRAINTS, Regression
from ._steps import truth_and_answers


class BaseRecurrentRegressor(Regression, BaseRecurrent):
    """Parameters of RNNRegressor, GRURegressor and LSTMRegressor."""

    _parameter_constraints: dict = {
        **BaseRecurrent._parameter_constraints,
        **REGRESSION_CONSTRAINTS,
    }

    def __init__(
        self,
        hidden_layer_sizes: Any = (32,),
        *,
        activation: str = "tanh",
        bidirectional: bool = False,
        dropout: float = 0.0,
        pooling: str = "last",
        embedding_dim: int | None = None,
        merge_mode: str = "concat",
        recurrent_activation: str = "logistic",
        reset_after: bool = True,
        peephole: bool = False,
        projection_size: int | None = None,
        layer_norm: bool = False,
        residual: bool = False,
        input_dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        zoneout: float = 0.0,
        unit_forget_bias: bool = False,
        chrono_steps: int | None = None,
        recurrent_initializer: str = "uniform",
        conv_filters: Any = None,
        conv_kernel_size: int = 3,
        conv_padding: str = "causal",
        conv_activation: str = "relu",
        return_sequences: bool = False,
        stateful: bool = False,
        loss: str = "squared_error",
        quantile: float = 0.5,
        solver: Any = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: int = 0,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        max_grad_norm: float | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        validation_split: str = "auto",
        n_iter_no_change: float = 10,
        device: Any = "auto",
        dtype: Any = "float32",
        n_threads: int | str = "auto",
        callbacks: Any = None,
        net_params: dict[str, Any] | None = None,
        checkpoint: Any = None,
        checkpoint_every: int | str = "10s",
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.pooling = pooling
        self.embedding_dim = embedding_dim
        self.merge_mode = merge_mode
        self.recurrent_activation = recurrent_activation
        self.reset_after = reset_after
        self.peephole = peephole
        self.projection_size = projection_size
        self.layer_norm = layer_norm
        self.residual = residual
        self.input_dropout = input_dropout
        self.recurrent_dropout = recurrent_dropout
        self.zoneout = zoneout
        self.unit_forget_bias = unit_forget_bias
        self.chrono_steps = chrono_steps
        self.recurrent_initializer = recurrent_initializer
        self.conv_filters = conv_filters
        self.conv_kernel_size = conv_kernel_size
        self.conv_padding = conv_padding
        self.conv_activation = conv_activation
        self.return_sequences = return_sequences
        self.stateful = stateful
        self.loss = loss
        self.quantile = quantile
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.max_grad_norm = max_grad_norm
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.validation_split = validation_split
        self.n_iter_no_change = n_iter_no_change
        self.device = device
        self.dtype = dtype
        self.n_threads = n_threads
        self.callbacks = callbacks
        self.net_params = net_params
        self.checkpoint = checkpoint
        self.checkpoint_every = checkpoint_every

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return R2, the share of the variance of y that the predictions explain.

        Parameters
        ----------
        X : array, DataFrame, list of arrays or Windows
            The sequences, as in :meth:`predict`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The true targets; with return_sequences at each step, as in :meth:`fit`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample, or of each of its steps.

        Returns
        -------
        score : float
            At most 1; that of several outputs is their mean. With return_sequences all
            steps of all samples count alike.
        """
        if not self._has_steps:
            return super().score(X, y, sample_weight)
        truth, answers, weights = truth_and_answers(
            y, self.predict(X), sample_weight, is_single=False
        )
        return float(r2_score(truth, answers, sample_weight=weights))
