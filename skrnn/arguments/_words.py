"""Words of other packages for our arguments."""

# words of Keras, torch, skorch, scikit-learn, Darts, NeuralForecast, tsai, skforecast
# and others; our arguments (the first that the class has is named); and the advice if
# it has none of them
ARGUMENTS: list[tuple[str, tuple[str, ...], str]] = [
    (
        "units n_units num_units hidden_size hidden_sizes hidden_dim hidden_units "
        "hidden_channels n_hidden num_hidden layer_sizes neurons n_neurons rnn_units "
        "lstm_units gru_units encoder_hidden_size d_model",
        ("hidden_layer_sizes=(32,), the units of each layer",),
        "",
    ),
    (
        "num_layers n_layers n_rnn_layers rnn_layers num_rnn_layers encoder_n_layers "
        "hidden_layers n_hidden_layers depth",
        ("hidden_layer_sizes=(32, 32), one number for each layer",),
        "",
    ),
    (
        "epochs epoch n_epochs n_epoch num_epochs nb_epoch nb_epochs max_epochs n_iter "
        "iterations num_train_epochs max_steps n_estimators",
        ("max_iter=200, the largest number of epochs",),
        "",
    ),
    (
        "optimizer optim opt optimizer_cls optimizer_class opt_func",
        ('solver="adam"',),
        "",
    ),
    (
        "optimizer_kwargs optimizer_params opt_kwargs",
        ('net_params={"optimizer__amsgrad": True}',),
        "",
    ),
    ("lr eta eta0 lr_init initial_lr init_lr", ("learning_rate_init=0.001",), ""),
    (
        "lr_schedule lr_scheduler scheduler lr_scheduler_cls lr_decay",
        ('learning_rate="cosine", the word for a schedule',),
        "",
    ),
    (
        "weight_decay l2 l2_reg l2_penalty reg_lambda lambda_ kernel_regularizer "
        "recurrent_regularizer",
        ("alpha=0.0001, the L2 penalty",),
        "",
    ),
    (
        "clipnorm global_clipnorm clipvalue gradient_clip gradient_clip_val grad_clip "
        "clip_grad clip_grad_norm max_norm",
        ("max_grad_norm=1.0",),
        "",
    ),
    (
        "patience early_stopping_patience early_stop_patience early_stopping_rounds "
        "early_stop_patience_steps",
        ("n_iter_no_change=10, with early_stopping=True",),
        "",
    ),
    ("min_delta tolerance", ("tol=1e-4",), ""),
    (
        "validation_data val_data valid_data eval_set eval_data validation_set val_set "
        "val_series val_target_series valid_set X_valid y_valid",
        ("X_val=X_val, y_val=y_val",),
        "early_stopping=True holds out validation_fraction=0.1, the last windows of "
        "each series",
    ),
    (
        "validation_split val_size val_split val_fraction validation_size test_size "
        "valid_size",
        ("validation_fraction=0.1, with early_stopping=True",),
        "",
    ),
    ("seed random_seed rng manual_seed", ("random_state=0",), ""),
    ("bs batch minibatch_size train_batch_size", ("batch_size=32",), ""),
    (
        "drop p dropout_rate drop_rate rnn_dropout dropout_prob fc_dropout",
        ("dropout=0.1",),
        "",
    ),
    (
        "loss criterion loss_fn loss_func loss_function objective",
        ("loss",),
        "classifiers minimise the cross-entropy of their classes",
    ),
    (
        "likelihood",
        (),
        'forecasters give distributions with loss="normal", "student_t" or '
        '"negative_binomial"',
    ),
    ("act act_fn activation_fn nonlinearity", ('activation="relu"',), ""),
    ("inner_activation gate_activation", ('recurrent_activation="logistic"',), ""),
    (
        "batch_first time_major channels_first data_format",
        (),
        "the order of axes is always (sample, time, feature)",
    ),
    (
        "input_chunk_length lookback look_back lookback_window n_lags lags "
        "window window_size seq_len seq_length sequence_length timesteps n_timesteps "
        "time_steps n_steps n_past context_length max_encoder_length n_steps_in",
        ("window_length=24, rows to look back over",),
        "the length of a window comes from X; SlidingWindow(window_length=24) before "
        "the network makes windows of rows",
    ),
    # NeuralForecast's word; in torch it is the number of features
    ("input_size", ("window_length=24, rows to look back over",), "it comes from X"),
    (
        "window_length",
        ("window_length",),
        "it is a parameter of SlidingWindow, which makes windows of rows before the "
        "network",
    ),
    (
        "output_chunk_length horizon h steps n_ahead n_periods n_forecasts pred_len "
        "prediction_length forecast_length forecast_horizon max_prediction_length "
        "n_steps_out",
        ("horizon=12, steps decoded at once", "fh=range(1, 13)"),
        "make_supervised(rows, target, horizon=12) gives the y of the next 12 steps",
    ),
    ("n periods", ("fh=range(1, 13)",), ""),
    (
        "input_shape input_dim batch_input_shape n_features num_features n_inputs c_in "
        "in_channels in_features output_size output_dim n_outputs num_outputs c_out "
        "n_classes num_classes classes",
        (),
        "it comes from X and y in fit",
    ),
    (
        "past_covariates hist_exog_list",
        ("past_columns, of X", "X, with past_columns for columns not known ahead"),
        "",
    ),
    (
        "future_covariates futr_exog_list exog xreg",
        ("X, known ahead unless past_columns names the column",),
        "",
    ),
    ("series target data", ("y",), ""),
    ("num_samples n_paths", ("n_samples=200",), ""),
    (
        "return_state return_states initial_state",
        (),
        "stateful=True carries the state from sample to sample, stream() from row to "
        "row",
    ),
    ("return_seq return_all_steps many_to_many", ("return_sequences=True",), ""),
    ("go_backwards", (), "reverse the axis of time yourself: X[:, ::-1]"),
    ("time_distributed", ("return_sequences=True",), ""),
    ("bidir bi_directional is_bidirectional", ("bidirectional=True",), ""),
    (
        "n_jobs num_workers workers num_threads nthread thread_count",
        ("n_threads=1",),
        "",
    ),
    (
        "accelerator gpu gpus use_gpu use_cuda cuda devices pl_trainer_kwargs",
        ('device="auto", or "cuda"',),
        "",
    ),
    (
        "metrics metric scoring eval_metric",
        (),
        "call score or sklearn.metrics after fit, or skorch's EpochScoring in "
        "callbacks for each epoch",
    ),
    ("class_weights scale_pos_weight", ('class_weight="balanced"',), ""),
    ("sample_weights weights", ("sample_weight",), ""),
    (
        "kernel_initializer initializer init weight_init init_method",
        ('weight_initializer="glorot"', 'recurrent_initializer="uniform"'),
        "",
    ),
    ("embedding_size embed_dim emb_dim embedding_length", ("embedding_dim=32",), ""),
    (
        "vocab_size num_embeddings num_words max_tokens max_words mask_zero "
        "padding_idx",
        ("max_features",),
        "the number of tokens comes from X; 0 is padding",
    ),
    ("maxlen output_sequence_length", ("max_length=100",), ""),
    ("layernorm use_layer_norm layer_normalization", ("layer_norm=True",), ""),
    (
        "batchnorm use_bn use_batch_norm batch_normalization",
        ("batch_norm=True", "layer_norm=True", 'conv_norm="batch"'),
        "",
    ),
    ("batch_norm", ('conv_norm="batch"',), ""),
    ("kernel_size", ("conv_kernel_size=3",), ""),
    ("strides", ("conv_strides=2",), ""),
    ("dilation dilation_rate", ("conv_dilation=2",), ""),
    ("pool_size", ("conv_pool_size=2",), ""),
    ("filters n_filters num_filters", ("conv_filters=16",), ""),
    (
        "checkpoint_dir checkpoint_path save_checkpoints work_dir model_dir",
        ('checkpoint="folder"',),
        "",
    ),
    ("precision float_type", ('dtype="float32"',), ""),
    ("verbosity progress_bar show_progress print_every", ("verbose=1",), ""),
    (
        "scaler scaler_type normalization use_reversible_instance_norm revin",
        ("normalize", "method"),
        "put a StandardScaler or SequenceScaler before the network",
    ),
    ("stride", ("step_length=1", "conv_strides=2"), ""),
    ("sampling_rate", ("step_length=1",), ""),
    (
        "rnn_type cell_type cell model",
        (),
        "choose the cell by the class: RNN, GRU or LSTM",
    ),
    (
        "alpha level levels confidence conf_level interval_width",
        ("coverage=0.9",),
        "predict_interval(coverage=0.9) of forecasters gives intervals",
    ),
    (
        "return_conf_int return_pred_int",
        (),
        "predict_interval(coverage=0.9) of forecasters gives intervals",
    ),
    (
        "peephole projection_size unit_forget_bias",
        (),
        "only the LSTM cell has it: use an LSTM",
    ),
    ("reset_after", (), "only the GRU cell has it: use a GRU"),
    (
        "chrono_steps recurrent_activation",
        (),
        "it is for gates, which a plain RNN does not have: use a GRU or an LSTM",
    ),
]
