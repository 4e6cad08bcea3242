"""Batch norms of convolutions, and the pooling after them, against plain torch."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from skrnn.modules import BatchNorm, RecurrentNetwork
from skrnn.modules._pooling import max_blocks

LENGTHS = [7, 3, 1]
STEPS = [torch.arange(n, dtype=torch.float64)[:, None] ** 1.5 for n in LENGTHS]


def padded(sequences):
    x = torch.zeros(len(sequences), max(map(len, sequences)), sequences[0].shape[1])
    for row, sequence in zip(x, sequences, strict=True):
        row[: len(sequence)] = sequence
    return x.double(), torch.tensor([len(sequence) for sequence in sequences])


def test_the_statistics_are_those_of_all_steps_before_the_padding():
    norm = BatchNorm(1, dtype=torch.float64)
    x, lengths = padded(STEPS)
    found = norm(x.transpose(1, 2), lengths).transpose(1, 2)
    everything = torch.cat(STEPS)  # (step, 1)
    variance = everything.var(unbiased=False)
    for row, steps in zip(found, STEPS, strict=True):
        expected = (steps - everything.mean()) / (variance + 1e-5).sqrt()
        torch.testing.assert_close(row[: len(steps)], expected)
        assert (row[len(steps) :] == 0).all()
    torch.testing.assert_close(norm.running_mean, everything.mean(0) / 10)
    torch.testing.assert_close(norm.running_var, 0.9 + everything.var(0) / 10)
    norm.eval()
    later = norm(x.transpose(1, 2), lengths)
    figures = norm.running_mean, (norm.running_var + 1e-5).sqrt()
    torch.testing.assert_close(later[0, 0], (STEPS[0][:, 0] - figures[0]) / figures[1])


@pytest.mark.parametrize("lengths", [None, torch.tensor([1])])
def test_one_value_is_normalised_by_the_running_figures(lengths):
    norm = BatchNorm(2, dtype=torch.float64)
    norm.running_mean += 1
    x = torch.tensor([[[3.0], [5.0]]]).double()  # (sample, feature, step)
    expected = (x - 1) / (1 + 1e-5) ** 0.5
    torch.testing.assert_close(norm(x, lengths), expected)
    assert norm.num_batches_tracked == 0


def test_blocks_are_counted_from_the_first_step():
    x, lengths = padded(
        [torch.tensor([[4.0], [1], [-3], [-2], [-5]]), -torch.ones(2, 1)]
    )
    blocks, n_blocks = max_blocks(x, lengths, 2)
    assert blocks[:, :, 0].tolist() == [[4, -2, -5], [-1, 0, 0]]
    assert n_blocks.tolist() == [3, 1]
    blocks, none = max_blocks(x[:1], None, 3)
    assert blocks[:, :, 0].tolist() == [[4, -2]]
    assert none is None


def plain_stack(network, x):
    """The convolutions of a network on sequences of one length, from torch's parts."""
    x = x.transpose(1, 2)
    for layer, norm in zip(*map(list, parts_of(network)), strict=True):
        span = (layer.kernel_size[0] - 1) * layer.dilation[0]
        x = functional.pad(x, (span // 2, span - span // 2))
        x = torch.relu(norm(layer(x)))
    return x.transpose(1, 2)  # (batch, time, filter)


def parts_of(network):
    plain = []
    for mine in network.convolutions.norms:
        norm = nn.BatchNorm1d(mine.num_features, dtype=torch.float64)
        norm.load_state_dict(mine.state_dict())
        plain.append(norm)
    return network.convolutions.layers, plain


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_training_is_that_of_a_stack_of_plain_torch(cell):
    """Convolutions to the head and, pooled, to the recurrent layer, as in GRU-FCN."""
    network = RecurrentNetwork(
        cell, 2, (4,), 3, dtype="float64", pooling=("last", "mean"),
        conv_filters=(5, 6), conv_kernel_size=(4, 3), conv_dilation=(1, 2),
        conv_norm="batch", conv_padding="same", conv_pooling=("mean", "max"),
        conv_pool_size=4,
    ).train()  # fmt: skip
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(7, 22, 2)))
    front = plain_stack(network, x)
    pooled = functional.max_pool1d(front.transpose(1, 2), 4, ceil_mode=True)
    layer = {"gru": nn.GRU, "lstm": nn.LSTM}[cell](6, 4, dtype=torch.float64)
    layer.load_state_dict(network.layers[0].forward_in_time.state_dict())
    states = layer(pooled.permute(2, 0, 1))[0]  # (time, batch, hidden)
    read = [states[-1], states.mean(0), front.mean(1), front.amax(1)]
    expected = network.head(torch.cat(read, dim=1))
    torch.testing.assert_close(network(x), expected)


def test_padding_changes_nothing_in_training():
    """Sequences of one length, with and without zeros after them."""
    options = {
        "conv_filters": (5, 4), "conv_norm": "batch", "conv_padding": "same",
        "conv_pooling": ("mean", "max"), "conv_pool_size": 3, "dtype": "float64",
    }  # fmt: skip
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(3, 8, 2)))
    network = RecurrentNetwork("gru", 2, (4,), 3, **options)
    alone = network(x)
    wide = functional.pad(x, (0, 0, 0, 5), value=0)
    torch.testing.assert_close(network(wide, torch.tensor([8, 8, 8])), alone)
