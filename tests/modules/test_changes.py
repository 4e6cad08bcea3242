"""Changes: three steps by hand, pieces and padding."""

import numpy as np
import torch

from skrnn.modules import Changes, RecurrentNetwork


def layer(scale, low, high):
    changes = Changes(len(scale), torch.float64)
    changes.learn(*(torch.tensor(part) for part in (scale, low, high)))
    return changes


STEPS = torch.tensor([[[1.0, 0.0], [3.0, -1.0], [2.0, -8.0]]]).double()
# changes: (3 - 1) / 4, (-1 - 0) / 0.5, (2 - 3) / 4, (-8 + 1) / 0.5
# levels between 1 and 2, and between -3 and 5
BY_HAND = [[0.0, 0.0, 1.0, 0.0], [0.5, -2.0, 2.0, -1.0], [-0.25, -14.0, 2.0, -3.0]]
CHANGES = layer([4.0, 0.5], [1.0, -3.0], [2.0, 5.0])


def test_three_steps_by_hand():
    assert CHANGES(STEPS)[0].tolist() == BY_HAND


def test_a_piece_continues_from_the_row_before():
    found = CHANGES(STEPS[:, 1:], before=STEPS[:, :1])
    assert found[0].tolist() == BY_HAND[1:]
    found = CHANGES(STEPS[:, 2:], before=STEPS[:, 1:2])
    assert found[0].tolist() == BY_HAND[2:]


def test_the_padding_is_zero():
    x = torch.cat([STEPS, STEPS])
    x[1, 2] = 0  # as a normalisation leaves it
    found = CHANGES(x, torch.tensor([3, 2]))
    assert found[0].tolist() == BY_HAND
    assert found[1].tolist() == [*BY_HAND[:2], [0.0] * 4]


def test_nothing_is_scaled_or_clipped_before_the_figures_are_known():
    found = Changes(2, torch.float64)(STEPS * 1e9)
    expected = [[0, 0, 1, 0], [2, -1, 3, -1], [-1, -7, 2, -8]]
    np.testing.assert_array_equal(found[0], 1e9 * np.array(expected))


def test_the_layers_of_a_network_read_both():
    options = {"dtype": "float64", "normalize": "changes"}
    network = RecurrentNetwork("gru", 2, (3,), 1, **options).eval()
    bare = RecurrentNetwork("gru", 4, (3,), 1, dtype="float64").eval()
    weights = dict(network.named_parameters())
    bare.load_state_dict(weights)
    network.input_normalization.learn(torch.tensor([1.0, 2.0]), torch.tensor(2.0))
    network.changes = CHANGES
    raw = STEPS * 2 + torch.tensor([1.0, 2.0])
    with torch.no_grad():
        found = network(raw)
        expected = bare(torch.tensor([BY_HAND]).double())
    np.testing.assert_array_equal(found, expected)


def test_tokens_have_no_changes():
    options = {"embedding_dim": 3, "n_tokens": 5, "normalize": "changes"}
    assert RecurrentNetwork("gru", 1, (3,), 1, **options).changes is None
