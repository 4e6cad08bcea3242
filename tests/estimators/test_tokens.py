"""Networks that read token ids through an embedding."""

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from skrnn import (
    GRUClassifier,
    LSTMClassifier,
    LSTMRegressor,
    TextSequencer,
    Windows,
)
from tests.bare import plain
from tests.common_estimators import RECURRENT

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
TEXTS = ["The good, the bad.", "Don't run a bad film!", "A good good film", "the end"]
GOOD = ["good fun", "a good film", "very good", "good good stuff"] * 4
BAD = ["bad fun", "a bad film", "very bad", "bad bad stuff"] * 4
Y = np.repeat(["good", "bad"], 16)


def quick(cls=GRUClassifier, **parameters):
    small = {"hidden_layer_sizes": 6, "max_iter": 3, "random_state": 0}
    return cls(**plain(cls) | small | {"embedding_dim": 5} | parameters)


def words_of(sequences, i):
    return sequences[i].ravel().tolist()


# --- networks that read ids


def test_pipeline_learns_and_is_searched():
    pipeline = Pipeline(
        [
            ("sequence", TextSequencer(min_df=1)),
            ("net", quick(learning_rate_init=0.05, max_iter=20)),
        ]
    )
    grid = {"sequence__max_features": [2, None], "net__embedding_dim": [4]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(GOOD + BAD, Y)
    assert search.best_score_ == 1
    assert search.predict(["a good day", "bad"]).tolist() == ["good", "bad"]


@pytest.mark.parametrize("cls", RECURRENT)
def test_embedding_equals_torch(cls):
    ids = [[2, 3, 4], [5], [3, 3]]
    model = quick(cls, dtype="float64").fit(ids, [0, 1, 1])
    module = model.net_.module_
    vectors = module.embedding.weight.detach().numpy()
    assert vectors.shape == (6, 5)
    assert (vectors[0] == 0).all()
    output = module.layers[0].forward_in_time(torch.tensor(vectors[ids[0]])[None])[0]
    raw = module.head(output[:, -1]).detach().numpy()
    method = getattr(model, "decision_function", model.predict)
    np.testing.assert_allclose(method(ids[:1]), raw[:, 0], rtol=1e-9)


def test_embedding_starts_normal_and_is_not_penalised():
    ids = np.random.default_rng(0).integers(1, 2000, (200, 30))
    y = np.arange(200) % 2
    tiny = {"learning_rate_init": 1e-12, "max_iter": 1, "embedding_dim": 20}
    vectors = quick(**tiny).fit(ids, y).net_.module_.embedding.weight.detach().numpy()
    assert abs(vectors[1:].mean()) < 0.02
    assert abs(vectors[1:].std() - 1) < 0.02
    first = quick(solver="sgd", alpha=10.0, max_iter=1).fit(ids[:100], y[:100])
    again = quick(solver="sgd", alpha=0.0, max_iter=1).fit(ids[:100], y[:100])
    unused = np.setdiff1d(np.arange(2000), ids[:100])
    both = [m.net_.module_.embedding.weight.detach().numpy() for m in (first, again)]
    np.testing.assert_array_equal(
        both[0][unused[unused < len(both[0])]], both[1][unused[unused < len(both[1])]]
    )


def test_padding_is_left_out_wherever_it_stands():
    plain = [[2, 3, 4], [5, 2], [3]]
    y = [0, 1, 1]
    expected = quick().fit(plain, y).predict_proba(plain)
    after = np.array([[2, 3, 4], [5, 2, 0], [3, 0, 0]])
    before = np.array([[2, 3, 4], [0, 5, 2], [0, 0, 3]])
    inside = [[2, 0, 3, 4], [0, 5, 0, 2], [3]]
    cube = after[:, :, None].astype(float)
    for ids in (after, before, inside, cube, pd.DataFrame(after)):
        proba = quick().fit(ids, y).predict_proba(ids)
        np.testing.assert_allclose(proba, expected, rtol=1e-5)


def test_vocabulary_may_be_larger_than_what_fit_sees():
    windows = Windows.from_sequences([[2], [3]], n_tokens=50)
    model = quick().fit(windows, [0, 1])
    assert model.n_tokens_ == 50
    assert model.predict([[49]]).shape == (1,)
    parts = quick()
    sequencer = TextSequencer(min_df=1).fit(GOOD + BAD)
    for texts, y in ((GOOD, Y[:16]), (BAD, Y[16:])):
        parts.partial_fit(sequencer.transform(texts), y, classes=["bad", "good"])
    assert parts.n_tokens_ == sequencer.n_tokens_


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([[2, -1], [3]], "token id -1 in sequence 0: .*0 .padding. or larger"),
        ([[2], [3, 1.5]], "token id 1.5 in sequence 1: .* an integer"),
        ([[2], [10**12]], r"token id 1e\+12: .* consecutive ids"),
        ([[2], [0, 0]], "sequence 1 is empty: it holds nothing but padding"),
        (np.zeros((2, 3, 2)), "2 features a time step, but embedding_dim"),
        (["a text", "another"], "Put TextSequencer before the network"),
        (pd.Series(["a text", "another"]), "Put TextSequencer before the network"),
        (pd.DataFrame({"text": ["a", "b"]}), "Put TextSequencer before the network"),
        ("a text", "Put TextSequencer before the network"),
    ],
)
@pytest.mark.parametrize("cls", [LSTMClassifier, LSTMRegressor])
def test_bad_ids_are_refused(cls, ids, message):
    with pytest.raises(ValueError, match=message):
        quick(cls).fit(ids, [0, 1])


def test_ids_that_fit_has_not_seen_are_refused():
    model = quick().fit([[2], [3, 4]], [0, 1])
    with pytest.raises(ValueError, match=r"token id 7 in sequence 1, .* ids below 5"):
        model.predict([[2], [7]])


def test_ids_need_an_embedding():
    sequences = TextSequencer(min_df=1).fit_transform(TEXTS)
    with pytest.raises(ValueError, match=r"ids of .* tokens.*embedding_dim=32"):
        quick(embedding_dim=None).fit(sequences, [0, 1, 0, 1])


def test_folds_of_a_shared_vocabulary():
    windows = TextSequencer(min_df=1).fit_transform(GOOD + BAD)
    fold = windows[np.arange(0, 32, 2)]
    assert fold.n_tokens == windows.n_tokens
    proba = quick().fit(fold, Y[::2]).predict_proba(fold)
    lists = [words_of(windows, i) for i in range(0, 32, 2)]
    data = Windows.from_sequences(lists)
    same = Windows(data.rows, data.starts, data.lengths, windows.n_tokens)
    expected = quick().fit(same, Y[::2]).predict_proba(same)
    np.testing.assert_allclose(proba, expected, rtol=1e-5)


def test_copies_keep_the_embedding():
    ids = [[2, 3, 4], [5], [3, 3]]
    model = quick().fit(ids, [0, 1, 1])
    other = pickle.loads(pickle.dumps(model.set_params(embedding_dim=None)))
    np.testing.assert_array_equal(other.predict_proba(ids), model.predict_proba(ids))
