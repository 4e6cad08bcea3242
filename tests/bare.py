"""Parameters that leave a recurrent estimator nothing but its network and its loop.

For tests that compare with torch alone, or with a loop written by hand.
"""

# one recurrent network and its output layer, which read X and y as they are
PLAIN_REGRESSOR = {"normalize": None, "readout": None}
PLAIN_CLASSIFIER = {
    "normalize": None,
    "conv_filters": None,
    "pooling": "last",
    "dropout": 0.0,
    "label_smoothing": 0.0,
    # of convolutions, if a test asks for some
    "conv_kernel_size": 3,
    "conv_strides": 1,
    "conv_dilation": 1,
    "conv_padding": "causal",
    "conv_norm": None,
    "conv_pooling": None,
    "conv_pool_size": 1,
}
# and all samples in a batch, at one rate, until the loss no longer falls
_LOOP = {
    "batch_size": 200,
    "max_iter": 200,
    "n_iter_no_change": 10,
    "learning_rate": "constant",
    "learning_rate_init": 0.001,
    "max_grad_norm": None,
}
BARE_REGRESSOR = {**_LOOP, **PLAIN_REGRESSOR}
BARE_CLASSIFIER = {**_LOOP, **PLAIN_CLASSIFIER}


def plain(cls: type) -> dict:
    """The parameters of a plain network of this class."""
    is_classifier = cls.__name__.endswith("Classifier")
    return PLAIN_CLASSIFIER if is_classifier else PLAIN_REGRESSOR


def bare(cls: type) -> dict:
    """The parameters of a plain network of this class in a plain loop."""
    return {**_LOOP, **plain(cls)}
