"""Origins of forecasts against brute force."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from skrnn.windows import hold_out_last_origins, origins_within

LENGTHS = st.lists(st.integers(1, 25), min_size=1, max_size=4)


@given(LENGTHS, st.integers(1, 8), st.integers(1, 6), st.integers(1, 4))
def test_origins_are_those_of_brute_force(sizes, window_length, horizon, step_length):
    origins = origins_within(sizes, window_length, horizon, step_length)
    expected, offset = [], 0
    for series, size in enumerate(sizes):
        last = offset + size - horizon
        first = offset + (window_length if size - horizon >= window_length else 1)
        from_end = range(offset + size, first - 1, -step_length)
        ends = [end for end in from_end if end <= last][::-1]
        ends = ends or list(range(last, first - 1, -step_length))[::-1]
        expected += [(series, max(offset, end - window_length), end) for end in ends]
        offset += size
    found = zip(origins.series, origins.starts, origins.ends, strict=True)
    assert [tuple(map(int, origin)) for origin in found] == expected


@given(LENGTHS, st.integers(1, 8), st.integers(1, 6), st.floats(0.05, 0.9))
def test_no_training_target_is_held_out(sizes, window_length, horizon, fraction):
    origins = origins_within(sizes, window_length, horizon)
    train, held_out = hold_out_last_origins(origins, fraction, horizon)
    assert len(train) > 0 or len(origins) == 0
    targets = [set(range(end, end + horizon)) for end in origins.ends]
    seen = set().union(*(targets[i] for i in train)) if len(train) else set()
    assert not any(targets[i] & seen for i in held_out)
    for series in np.unique(origins.series):
        own = np.flatnonzero(origins.series == series)
        kept = np.intersect1d(own, held_out)
        n_expected = int(np.ceil(fraction * len(own)))
        assert len(kept) in (0, n_expected)
        assert list(kept) in ([], list(own[len(own) - n_expected :]))
