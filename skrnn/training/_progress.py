"""What a fit shows while it runs."""

from __future__ import annotations

from typing import Any

from skorch.callbacks import Callback
from tqdm.auto import tqdm


class ProgressBar(Callback):
    """A bar over the epochs, with the loss."""

    def __init__(self, n_epochs: int) -> None:
        self.n_epochs = n_epochs

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        self.n_epochs_before_ = len(net.history)
        self.bar_ = tqdm(total=self.n_epochs, unit="epoch")

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        self.bar_.set_postfix_str(_figures(net.history[-1]), refresh=False)
        self._advance(net)

    def on_train_end(self, net: Any, **kwargs: Any) -> None:
        self._advance(net)
        self.bar_.close()

    def _advance(self, net: Any) -> None:
        """To where the history is, of which a checkpoint may have brought a part."""
        n_epochs = len(net.history) - self.n_epochs_before_
        self.bar_.update(max(0, n_epochs - self.bar_.n))


class EpochLines(Callback):
    """Printed lines for each epoch, as scikit-learn prints them."""

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        self.n_epochs_before_ = len(net.history)

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        epoch = net.history[-1]
        number = len(net.history) - self.n_epochs_before_
        print(f"Iteration {number}, loss = {epoch['train_loss']:.8f}")
        if "valid_score" in epoch:
            print(f"Validation score: {epoch['valid_score']:f}")


def progress_callbacks(verbose: int, n_epochs: int) -> list[tuple[str, Any]]:
    """None for 0, a bar for 1, lines for more."""
    if verbose <= 0:
        return []
    shown = ProgressBar(n_epochs) if verbose == 1 else EpochLines()
    return [("skrnn_progress", shown)]


def _figures(epoch: Any) -> str:
    text = f"loss = {epoch['train_loss']:.6g}"
    if "valid_score" in epoch:
        text += f", validation score = {epoch['valid_score']:.6g}"
    return text
