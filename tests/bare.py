"""Parameters that leave a recurrent estimator nothing but its network and its loop.

For tests that compare with torch alone, or with a loop written by hand.
"""

BARE = {
    "batch_size": 200,
    "max_iter": 200,
    "n_iter_no_change": 10,
    "learning_rate": "constant",
    "learning_rate_init": 0.001,
    "max_grad_norm": None,
    "normalize": None,
}
# of a regressor
BARE_REGRESSOR = {**BARE, "readout": None}
