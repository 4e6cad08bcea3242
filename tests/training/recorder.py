"""A callback that notes what training tells."""

import torch
from skorch.callbacks import Callback


class Recorder(Callback):
    """Notes the learning rate of each epoch, and what it is told."""

    def on_train_begin(self, net, **kwargs):
        self.rates, self.batches, self.norms = [], 0, []

    def on_batch_end(self, net, training, **kwargs):
        self.batches += training

    def on_grad_computed(self, net, named_parameters, **kwargs):
        squares = [(p.grad**2).sum() for _, p in named_parameters]
        self.norms.append(float(torch.stack(squares).sum().sqrt()))

    def on_epoch_end(self, net, **kwargs):
        self.rates.append(net.optimizer_.param_groups[0]["lr"])


def recorder_of(model):
    return dict(model.net_.callbacks_)["Recorder"]
