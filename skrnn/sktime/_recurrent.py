"""The family of recurrent forecasters."""

from __future__ import annotations

from typing import Any

from ._base import NetworkForecaster


class RecurrentForecaster(NetworkForecaster):
    """Parameters of RNNForecaster, GRUForecaster and LSTMForecaster."""

    def __init__(
        self,
        window_length: int = 24,
        horizon: int | str = "auto",
        *,
        hidden_layer_sizes: Any = (32,),
        activation: str = "tanh",
        dropout: float = 0.0,
        bidirectional: bool = False,
        merge_mode: str = "concat",
        pooling: str = "last",
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
        normalize: str | None = "window",
        step_length: int = 1,
        past_columns: Any = None,
        loss: str = "absolute_error",
        quantiles: Any = (0.05, 0.25, 0.5, 0.75, 0.95),
        n_samples: int = 200,
        fine_tune: bool = True,
        solver: Any = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.005,
        max_iter: int = 200,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: int = 0,
        max_grad_norm: float | None = 1.0,
        early_stopping: bool = True,
        validation_fraction: float = 0.1,
        n_iter_no_change: float = 20,
        device: Any = "auto",
        dtype: Any = "float32",
        n_threads: int | str = "auto",
        callbacks: Any = None,
        net_params: dict[str, Any] | None = None,
        checkpoint: Any = None,
        checkpoint_every: int | str = "10s",
    ) -> None:
        self.window_length = window_length
        self.horizon = horizon
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.dropout = dropout
        self.bidirectional = bidirectional
        self.merge_mode = merge_mode
        self.pooling = pooling
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
        self.normalize = normalize
        self.step_length = step_length
        self.past_columns = past_columns
        self.loss = loss
        self.quantiles = quantiles
        self.n_samples = n_samples
        self.fine_tune = fine_tune
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.max_grad_norm = max_grad_norm
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.device = device
        self.dtype = dtype
        self.n_threads = n_threads
        self.callbacks = callbacks
        self.net_params = net_params
        self.checkpoint = checkpoint
        self.checkpoint_every = checkpoint_every
        super().__init__()
