"""Some of the problems of fuzz_problems.py, which checks any number of them."""

import pytest
from fuzz_problems import fuzz


@pytest.mark.slow
def test_random_problems_have_no_fault():
    assert not fuzz(400, seed=1)
