"""Distortions of images: each against its definition by another route, and the table of distorted test images."""

import colorsys
import io
import subprocess
import sys

import numpy as np
import pytest
from data_builders import images, table
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image
from scipy.fft import dctn

from conftest import ROOT
from onebit_rf.data.distorted import read_distorted, write_distorted
from onebit_rf.data.distortions import DISTORTIONS, SEVERITIES, distort, to_bytes
from onebit_rf.errors import OnebitError
from onebit_rf.tables.distorted import DISTORTED
from onebit_rf.tables.files import read_provenance, read_table

KINDS = DISTORTIONS.names()
NOISES = [kind for kind in KINDS if kind.endswith("_noise")]
PIXELS = 40_000  # of a flat image, times three channels
SIGMAS = 5  # standard errors that a sample may be off


def constants(kind):
    """The severities' constants, as cases of a test."""
    return pytest.mark.parametrize("constant", DISTORTIONS.get(kind).constants)


def severity_of(kind, constant):
    return 1 + DISTORTIONS.get(kind).constants.index(constant)


def apply(kind, image, constant, seed=0):
    return DISTORTIONS.get(kind).apply(image, constant, np.random.default_rng(seed))


def flat(value):
    return np.full((200, PIXELS // 200, 3), value)


def scenes(n=4, channels=3, side=32, seed=0):
    """Images of smooth colours, sharp edges and a fine texture, uint8."""
    rng, at = np.random.default_rng(seed), np.linspace(0, 1, side)
    made = np.empty((n, side, side, channels))
    for image in made:
        for c in range(channels):
            a, b, d = rng.uniform(1, 6, 3)
            image[..., c] = 0.5 + 0.4 * np.sin(a * at[:, None] + b * at + d)
        top, left, bottom, right = rng.integers(2, side // 2, 4)
        image[top:-bottom, left:-right] = rng.random(channels)
    return to_bytes(made + 0.05 * rng.standard_normal(made.shape))


def check_moments(found, mean, variance, excess=0.0):
    """Hold a sample's mean and variance to those of its law, of the given excess kurtosis."""
    n = found.size
    assert abs(found.mean() - mean) < SIGMAS * np.sqrt(variance / n)
    assert abs(found.var() - variance) < SIGMAS * variance * np.sqrt((2 + excess) / n)


@constants("gaussian_noise")
def test_gaussian_noise_has_its_variance_everywhere(constant):
    for value in (0.0, 0.4):
        check_moments(apply("gaussian_noise", flat(value), constant), value, constant**2)


@constants("shot_noise")
def test_shot_noise_is_a_number_of_photons(constant):
    found = apply("shot_noise", flat(0.4), constant)
    check_moments(found, 0.4, 0.4 / constant, excess=1 / (0.4 * constant))
    assert np.abs(found * constant - np.rint(found * constant)).max() < 1e-9
    assert not apply("shot_noise", flat(0.0), constant).any()


@constants("speckle_noise")
def test_speckle_noise_is_proportional_to_the_value(constant):
    for value in (0.1, 0.4):
        check_moments(apply("speckle_noise", flat(value), constant), value, (constant * value) ** 2)
    assert not apply("speckle_noise", flat(0.0), constant).any()


@constants("impulse_noise")
def test_impulse_noise_is_as_much_salt_as_pepper_in_each_channel_by_itself(constant):
    found = apply("impulse_noise", flat(0.4), constant)
    assert set(np.unique(found)) == {0.0, 0.4, 1.0}
    salt, pepper = found == 1, found == 0
    hit = salt | pepper
    shares = [(salt, constant / 2), (pepper, constant / 2)]  # then two channels of a pixel at once
    shares += [(hit[..., i] & hit[..., j], constant**2) for i, j in ((0, 1), (0, 2), (1, 2))]
    for seen, share in shares:
        assert abs(seen.mean() - share) < SIGMAS * np.sqrt(share * (1 - share) / seen.size)


@constants("contrast")
def test_contrast_shrinks_towards_the_mean_of_each_channel(constant):
    image = scenes(1)[0] / 255
    found = apply("contrast", image, constant)
    np.testing.assert_allclose(found.mean(axis=(0, 1)), image.mean(axis=(0, 1)), rtol=1e-12)
    np.testing.assert_allclose(found.std(axis=(0, 1)), constant * image.std(axis=(0, 1)), rtol=1e-12)
    across, down = np.diff(found, axis=1), np.diff(found, axis=0)
    np.testing.assert_allclose(across, constant * np.diff(image, axis=1), atol=1e-15)
    np.testing.assert_allclose(down, constant * np.diff(image, axis=0), atol=1e-15)


def by_colorsys(image, change):
    """Change (hue, saturation, value) of every pixel by the standard library."""
    pixels = [colorsys.hsv_to_rgb(*change(*colorsys.rgb_to_hsv(*pixel))) for pixel in image.reshape(-1, 3).tolist()]
    return np.reshape(pixels, image.shape)


# Few different bytes, so that grey, black, white and pure colours are among the pixels.
colours = hnp.arrays(np.uint8, (3, 4, 3), elements=st.sampled_from([0, 1, 90, 91, 254, 255]) | st.integers(0, 255))


@given(colours, st.sampled_from(DISTORTIONS.get("brightness").constants))
def test_brightness_moves_the_value_at_the_same_hue_and_saturation(pixels, constant):
    wanted = by_colorsys(pixels / 255, lambda h, s, v: (h, s, min(v + constant, 1)))
    np.testing.assert_allclose(apply("brightness", pixels / 255, constant), wanted, atol=1e-12)


@given(colours, st.sampled_from(DISTORTIONS.get("saturate").constants))
def test_saturation_changes_at_the_same_hue_and_value(pixels, constant):
    factor, more = constant
    wanted = by_colorsys(pixels / 255, lambda h, s, v: (h, min(factor * s + more, 1), v))
    np.testing.assert_allclose(apply("saturate", pixels / 255, constant), wanted, atol=1e-12)


def test_grey_images_have_a_value_and_no_saturation():
    grey = scenes(channels=1)
    for severity, more in zip(SEVERITIES, DISTORTIONS.get("brightness").constants, strict=True):
        assert np.array_equal(distort(grey, "brightness", severity, 0), to_bytes(grey / 255 + more))
        assert np.array_equal(distort(grey, "saturate", severity, 0), grey)


@constants("gaussian_blur")
@pytest.mark.parametrize("shape", [(12, 9, 3), (2, 3, 1)])
def test_blur_is_the_explicit_sum_over_the_kernel(constant, shape):
    image, reach = np.random.default_rng(0).random(shape), round(4 * constant)
    offsets = np.arange(-reach, reach + 1)
    kernel = np.exp(-(offsets[:, None] ** 2 + offsets**2) / (2 * constant**2))
    kernel /= kernel.sum()
    padded = np.pad(image, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    wanted = sum(
        kernel[i, j] * padded[i : i + shape[0], j : j + shape[1]]
        for i in range(len(kernel))
        for j in range(len(kernel))
    )
    np.testing.assert_allclose(apply("gaussian_blur", image, constant), wanted, rtol=1e-12)


# Of the JPEG standard, annex K: the steps of the coefficients of grey at quality 50.
STEPS = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
)


def coefficients(grey):
    """The cosine coefficients of blocks of 8 × 8 pixels, shape (n, rows, columns, 8, 8)."""
    n, height, width, _ = grey.shape
    blocks = grey.reshape(n, height // 8, 8, width // 8, 8).swapaxes(2, 3)
    return dctn(blocks - 128.0, axes=(3, 4), norm="ortho")


@constants("jpeg")
def test_jpeg_rounds_the_cosine_coefficients_of_grey_blocks(constant):
    """Pixels that are rounded move a coefficient by √(1/12), which hides whether a halfway one went up or down."""
    scale = 5000 / constant if constant < 50 else 200 - 2 * constant  # the convention of the Independent JPEG Group
    steps = np.clip((STEPS * scale + 50) // 100, 1, 255)
    grey = to_bytes(0.5 + 0.06 * np.random.default_rng(0).standard_normal((20, 32, 32, 1)))  # none is clipped
    before, after = coefficients(grey), coefficients(distort(grey, "jpeg", severity_of("jpeg", constant), 0))
    slack = SIGMAS * np.sqrt(1 / 12)
    assert np.abs(after - steps * np.rint(after / steps)).max() < slack
    assert (np.abs(after - before) - steps / 2).max() < slack


@pytest.mark.parametrize(("mode", "channels"), [("RGB", 3), ("L", 1)])
@constants("jpeg")
def test_jpeg_is_a_file_of_that_quality_read_again(constant, mode, channels):
    clean, buffer = scenes(1, channels), io.BytesIO()
    Image.fromarray(clean.squeeze()).save(buffer, "JPEG", quality=constant)
    with Image.open(buffer) as picture:
        assert picture.mode == mode
        assert np.array_equal(np.asarray(picture), distort(clean, "jpeg", severity_of("jpeg", constant), 0).squeeze())


@pytest.mark.parametrize("shape", [(32, 32, 3), (28, 32, 1)])
@constants("pixelate")
def test_pixelated_images_are_means_over_boxes_of_pixels(constant, shape):
    """Of the pixels whose centres lie in a box, down; the box that a pixel's centre lies in, up."""
    pixels = np.random.default_rng(0).integers(0, 256, (1, *shape), dtype=np.uint8)
    found = distort(pixels, "pixelate", severity_of("pixelate", constant), 0)[0]
    wanted = pixels[0].astype(float)
    for axis in (0, 1):
        box = ((np.arange(shape[axis]) + 0.5) * int(constant * shape[axis]) / shape[axis]).astype(int)
        same = (box[:, None] == box).astype(float)
        wanted = np.moveaxis(np.tensordot(same / same.sum(axis=1), wanted, (1, axis)), 0, axis)
    assert np.abs(found - wanted).max() <= 1  # Pillow rounds after each axis


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "saturate"])
@pytest.mark.parametrize("channels", [1, 3])
def test_severities_grow(kind, channels):
    clean = scenes(20, channels)
    distances = [np.mean((distort(clean, kind, severity, 0) - clean.astype(float)) ** 2) for severity in SEVERITIES]
    assert distances[0] > 0
    assert (np.diff(distances) > 0).all()


def test_saturation_falls_and_then_rises():
    clean = scenes(20)
    spread = [np.ptp(distort(clean, "saturate", severity, 0), axis=3).mean() for severity in (2, 1, 3, 4, 5)]
    spread.insert(2, np.ptp(clean, axis=3).mean())
    assert (np.diff(spread) > 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_an_image_is_distorted_by_itself(kind):
    clean, other = scenes(3), scenes(3, seed=1)
    found = distort(clean, kind, 3, seed=5)
    assert np.array_equal(found, distort(clean, kind, 3, seed=5))
    assert np.array_equal(found[:2], distort(clean[:2], kind, 3, seed=5))
    other[1] = clean[1]
    assert np.array_equal(found[1], distort(other, kind, 3, seed=5)[1])
    assert np.array_equal(found, distort(clean, kind, 3, seed=6)) == (kind not in NOISES)
    alike = distort(clean[[0, 0]], kind, 3, seed=5)
    assert np.array_equal(alike[0], alike[1]) == (kind not in NOISES)


def test_noises_of_other_kinds_severities_and_images_are_independent():
    clean = np.full((2, 100, 100, 3), 128, np.uint8)
    cases = [(kind, severity) for kind in ("gaussian_noise", "speckle_noise") for severity in (1, 2)]
    draws = [image.ravel() for kind, severity in cases for image in distort(clean, kind, severity, 0)]
    correlations = np.corrcoef(draws)[np.triu_indices(len(draws), 1)]
    assert np.abs(correlations).max() < SIGMAS / np.sqrt(30_000)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_any_image_gives_one_of_its_shape(kind, data):
    shape = data.draw(st.tuples(st.integers(1, 2), st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3])))
    clean = data.draw(hnp.arrays(np.uint8, shape))
    before = clean.copy()
    found = distort(clean, kind, data.draw(st.sampled_from(SEVERITIES)), seed=0)
    assert (found.shape, found.dtype) == (shape, np.uint8)
    assert np.array_equal(clean, before)


def test_bytes_survive_and_the_rest_is_clipped_and_rounded():
    assert np.array_equal(to_bytes(np.arange(256) / 255), np.arange(256))
    assert to_bytes(np.array([-3.0, 0.499 / 255, 0.501 / 255, 254.6 / 255, 1.2])).tolist() == [0, 0, 1, 255, 255]


@pytest.mark.parametrize(
    ("kind", "severity", "message"),
    [
        ("contrast", 0, "severity: must be 1 to 5, got 0"),
        ("contrast", 6, "severity: must be 1 to 5, got 6"),
        ("fog", 1, "distortion: must be brightness, .* or speckle_noise, got 'fog'"),
        ("contrast:2", 1, "distortion: must be contrast, got 'contrast:2'"),
    ],
)
def test_unknown_distortions_and_severities_are_refused(kind, severity, message):
    with pytest.raises(OnebitError, match=f"^{message}$"):
        distort(scenes(1), kind, severity, 0)


def test_the_strengths_in_the_docs_are_those_that_are_used():
    lines = (ROOT / "docs/data.md").read_text(encoding="utf-8").split("\n## Distorted images\n")[1].splitlines()
    rows = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines if line.startswith("| `")]
    printed = {kind: [tuple(map(float, cell.split(","))) for cell in cells] for kind, _, _, *cells in rows}
    assert printed == {kind: [tuple(np.atleast_1d(c)) for c in DISTORTIONS.get(kind).constants] for kind in KINDS}


def test_distortions_are_light_to_import():
    """All are imported when a config names one."""
    told = "import sys; from onebit_rf.data.distortions import DISTORTIONS as d; list(map(d.get, d.names())); "
    told += "print([name for name in ('PIL', 'scipy.ndimage', 'pyarrow') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", told], capture_output=True, text=True).stdout == "[]\n"


