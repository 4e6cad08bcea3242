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
