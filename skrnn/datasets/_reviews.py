"""Sentences from reviews, with their sentiment."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import Bunch

from ._files import read_description, read_table


def load_reviews(*, return_X_y: bool = False, as_frame: bool = True) -> Any:
    """Load sentences from product reviews, positive or negative.

    ============ ============================================
    Samples      3,610 sentences from 299 reviews, 1 to 146 words
    Classes      "positive" (2,128), "negative" (1,482)
    Groups       the review that a sentence is from
    ============ ============================================

    Parameters
    ----------
    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=True
        If True, ``data``, ``target`` and ``groups`` are Series. If False, NumPy arrays.

    Returns
    -------
    reviews : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        data : Series or ndarray of str, shape (3610,)
            The sentences, lower case.
        target : Series or ndarray of str, shape (3610,)
            "positive" if the mean rating is above 0, "negative" if it is below.
        groups : Series or ndarray of int, shape (3610,)
            Number of the review. Sentences of a review belong on one side of a split:
            use for instance :class:`~sklearn.model_selection.GroupShuffleSplit`.
        frame : DataFrame of shape (3708, 4), or None
            review, sentence, rating (-4 to 4) and text of all sentences, those rated 0
            included, if ``as_frame``.
        target_names : list of str
        DESCR : str
            Source and licence.
    (data, target) : tuple
        If ``return_X_y``.

    Examples
    --------
    >>> from skrnn.datasets import load_reviews
    >>> reviews = load_reviews()
    >>> reviews.data[1], reviews.target[1]
    ('repost from january 13, 2004 with a better fit title.', 'negative')
    """
    frame = read_table("reviews", keep_default_na=False)
    rated = frame[frame["rating"] != 0].reset_index(drop=True)
    data, groups = rated["text"], rated["review"]
    target = rated["rating"].gt(0).map({True: "positive", False: "negative"})
    target = target.rename("sentiment")
    if not as_frame:
        data = data.to_numpy(dtype=object)
        target, groups = np.asarray(target, dtype=str), groups.to_numpy()
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        groups=groups,
        frame=frame if as_frame else None,
        target_names=["negative", "positive"],
        DESCR=read_description("reviews"),
    )
