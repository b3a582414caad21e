"""Named streams: equal name and seed give equal bits, and different ones give unrelated numbers."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from onebit_rf.jobs.seeds import stream

names = st.tuples(st.sampled_from(["weights", "data", "teacher"]), st.integers(0, 10))


@given(st.integers(0, 2**31 - 1), names)
def test_same_seed_and_name_give_the_same_bits(seed, name):
    assert np.array_equal(stream(seed, *name).bytes(16), stream(seed, *name).bytes(16))


@given(st.tuples(st.integers(0, 100), names), st.tuples(st.integers(0, 100), names))
def test_another_seed_or_name_gives_other_bits(one, two):
    if one != two:
        assert stream(one[0], *one[1]).bytes(16) != stream(two[0], *two[1]).bytes(16)


def test_streams_are_uncorrelated():
    n = 100_000
    draws = [stream(seed, "weights", layer).standard_normal(n) for seed in (0, 1) for layer in (1, 2)]
    correlation = np.corrcoef(draws)[np.triu_indices(4, 1)]
    assert np.abs(correlation).max() < 5 / np.sqrt(n)  # five standard errors of a zero correlation


def test_more_rows_keep_the_first_ones():
    few = stream(3, "data", "train").standard_normal((10, 7), dtype=np.float32)
    many = stream(3, "data", "train").standard_normal((50, 7), dtype=np.float32)
    assert np.array_equal(few, many[:10])
