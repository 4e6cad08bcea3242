"""Tell positive from negative review sentences, beside TF-IDF and logistic regression.

Words go through ``TextSequencer -> GRUClassifier``, once with the defaults and once
tuned; the rival counts words and pairs of words, and forgets their order.
``GridSearchCV`` tunes on the reviews of the training part; sentences of one review
never stand on both sides of a split. The test reviews are looked at once. 3,000 short
sentences are few for learning what words mean: the rival is better, and the table says
so.

    python examples/classify_reviews.py

prints the table and what the network makes of a few sentences, and draws the accuracy
by length of the sentence into ``output/classify_reviews.png``.
"""

from __future__ import annotations

import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import GridSearchCV, GroupKFold, GroupShuffleSplit
from sklearn.pipeline import Pipeline

from skrnn import GRUClassifier, TextSequencer, load_reviews

SEEDS = [0, 1, 2]
SENTENCES = [
    "this is not a good camera.",
    "this is a good camera.",
    "i returned it after two days.",
    "the battery lasts, and the screen is sharp.",
]
PICTURE = Path("output") / "classify_reviews.png"


def plain(seed: int = 0) -> Pipeline:
    net = GRUClassifier(embedding_dim=32, random_state=seed)
    return Pipeline([("words", TextSequencer()), ("net", net)])


def network(seed: int = 0) -> Pipeline:
    """The network to be tuned."""
    net = GRUClassifier(
        hidden_layer_sizes=32,
        bidirectional=True,
        embedding_dim=32,
        label_smoothing=0.0,
        batch_size=64,
        learning_rate="onecycle",
        learning_rate_init=0.01,
        max_iter=6,
        random_state=seed,
    )
    return Pipeline([("words", TextSequencer()), ("net", net)])


def word_counts() -> Pipeline:
    tfidf = TfidfVectorizer(
        ngram_range=(1, 2),
        sublinear_tf=True,
        token_pattern=TextSequencer().token_pattern,
    )
    return Pipeline([("words", tfidf), ("net", LogisticRegression(max_iter=1000))])


def tune(
    model: Pipeline, grid: dict, X: pd.Series, y: pd.Series, groups
) -> GridSearchCV:
    search = GridSearchCV(
        model, grid, cv=GroupKFold(3), scoring="neg_log_loss", n_jobs=2
    )
    return search.fit(X, y, groups=groups)


def main() -> None:
    reviews = load_reviews()
    split = GroupShuffleSplit(n_splits=1, test_size=0.2, random_state=0)
    train, test = next(split.split(reviews.data, reviews.target, reviews.groups))
    X, y = reviews.data.iloc[train], reviews.target.iloc[train]
    X_test, y_test = reviews.data.iloc[test], reviews.target.iloc[test]
    groups = reviews.groups.iloc[train]

    start = time.perf_counter()
    searched = tune(
        network(),
        {"net__pooling": ["last", "mean", "max"], "words__min_df": [2, 4]},
        X,
        y,
        groups,
    )
    chosen = searched.best_params_
    fits = [network(seed).set_params(**chosen).fit(X, y) for seed in SEEDS]
    seconds = time.perf_counter() - start
    plain_fits = [plain(seed).fit(X, y) for seed in SEEDS]
    rival = tune(word_counts(), {"net__C": [0.3, 1, 3, 10, 30]}, X, y, groups)
    majority = DummyClassifier().fit(X, y)

    print(f"{len(X)} training and {len(X_test)} test sentences, of other reviews.")
    print(f"Chosen on the training reviews: {chosen}; {rival.best_params_}.")
    print(f"Search and three fits of the network took {seconds:.0f} s.\n")
    scores = {
        "always positive": [scores_of(majority, X_test, y_test)],
        "TF-IDF, logistic regression": [scores_of(rival, X_test, y_test)],
        "GRUClassifier": [scores_of(m, X_test, y_test) for m in plain_fits],
        "GRUClassifier, tuned": [scores_of(m, X_test, y_test) for m in fits],
    }
    table = pd.DataFrame({name: np.mean(rows, axis=0) for name, rows in scores.items()})
    print(table.set_axis(["accuracy", "log loss"]).T.round(3).to_string())
    each = ", ".join(f"{row[0]:.3f}" for row in scores["GRUClassifier, tuned"])
    print(f"\nAccuracy of the tuned network with seeds {SEEDS}: {each}\n")
    for text in SENTENCES:
        probability = np.mean([m.predict_proba([text])[0, 1] for m in fits])
        print(f"{probability:.2f} positive: {text}")
    draw(X_test, y_test, fits, rival)
    print(f"\nSee {PICTURE}")


def scores_of(model, X: pd.Series, y: pd.Series) -> tuple[float, float]:
    return accuracy_score(y, model.predict(X)), log_loss(y, model.predict_proba(X))


def draw(X: pd.Series, y: pd.Series, fits: list, rival: GridSearchCV) -> None:
    """Accuracy by the number of words, of both."""
    n_words = X.str.split().str.len()
    bins = pd.cut(n_words, [0, 8, 14, 20, 30, 200])
    right = np.mean([model.predict(X) == y for model in fits], axis=0)
    table = pd.DataFrame(
        {
            "GRUClassifier": pd.Series(right, X.index)
            .groupby(bins, observed=True)
            .mean(),
            "TF-IDF, logistic regression": pd.Series(rival.predict(X) == y, X.index)
            .groupby(bins, observed=True)
            .mean(),
        }
    )
    counts = n_words.groupby(bins, observed=True).size()
    table.index = [
        f"{int(b.left) + 1} to {int(min(b.right, n_words.max()))} words\n(n = {n})"
        for b, n in counts.items()
    ]
    figure, axes = plt.subplots(figsize=(9, 4.5), layout="constrained")
    table.plot.bar(ax=axes, rot=0, color=["C3", "C1"], width=0.7)
    share = (y == "positive").mean()
    axes.axhline(share, color="C7", linestyle="--", label="always positive")
    axes.set_ylim(0.4, 1)
    axes.set_ylabel("test accuracy")
    axes.set_title("Positive or negative? Accuracy by length of the sentence")
    axes.legend(loc="upper right")
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, dpi=120)


if __name__ == "__main__":
    main()