def test_the_table_holds_the_test_rows_under_every_distortion(tmp_path):
    record, path = images("digits", n_train=50, n_test=7, centre=True, scale=True), tmp_path / "distorted.parquet"
    write_distorted(path, record, 2, tmp_path, {"seed": 2})
    test = record.pixels(2, tmp_path).test
    order = [(kind, severity) for kind in KINDS for severity in SEVERITIES]
    found = list(read_distorted(path, record.shape(tmp_path).image))
    assert [(kind, severity) for kind, severity, _ in found] == order
    for kind, severity, pixels in found:
        assert np.array_equal(pixels, distort(test, kind, severity, 2, white=16))
    assert read_table(path, DISTORTED)["row"].to_pylist() == list(range(7)) * len(order)
    assert read_provenance(path, DISTORTED)["params"] == {"seed": 2}


def test_undistorted_test_images_become_the_test_rows(tmp_path):
    """What standardises the distorted images knows the train rows of the data set alone."""
    record = images("digits", n_train=50, n_test=7, resize=6, centre=True, scale=True)
    made, pixels = record.make(1, tmp_path), record.pixels(1, tmp_path)
    standardiser = record.standardiser(pixels)
    assert pixels.images.shape[1:] == record.shape(tmp_path).image == (6, 6, 1)
    assert np.array_equal(standardiser.apply(pixels.test), made.x[50:])
    assert np.array_equal(standardiser.apply(pixels.train), made.x[:50])
    assert np.array_equal(pixels.label, made.label)


