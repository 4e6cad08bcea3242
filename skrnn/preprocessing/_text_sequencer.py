"""Texts as sequences of token ids."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from ..arguments import Vocabulary
from ..files import PackedState
from ..windows import Windows, reading
from ._sequence_scaler import SequenceOutput

UNKNOWN = 1
_NO_WORD: list[Any] = [None]  # for words outside the vocabulary
_N_RESERVED = 2  # padding and the unknown token


class TextSequencer(
    Vocabulary, PackedState, SequenceOutput, TransformerMixin, BaseEstimator
):
    r"""Turn each text into the sequence of its words, as integers.

    Learns the vocabulary: the words of the texts in ``fit``, the most frequent first.
    Word ``i`` of it gets the id ``i + 2``; id 1 stands for every other word, and id 0
    is padding. The recurrent estimators read the sequences if they are given an
    ``embedding_dim``. :class:`~sklearn.feature_extraction.text.CountVectorizer` splits
    the texts.

    Parameters
    ----------
    max_features : int or None, default=None
        Largest number of words in the vocabulary; the most frequent ones stay.
    min_df : int or float, default=2
        Words in fewer texts (for a float, in a smaller share of the texts) are left out
        of the vocabulary. By default, words that occur in a single text become the
        unknown word, which trains its vector. With 1 it is never trained, and new words
        in ``predict`` get an untrained vector.
    max_length : int or None, default=None
        Number of words to read from the start of each text, also in ``fit``. None reads
        all words.
    analyzer : {"word", "char"} or callable, default="word"
        What counts as a token. A callable takes a text and returns its tokens. Use
        ``list`` for texts that are lists of tokens already.
    tokenizer : callable or None, default=None
        Splits a text into words, in place of ``token_pattern``.
    token_pattern : str or None, default=r"(?u)\b\w[\w'\u2019]*\b"
        Regular expression of a word. Unlike CountVectorizer's, it keeps words of a
        single letter, and "don't" as one word. None only with a ``tokenizer``.
    lowercase : bool, default=True
        Whether letter case is ignored.
    strip_accents : {"ascii", "unicode"}, callable or None, default=None
        How to remove accents.
    preprocessor : callable or None, default=None
        Replaces ``lowercase`` and ``strip_accents``.
    stop_words : {"english"}, list or None, default=None
        Words to leave out.

    Attributes
    ----------
    vocabulary_ : dict of str to int
        The id of each word, from 2 on, ordered by frequency.
    n_tokens_ : int
        Number of ids: the number of words in the vocabulary plus 2.

    Raises
    ------
    ValueError
        If X is not a list or column of texts, or no word is left for the vocabulary.

    See Also
    --------
    sklearn.feature_extraction.text.TfidfVectorizer : Words without their order.
    GRUClassifier : Reads the sequences with ``embedding_dim``.

    Notes
    -----
    A text without a single word becomes one unknown word, so that every text has a
    sequence. Words of equal frequency are in alphabetical order.

    Examples
    --------
    >>> from skrnn.preprocessing import TextSequencer
    >>> sequencer = TextSequencer(min_df=1).fit(["A good film!", "Not a good one."])
    >>> sequencer.vocabulary_
    {'a': 2, 'good': 3, 'film': 4, 'not': 5, 'one': 6}
    >>> sequences = sequencer.transform(["not good at all", "?"])
    >>> sequences[0].ravel(), sequences[1].ravel()
    (array([5, 3, 1, 1], dtype=int32), array([1], dtype=int32))
    >>> sequencer.inverse_transform(sequences)[0]
    ['not', 'good', '<unknown>', '<unknown>']
    """

    _parameter_constraints: dict = {
        "max_features": [Interval(Integral, 1, None, closed="left"), None],
        "min_df": [
            Interval(Integral, 1, None, closed="left"),
            Interval(Real, 0, 1, closed="both"),
        ],
        "max_length": [Interval(Integral, 1, None, closed="left"), None],
        "analyzer": [StrOptions({"word", "char"}), callable],
        "tokenizer": [callable, None],
        "token_pattern": [str, None],
        "lowercase": ["boolean"],
        "strip_accents": [StrOptions({"ascii", "unicode"}), callable, None],
        "preprocessor": [callable, None],
        "stop_words": [StrOptions({"english"}), list, None],
    }

    def __init__(
        self,
        max_features: int | None = None,
        min_df: float = 2,
        max_length: int | None = None,
        *,
        analyzer: Any = "word",
        tokenizer: Any = None,
        token_pattern: str | None = r"(?u)\b\w[\w'\u2019]*\b",
        lowercase: bool = True,
        strip_accents: Any = None,
        preprocessor: Any = None,
        stop_words: Any = None,
    ) -> None:
        self.max_features = max_features
        self.min_df = min_df
        self.max_length = max_length
        self.analyzer = analyzer
        self.tokenizer = tokenizer
        self.token_pattern = token_pattern
        self.lowercase = lowercase
        self.strip_accents = strip_accents
        self.preprocessor = preprocessor
        self.stop_words = stop_words

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> TextSequencer:
        """Learn the vocabulary.

        Parameters
        ----------
        X : list, Series or ndarray of str, shape (n_samples,)
            The texts.
        y : None
            Not used; present for the scikit-learn interface.

        Returns
        -------
        self : TextSequencer
        """
        self._learn(self._tokens(X))
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X: Any, y: Any = None) -> Windows:
        """Learn the vocabulary as :meth:`fit`, and :meth:`transform` the same texts."""
        tokens = self._tokens(X)
        self._learn(tokens)
        return self._sequences(tokens)

    def transform(self, X: Any) -> Windows:
        """Return the texts as sequences of token ids.

        Parameters
        ----------
        X : list, Series or ndarray of str, shape (n_samples,)
            The texts.

        Returns
        -------
        sequences : Windows
            One sequence per text; ``sequences[i]`` has shape (n_words_i, 1), int32.
        """
        check_is_fitted(self)
        return self._sequences(self._tokens(X))

    def inverse_transform(self, X: Any) -> list[list[str]]:
        """Return the words of each sequence.

        Parameters
        ----------
        X : Windows or list of arrays of int
            Sequences of token ids.

        Returns
        -------
        words : list of list of str
            ``"<unknown>"`` for id 1; padding is left out.
        """
        check_is_fitted(self)
        words = ["", "<unknown>", *self.vocabulary_]
        sequences = [_ids(i, ids) for i, ids in enumerate(_listed(X))]
        wrong = [i for ids in sequences for i in ids if not 0 <= i < len(words)]
        if wrong:
            raise ValueError(
                f"token id {wrong[0]} is unknown to this sequencer, whose ids are 0 to "
                f"{len(words) - 1}"
            )
        return [[words[i] for i in ids if i] for ids in sequences]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags

    def _tokens(self, X: Any) -> list[list[str]]:
        """The words of each text, cut to ``max_length``."""
        texts = _check_texts(X)
        if self.tokenizer is None and self.token_pattern is None:
            raise ValueError("token_pattern=None needs a tokenizer")
        vectorizer = CountVectorizer(
            analyzer=self.analyzer,
            tokenizer=self.tokenizer,
            token_pattern=None if self.tokenizer is not None else self.token_pattern,
            lowercase=self.lowercase,
            strip_accents=self.strip_accents,
            preprocessor=self.preprocessor,
            stop_words=self.stop_words,
        )
        analyze: Callable[[Any], Any] = vectorizer.build_analyzer()
        takes_anything = callable(self.analyzer) or self.preprocessor is not None
        if not takes_anything:
            _check_strings(texts)
        if self.analyzer is list:
            _check_lists(texts)
        return [list(analyze(text))[: self.max_length] for text in texts]

    def _learn(self, tokens: list[list[str]]) -> None:
        counter = CountVectorizer(
            analyzer=lambda words: words,
            min_df=self.min_df,
            max_features=self.max_features,
        )
        try:
            counts = counter.fit_transform(tokens)
        except TypeError as error:
            raise ValueError(
                f"tokens must be of one type, such as strings, to be sorted: {error}"
            ) from error
        except ValueError as error:
            raise ValueError(
                f"no word is left for the vocabulary of {len(tokens)} texts with "
                f"min_df={self.min_df} ({error}). Lower min_df, or check which words "
                "analyzer, tokenizer, token_pattern and stop_words leave"
            ) from error
        words = counter.get_feature_names_out()  # in alphabetical order
        frequency = np.asarray(counts.sum(axis=0)).ravel()
        by_frequency = words[np.argsort(-frequency, kind="stable")]
        self.vocabulary_ = {
            word: _N_RESERVED + i for i, word in enumerate(by_frequency.tolist())
        }
        self.n_tokens_ = _N_RESERVED + len(words)

    def _sequences(self, tokens: list[list[str]]) -> Windows:
        tokens = [words or _NO_WORD for words in tokens]
        known = self.vocabulary_
        ids = (known.get(word, UNKNOWN) for word in chain.from_iterable(tokens))
        lengths = np.array([len(words) for words in tokens], dtype=np.int64)
        try:
            rows = np.fromiter(ids, dtype=np.int32, count=int(lengths.sum()))
        except TypeError as error:
            raise ValueError(
                f"tokens must be words, such as strings: {error}"
            ) from error
        starts = np.cumsum(lengths) - lengths
        return Windows(rows[:, np.newaxis], starts, lengths, self.n_tokens_)


def _check_texts(X: Any) -> list[Any]:
    if isinstance(X, (str, bytes)):
        raise ValueError(
            "expected a list of texts, got a single one; put it into a list: [text]"
        )
    if len(getattr(X, "shape", ())) == 2:
        raise ValueError(
            f"expected one column of texts, got an array of shape {X.shape}; select "
            'the column, as in X["text"]'
        )
    texts = _listed(X)
    if not texts:
        raise ValueError("expected at least one text, got an empty list (0 sample)")
    return texts


def _listed(X: Any) -> list[Any]:
    try:
        return list(X)
    except (TypeError, NotImplementedError) as error:  # of a sparse array
        raise TypeError(
            f"expected a list with one item per text, got {type(X).__name__} ({error})"
        ) from error


def _ids(index: int, sequence: Any) -> np.ndarray:
    """The token ids of a sequence."""
    with reading(f"sequence {index}"):
        ids = np.ravel(sequence)
    if ids.size and ids.dtype.kind not in "iu":
        raise ValueError(
            f"sequence {index} holds {ids.dtype}, expected integers: the token ids "
            "that transform gives"
        )
    return ids


def _check_strings(texts: list[Any]) -> None:
    for i, text in enumerate(texts):
        if isinstance(text, (str, bytes)):
            continue
        if isinstance(text, (list, tuple, np.ndarray)):
            remedy = "for texts that are lists of words already, set analyzer=list"
        else:
            remedy = "drop missing texts or make them empty; convert others with str"
        raise ValueError(f"text {i} is {text!r}, expected a string; {remedy}")


def _check_lists(texts: list[Any]) -> None:
    for i, text in enumerate(texts):
        if isinstance(text, (str, bytes)):
            raise ValueError(
                f"text {i} is the string {text!r}, but analyzer=list takes texts that "
                'are lists of words; use analyzer="word", or "char" for letters'
            )
        if not hasattr(text, "__iter__"):
            raise ValueError(
                f"text {i} is {text!r}, expected a list of words; drop missing texts"
            )
