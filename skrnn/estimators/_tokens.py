"""Token ids, and text that has to become token ids first."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..windows import PADDING, Windows

_LARGEST_VOCABULARY = 10_000_000


def refuse_text(X: Any) -> None:
    """Raise if X holds words, one text or one list of words per sample."""
    if isinstance(X, (str, bytes)) or _is_text(X):
        raise ValueError(
            "X holds text, expected numbers. Put TextSequencer before the network to "
            "turn texts into sequences of token ids (with analyzer=list if texts are "
            "lists of words already), and give the network an embedding: "
            "make_pipeline(TextSequencer(), GRUClassifier(embedding_dim=32))"
        )


def _is_text(X: Any) -> bool:
    if hasattr(X, "iloc"):
        cells = X.iloc[:1].to_numpy().ravel()
        return len(cells) > 0 and all(isinstance(cell, (str, bytes)) for cell in cells)
    is_array = isinstance(X, np.ndarray) and X.dtype.kind in "OUST"
    if not (isinstance(X, (list, tuple)) or is_array) or len(X) == 0:
        return False
    first = X[0]
    if isinstance(first, (list, tuple)) and first:
        first = first[0]
    return isinstance(first, (str, bytes))


def refuse_token_ids(n_tokens: int) -> None:
    """Raise if X holds token ids but the network reads measurements."""
    raise ValueError(
        f"X holds ids of {n_tokens} tokens, as TextSequencer makes them, not "
        "measurements; give the network an embedding, for instance embedding_dim=32"
    )


def token_windows(windows: Windows, n_tokens: int | None) -> Windows:
    """Windows of integer ids, without padding.

    Parameters
    ----------
    windows : Windows
        Windows of one feature; id 0 is padding, wherever it occurs.
    n_tokens : int or None
        Number of ids; None takes the largest one found, plus 1.

    Raises
    ------
    ValueError
        If an id is negative, not an integer, or too large, or a sequence is padding
        throughout.
    """
    if windows.n_features != 1:
        raise ValueError(
            f"X has {windows.n_features} features a time step, but embedding_dim reads "
            "X as one token id per step; set embedding_dim=None if X holds "
            "measurements"
        )
    ids = windows.rows[:, 0]
    used = windows.is_row_used
    _check_ids(windows, used & (ids != np.floor(ids)), "an integer")
    _check_ids(windows, used & (ids < 0), "0 (padding) or larger")
    if n_tokens is None:
        largest = ids[used].max()
        if largest >= _LARGEST_VOCABULARY:
            raise ValueError(
                f"token id {largest:g}: an embedding holds a vector for each id up to "
                "the largest. Give the tokens consecutive ids from 1 first, as "
                "TextSequencer does (analyzer=list for lists of codes)"
            )
        n_tokens = int(largest) + 1
    _check_vocabulary(windows, used & (ids >= n_tokens), n_tokens)
    whole = np.where(used, ids, PADDING).astype(np.int64)[:, np.newaxis]
    tokens = Windows(whole, windows.starts, windows.lengths, max(n_tokens, 1))
    is_token = whole[:, 0] != PADDING
    return tokens if is_token.all() else _without_padding(tokens, is_token)


def _without_padding(tokens: Windows, is_token: np.ndarray) -> Windows:
    before = np.concatenate([[0], np.cumsum(is_token)])
    is_empty = before[tokens.starts + tokens.lengths] == before[tokens.starts]
    if is_empty.any():
        raise ValueError(
            f"sequence {int(np.flatnonzero(is_empty)[0])} is empty: it holds nothing "
            f"but padding (id {PADDING}); drop it together with its target, or give it "
            "the id of an unknown token"
        )
    return tokens.keep_rows(is_token)


def _check_ids(windows: Windows, is_wrong: np.ndarray, expected: str) -> None:
    if is_wrong.any():
        row = int(np.flatnonzero(is_wrong)[0])
        raise ValueError(
            f"token id {windows.rows[row, 0]:g} in sequence {_sequence(windows, row)}: "
            f"embedding_dim reads X as token ids, each {expected}; set "
            "embedding_dim=None if X holds measurements"
        )


def _check_vocabulary(windows: Windows, is_beyond: np.ndarray, n_tokens: int) -> None:
    if is_beyond.any():
        row = int(np.flatnonzero(is_beyond)[0])
        raise ValueError(
            f"token id {windows.rows[row, 0]:g} in sequence {_sequence(windows, row)}, "
            f"but the network was fitted for ids below {n_tokens}. Map ids that fit "
            "has not seen to one that it has, as TextSequencer does, or pass the size "
            "of the vocabulary in fit: Windows.from_sequences(X, n_tokens=...)"
        )


def _sequence(windows: Windows, row: int) -> int:
    """The index of the first sequence that holds a row."""
    begins = windows.starts <= row
    return int(np.flatnonzero(begins & (row < windows.starts + windows.lengths))[0])