def test_what_holds_no_images_of_that_size_is_refused(tmp_path):
    path = tmp_path / "distorted.parquet"
    with pytest.raises(OnebitError, match=r"distorted.parquet: no such table"):
        next(read_distorted(path, (8, 8, 1)))
    with pytest.raises(OnebitError, match="dataset: only images can be distorted; give one of kind: images"):
        write_distorted(path, table("a.csv"), 0, tmp_path, {})
    assert not path.exists()
    write_distorted(path, images("digits", n_train=5, n_test=2), 0, tmp_path, {})
    with pytest.raises(OnebitError, match=r"distorted.parquet: images of 64 numbers, 8 × 8 × 3 are needed"):
        next(read_distorted(path, (8, 8, 3)))


@pytest.mark.slow
def test_the_workflow_distorts_images_and_nothing_else(fresh_project):
    path = "results/data/{}/distorted/seed0.parquet"
    run = fresh_project.snakemake(path.format("digits"))
    assert run.returncode == 0, run.stderr
    record = images("digits", n_train=60, n_test=20)
    kind, severity, pixels = next(read_distorted(fresh_project.path / path.format("digits"), (8, 8, 1)))
    assert np.array_equal(pixels, distort(record.pixels(0, fresh_project.path).test, kind, severity, 0, white=16))
    run = fresh_project.snakemake(path.format("gaussian_512"))
    assert run.returncode != 0
    assert "distort_images: dataset: only images can be distorted" in run.stdout + run.stderr


