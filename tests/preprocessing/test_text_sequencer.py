"""Texts become sequences of token ids."""

import pickle
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.pipeline import make_pipeline

from skrnn import (
    GRUClassifier,
    TextSequencer,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
TEXTS = ["The good, the bad.", "Don't run a bad film!", "A good good film", "the end"]
GOOD = ["good fun", "a good film", "very good", "good good stuff"] * 4
BAD = ["bad fun", "a bad film", "very bad", "bad bad stuff"] * 4
Y = np.repeat(["good", "bad"], 16)


def words_of(sequences, i):
    return sequences[i].ravel().tolist()


def test_ids_follow_frequency_then_the_alphabet():
    sequencer = TextSequencer(min_df=1).fit(TEXTS)
    counts = Counter(
        " ".join(TEXTS)
        .lower()
        .replace(",", "")
        .replace(".", "")
        .replace("!", "")
        .split()
    )
    expected = sorted(counts, key=lambda word: (-counts[word], word))
    assert list(sequencer.vocabulary_) == expected
    assert list(sequencer.vocabulary_.values()) == list(range(2, 2 + len(expected)))
    assert sequencer.n_tokens_ == 2 + len(expected)
    sequences = sequencer.transform(["Bad, bad, unheard of FILM"])
    bad, film = sequencer.vocabulary_["bad"], sequencer.vocabulary_["film"]
    assert words_of(sequences, 0) == [bad, bad, 1, 1, film]
    assert sequences.n_tokens == sequencer.n_tokens_
    assert sequences.dtype == np.int32


@pytest.mark.parametrize(
    "options", [{"min_df": 2}, {"min_df": 0.5}, {"max_features": 3, "min_df": 1}]
)
def test_vocabulary_is_that_of_count_vectorizer(options):
    pattern = TextSequencer().token_pattern
    vectorizer = CountVectorizer(token_pattern=pattern, **options).fit(TEXTS)
    sequencer = TextSequencer(**options).fit(TEXTS)
    assert set(sequencer.vocabulary_) == set(vectorizer.vocabulary_)


def test_words_are_whole():
    sequencer = TextSequencer(min_df=1).fit(["I don't, the dogs' don\u2019t 'x'"])
    assert set(sequencer.vocabulary_) == {
        "i",
        "don't",
        "the",
        "dogs",
        "don\u2019t",
        "x",
    }


@pytest.mark.parametrize(
    ("options", "text", "expected"),
    [
        ({"tokenizer": str.split}, "not-so good!", ["not-so", "good!"]),
        ({"analyzer": "char"}, "ab a", ["a", "b", " ", "a"]),
        ({"analyzer": lambda text: text.split("-")}, "A-b", ["A", "b"]),
        ({"analyzer": list}, ["egg", "milk"], ["egg", "milk"]),
        ({"tokenizer": str.split, "token_pattern": None}, "a-b c", ["a-b", "c"]),
        ({"lowercase": False}, "Good", ["Good"]),
        ({"strip_accents": "unicode"}, "caf\u00e9", ["cafe"]),
        ({"stop_words": "english"}, "the film", ["film"]),
        ({"stop_words": ["film"]}, "the film", ["the"]),
        ({"token_pattern": r"\w\w\w+"}, "a bad film", ["bad", "film"]),
        (
            {"preprocessor": lambda record: record["text"]},
            {"text": "ab c"},
            ["ab", "c"],
        ),
        ({"max_length": 2}, "one two three", ["one", "two"]),
    ],
)
def test_how_a_text_is_taken_apart(options, text, expected):
    sequencer = TextSequencer(min_df=1, **options)
    sequences = sequencer.fit_transform([text])
    assert sequencer.inverse_transform(sequences) == [expected]
    assert set(sequencer.vocabulary_) == set(expected)


def test_vocabulary_comes_from_fit_only():
    sequencer = TextSequencer(min_df=1).fit(TEXTS[:2])
    before = dict(sequencer.vocabulary_)
    sequencer.transform(TEXTS)
    assert sequencer.vocabulary_ == before
    network = GRUClassifier(6, embedding_dim=5, max_iter=3, random_state=0)
    pipeline = make_pipeline(sequencer, network)
    pipeline.fit(GOOD + BAD, Y)
    assert "film" in pipeline[0].vocabulary_
    assert "unheard" not in pipeline[0].vocabulary_
    assert pipeline.predict(["unheard of"]).shape == (1,)


def test_text_without_a_word_becomes_one_unknown_word():
    sequencer = TextSequencer(min_df=1).fit(TEXTS)
    sequences = sequencer.transform(["", "?!", "good"])
    assert [words_of(sequences, i) for i in range(2)] == [[1], [1]]
    assert sequencer.inverse_transform([[0, 1, 2]])[0][0] == "<unknown>"


def test_lists_of_words_are_lists_of_one_type():
    with pytest.raises(ValueError, match=r"text 1 is the string 'egg'.*analyzer=list"):
        TextSequencer(min_df=1, analyzer=list).fit([["egg"], "egg"])
    with pytest.raises(ValueError, match="tokens must be of one type"):
        TextSequencer(min_df=1, analyzer=list).fit([["egg", 1], [1]])


@pytest.mark.parametrize("ids", [[[-1]], [[99]]])
def test_only_own_ids_become_words(ids):
    with pytest.raises(ValueError, match="unknown to this sequencer, whose ids are"):
        TextSequencer(min_df=1).fit(TEXTS).inverse_transform(ids)


@pytest.mark.parametrize(
    "texts",
    [pd.Series(TEXTS, index=list("wxyz")), np.array(TEXTS), np.array(TEXTS, "O")],
)
def test_any_container_of_texts_is_taken(texts):
    expected = TextSequencer().fit_transform(TEXTS)
    result = TextSequencer().fit_transform(texts)
    np.testing.assert_array_equal(result.rows, expected.rows)
    np.testing.assert_array_equal(result.starts, expected.starts)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ("a text", r"got a single one; put it into a list: \[text\]"),
        (pd.DataFrame({"text": TEXTS}), r'one column of texts.*X\["text"\]'),
        (np.array([TEXTS]), r"one column of texts, got an array of shape \(1, 4\)"),
        ([], "at least one text, got an empty list"),
        (["good", None], "text 1 is None, expected a string; drop missing texts"),
        ([["egg", "milk"], ["egg"]], r"text 0 is \['egg', .*set analyzer=list"),
        ([1.5, "good"], "text 0 is 1.5, expected a string"),
        (["one", "two"], "no word is left .* min_df=2 .*Lower min_df"),
        (["?", "!"], "no word is left"),
    ],
)
def test_bad_texts_are_refused(texts, message):
    with pytest.raises(ValueError, match=message):
        TextSequencer().fit(texts)


def test_sequencer_is_a_scikit_learn_transformer():
    sequencer = TextSequencer(max_features=4, tokenizer=str.split)
    assert clone(sequencer).get_params() == sequencer.get_params()
    with pytest.raises(NotFittedError):
        sequencer.transform(TEXTS)
    with pytest.raises(ValueError, match="max_features"):
        TextSequencer(max_features=0).fit(TEXTS)
    other = pickle.loads(pickle.dumps(sequencer.fit(TEXTS)))
    assert other.vocabulary_ == sequencer.vocabulary_
