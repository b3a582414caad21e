"""Flips and shifts against loops over images and pixels with the same draws, and their frequencies."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from onebit_rf.errors import OnebitError
from onebit_rf.training.augmentation import AUGMENTATIONS, augment

sizes = st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3]))


def rows(image, n=7, seed=0):
    numbers = np.random.default_rng(seed).standard_normal((n, int(np.prod(image))))
    return torch.from_numpy(numbers.astype(np.float32))


def flipped(x, image, rng):
    draws, result = rng.random(len(x)), x.clone()
    for one, draw in zip(result.view(-1, *image), draws, strict=True):
        if draw < 0.5:
            one[:] = one[:, range(image[1] - 1, -1, -1)].clone()
    return result


def shifted(x, image, rng):
    """Pixel (i, j) of the result is that at (i, j) + draw − margin, or 0 where that is outside."""
    height, width, _ = image
    down, right = (rng.integers(0, 2 * (side // 8) + 1, len(x)) - side // 8 for side in (height, width))
    result = torch.zeros_like(x)
    for k, (old, new) in enumerate(zip(x.view(-1, *image), result.view(-1, *image), strict=True)):
        for i in range(max(0, -down[k]), min(height, height - down[k])):
            for j in range(max(0, -right[k]), min(width, width - right[k])):
                new[i, j] = old[i + down[k], j + right[k]]
    return result


@given(sizes, st.integers(0, 99))
def test_flips_are_those_of_a_loop(image, seed):
    x = rows(image)
    expected = flipped(x, image, np.random.default_rng(seed))
    assert torch.equal(augment(x, image, ["flip"], np.random.default_rng(seed)), expected)


@given(sizes, st.integers(0, 99))
def test_shifts_are_those_of_a_loop(image, seed):
    x = rows(image, n=3)
    expected = shifted(x, image, np.random.default_rng(seed))
    assert torch.equal(augment(x, image, ["shift"], np.random.default_rng(seed)), expected)


def test_kinds_follow_each_other():
    image = (16, 24, 3)
    x, rng = rows(image), np.random.default_rng(5)
    expected = shifted(flipped(x, image, rng), image, rng)
    assert torch.equal(augment(x, image, ["flip", "shift"], np.random.default_rng(5)), expected)


def test_half_of_the_images_are_flipped_and_all_shifts_are_as_frequent():
    """Of images with one white pixel, left of the middle, whose place tells what happened."""
    n, image = 20_000, (32, 32, 1)
    x = torch.zeros(n, *image)
    x[:, 16, 10] = 1
    changed = augment(x.view(n, -1), image, ["flip"], np.random.default_rng(0)).view(n, 32, 32)
    # The share of a binomial law: standard error ½ n^−½; four of them.
    assert changed[:, 16, 21].mean().item() == pytest.approx(0.5, abs=4 * 0.5 * n**-0.5)
    changed = augment(x.view(n, -1), image, ["shift"], np.random.default_rng(0)).view(n, 32, 32)
    counts = changed.sum(0)[12:21, 6:15]
    # 81 places, n/81 images in each with a standard error of its root; the largest of 81 is within five of them.
    assert counts.sum() == n
    np.testing.assert_allclose(counts, n / 81, atol=5 * (n / 81) ** 0.5)


def test_without_kinds_rows_stay_as_they_are():
    x = rows((4, 4, 1))
    assert augment(x, (4, 4, 1), [], np.random.default_rng(0)) is x
    assert augment(x, None, [], np.random.default_rng(0)) is x


@given(st.lists(st.sampled_from(AUGMENTATIONS)), st.integers(0, 99))
def test_the_generator_alone_decides_and_the_rows_are_not_written_to(kinds, seed):
    image = (16, 16, 3)
    x = rows(image)
    before = x.clone()
    first, second = (augment(x, image, kinds, np.random.default_rng(seed)) for _ in range(2))
    assert torch.equal(first, second)
    assert torch.equal(x, before)
    assert first.is_contiguous()
    assert first.dtype == torch.float32


def test_what_is_not_known_or_no_image_is_refused():
    with pytest.raises(OnebitError, match="augment: must be of flip, shift, got 'turn'"):
        augment(rows((4, 4, 1)), (4, 4, 1), ["turn"], np.random.default_rng(0))
    with pytest.raises(OnebitError, match="augment: changes images, which the inputs are not; leave it out"):
        augment(rows((4, 4, 1)), None, ["flip"], np.random.default_rng(0))
