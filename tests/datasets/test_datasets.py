"""The data sets: what their loaders return, and from which files."""

import gzip
from collections import Counter

import numpy as np
import pytest

from skrnn import (
    load_reviews,
)
from skrnn.datasets import load_electricity, load_fashion_mnist, load_stocks


@pytest.mark.parametrize("symbol", ["IBM", "MSFT"])
def test_stocks(symbol):
    stocks = load_stocks(symbol)
    assert stocks.frame.shape == (3270, 6)
    assert stocks.data.shape == (3269, 6)
    assert stocks.frame.index.is_monotonic_increasing
    assert not stocks.frame.isna().any(axis=None)
    assert (stocks.frame["High"] >= stocks.frame["Low"]).all()
    assert (stocks.target.to_numpy() == stocks.frame["Close"].to_numpy()[1:]).all()
    assert "public domain" in stocks.DESCR
    data, target = load_stocks(symbol, return_X_y=True, as_frame=False)
    assert data.shape == (3269, 6)
    assert target.shape == (3269,)


def test_known_prices():
    frame = load_stocks("MSFT").frame
    assert frame.index[0].isoformat() == "2000-03-01T00:00:00"
    assert frame.index[-1].isoformat() == "2013-03-01T00:00:00"
    close = frame["Close"]
    assert close["2003-02-18"] / close["2003-02-14"] == pytest.approx(0.5, abs=0.05)


def test_unknown_symbol_lists_what_there_is():
    with pytest.raises(ValueError, match=r"\['IBM', 'MSFT'\], got 'GE'"):
        load_stocks("GE")


def test_electricity():
    electricity = load_electricity()
    frame = electricity.frame
    assert frame.shape == (15_864, 4)
    assert list(frame) == [electricity.target_name, *electricity.feature_names]
    assert frame.index.freq == "h"
    assert frame.index.tz is None
    assert frame.index[0].isoformat() == "2019-03-11T00:00:00"
    assert frame.index[-1].isoformat() == "2020-12-30T23:00:00"
    assert not frame.isna().any(axis=None)
    assert electricity.data.equals(frame[["temp_min", "temp_max", "holiday"]])
    assert electricity.target.equals(frame["demand"])
    assert "public domain" in electricity.DESCR
    data, target = load_electricity(return_X_y=True, as_frame=False)
    assert data.shape == (15_864, 3)
    assert target.shape == (15_864,)
    arrays = load_electricity(as_frame=False)
    assert arrays.frame is None
    assert np.isnan(arrays.forecast).sum() == 2


def test_electricity_is_plausible():
    electricity = load_electricity()
    frame, demand = electricity.frame, electricity.target
    assert demand["2019-03-11 00:00"] == 8658
    assert demand.idxmax().isoformat() == "2019-07-16T15:00:00"
    hour = frame.index.hour
    assert demand[(hour >= 8) & (hour < 20)].mean() > 1.3 * demand[hour < 5].mean()
    days = frame.groupby(frame.index.normalize())
    assert (days[electricity.feature_names].nunique() == 1).all(axis=None)
    assert (frame["temp_min"] <= frame["temp_max"]).all()
    assert frame["holiday"].isin([0, 1]).all()
    assert frame.loc["2020-12-25", "holiday"].all()
    summer = days[["demand", "temp_max"]].max()["2019-06":"2019-08"]
    assert summer["demand"].corr(summer["temp_max"]) > 0.6
    late = slice("2020-11-05", None)
    week_ago = (demand.shift(168) / demand - 1).abs()[late].mean()
    operator = (electricity.forecast / demand - 1).abs()[late].mean()
    assert week_ago == pytest.approx(0.1134, abs=1e-4)
    assert operator == pytest.approx(0.0247, abs=1e-4)


def test_fashion_mnist():
    fashion = load_fashion_mnist()
    assert fashion.data.shape == (4000, 784)
    assert fashion.images.shape == (4000, 28, 28)
    assert fashion.data.dtype == np.uint8
    np.testing.assert_array_equal(fashion.images.reshape(4000, 784), fashion.data)
    for subset, n_each in (("all", 400), ("train", 300), ("test", 100)):
        data, target = load_fashion_mnist(subset=subset, return_X_y=True)
        assert len(data) == 10 * n_each
        assert (np.bincount(target) == n_each).all()
    train, _ = load_fashion_mnist(subset="train", return_X_y=True)
    np.testing.assert_array_equal(train, fashion.data[:3000])
    assert "MIT" in fashion.DESCR
    assert fashion.target_names[9] == "Ankle boot"
    trousers = fashion.images[fashion.target == 1].mean(axis=0)
    assert trousers[:, 14].mean() > 3 * trousers[:, 3].mean()  # upright, in the middle


def write_idx(folder, name, array, packed):
    content = bytes([0, 0, 8, array.ndim])
    content += b"".join(size.to_bytes(4, "big") for size in array.shape)
    content += array.tobytes()
    if packed:
        (folder / f"{name}.gz").write_bytes(gzip.compress(content))
    else:
        (folder / name).write_bytes(content)


@pytest.mark.parametrize("packed", [False, True])
def test_fashion_mnist_from_a_folder(tmp_path, packed):
    images = np.arange(2 * 784, dtype=np.uint8).reshape(2, 28, 28)
    for part in ("train", "t10k"):
        write_idx(tmp_path, f"{part}-images-idx3-ubyte", images, packed)
        labels = np.array([3, 7], dtype=np.uint8)
        write_idx(tmp_path, f"{part}-labels-idx1-ubyte", labels, packed)
    data, target = load_fashion_mnist(str(tmp_path), return_X_y=True)
    np.testing.assert_array_equal(data[2:], images.reshape(2, 784))
    assert target.tolist() == [3, 7, 3, 7]


def test_damaged_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="neither train-images"):
        load_fashion_mnist(tmp_path, subset="train")
    name = "train-images-idx3-ubyte"
    for content, message in (
        (b"P5 28 28", "is not an idx file"),
        (bytes([0, 0, 8, 1, 0, 0, 0, 9, 1, 2]), "should hold 9 values"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=message):
            load_fashion_mnist(tmp_path, subset="train")
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(b"0" * 999)[:-9])
    with pytest.raises(ValueError, match="cannot be read"):
        load_fashion_mnist(tmp_path, subset="train")
    with pytest.raises(ValueError, match="subset must be one of"):
        load_fashion_mnist(subset="validation")


def test_reviews():
    reviews = load_reviews()
    assert reviews.frame.shape == (3708, 4)
    assert reviews.data.shape == reviews.target.shape == reviews.groups.shape == (3610,)
    assert Counter(reviews.target) == {"positive": 2128, "negative": 1482}
    assert reviews.frame["review"].nunique() == 300
    assert reviews.groups.nunique() == 299
    assert reviews.frame["rating"].between(-4, 4).all()
    lengths = reviews.frame["text"].str.split().str.len()
    assert (lengths.min(), lengths.max()) == (1, 146)
    assert "MIT" in reviews.DESCR
    data, target = load_reviews(return_X_y=True, as_frame=False)
    assert data.tolist() == reviews.data.tolist()
    assert target.tolist() == reviews.target.tolist()
