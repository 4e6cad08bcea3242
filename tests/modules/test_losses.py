"""Losses against numbers worked by hand and against scikit-learn."""

import numpy as np
import pytest
import torch

from skrnn.modules import LogLoss, PointLoss


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        # raw - y is 0.5, -2, per sample averaged over outputs, weights 1 and 3
        ("squared_error", (0.125 * 1 + 2.0 * 3) / 4),
        ("absolute_error", (0.5 * 1 + 2.0 * 3) / 4),
        ("huber", (0.125 * 1 + 1.5 * 3) / 4),
        ("quantile", (0.5 * 0.5 * 1 + 0.5 * 2.0 * 3) / 4),
    ],
)
def test_losses_by_hand(loss, expected):
    raw, y = torch.tensor([[1.5], [1.0]]), torch.tensor([[1.0], [3.0]])
    weights = torch.tensor([1.0, 3.0])
    assert PointLoss(loss)(raw, y, weights, 4).item() == pytest.approx(expected)


def test_poisson_loss_is_half_the_deviance_of_scikit_learn():
    from sklearn.metrics import mean_poisson_deviance

    raw, y = torch.tensor([[0.3], [-1.0], [2.0]]), torch.tensor([[0.0], [2.0], [5.0]])
    loss = PointLoss("poisson")
    deviance = mean_poisson_deviance(y.numpy(), loss.predictions(raw).numpy())
    assert loss(raw, y, None, 3).item() == pytest.approx(deviance / 2, rel=1e-6)


def test_pinball_loss_is_that_of_scikit_learn():
    from sklearn.metrics import mean_pinball_loss

    raw, y = torch.tensor([[0.3], [-1.0], [2.0]]), torch.tensor([[0.0], [2.0], [5.0]])
    for quantile in (0.1, 0.8):
        expected = mean_pinball_loss(y.numpy(), raw.numpy(), alpha=quantile)
        loss = PointLoss("quantile", quantile)(raw, y, None, 3)
        assert loss.item() == pytest.approx(expected, rel=1e-6)


def test_losses_of_several_outputs():
    """Averaged; or, as in scikit-learn's MLP, added up and reported as the mean."""
    raw, y = torch.tensor([[1.0, 2.0]]), torch.zeros(1, 2)
    assert PointLoss("squared_error")(raw, y, None, 1).item() == pytest.approx(1.25)
    summed = PointLoss("squared_error", sums_outputs=True)
    loss = summed(raw, y, None, 1)
    assert loss.item() == pytest.approx(2.5)
    assert summed.reported(loss, raw, y, None, 1).item() == pytest.approx(1.25)
    absolute = PointLoss("absolute_error", sums_outputs=True)
    loss = absolute(raw, y, None, 1)
    assert absolute.reported(loss, raw, y, None, 1).item() == pytest.approx(3)


def test_log_loss_by_hand():
    # softmax of (0, log 3) is (1/4, 3/4); the logistic function of log 3 is 3/4
    log3 = np.log(3.0)
    raw = torch.tensor([[0.0, log3], [log3, 0.0]])
    y = torch.tensor([[0.0, 1.0], [0.0, 1.0]])
    weights = torch.tensor([1.0, 3.0])
    one_class = (-np.log(0.75) * 1 - np.log(0.25) * 3) / 4
    assert LogLoss(True)(raw, y, weights, 4).item() == pytest.approx(one_class)
    labels = -np.log(0.5) - np.log(0.75), -np.log(0.25) - np.log(0.5)
    assert LogLoss(False)(raw, y, None, 2).item() == pytest.approx(sum(labels) / 2)


def test_label_smoothing_by_hand():
    # of a target of 1, 0.1 is spread: 0.95 and 0.05 for two classes
    log3 = np.log(3.0)
    smooth = -0.95 * np.log(0.75) - 0.05 * np.log(0.25)
    raw, y = torch.tensor([[0.0, log3]]), torch.tensor([[0.0, 1.0]])
    exclusive, independent = LogLoss(True, 0.1), LogLoss(False, 0.1)
    assert exclusive(raw, y, None, 1).item() == pytest.approx(smooth)
    loss = independent(raw[:, 1:], y[:, 1:], None, 1)
    assert loss.item() == pytest.approx(smooth)