def test_white_is_what_the_source_says():
    """Images whose white is 16 are distorted as those whose white is 255, but for the rounding to fewer values."""
    rng = np.random.default_rng(0)
    few = rng.integers(0, 17, (4, 8, 8, 1), dtype=np.uint8)
    many = np.rint(few * (255 / 16)).astype(np.uint8)
    for kind in ("contrast", "gaussian_noise", "brightness"):
        small, large = distort(few, kind, 3, 0, white=16), distort(many, kind, 3, 0)
        assert small.max() <= 16
        # half a step of each grid, and half a step of `many` from the rounding of its inputs
        assert np.abs(small / 16 - large / 255.0).max() <= 0.5 / 16 + 1.0 / 255 + 1e-9


def test_fewer_images_are_distorted_than_tested(tmp_path):
    record = images("digits", n_test=100, n_train=50, n_distorted=7)
    write_distorted(tmp_path / "few", record, 0, tmp_path, {})
    kind, severity, found = next(read_distorted(tmp_path / "few", (8, 8, 1)))
    rows = record.distorted_rows()
    assert list(rows) == [0, 16, 33, 50, 66, 82, 99]
    expected = distort(record.pixels(0, tmp_path).test[rows], kind, severity, 0, white=16)
    np.testing.assert_array_equal(found, expected)
    with pytest.raises(ValueError, match="n_distorted must be at most n_test, 100, got 101"):
        images("digits", n_test=100, n_train=50, n_distorted=101)
