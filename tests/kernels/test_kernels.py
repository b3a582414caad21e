"""Products with sign matrices: every backend against float64, every engine against the others, bit for bit."""

import importlib.machinery
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest
from fuzz_signs import load_extension
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from onebit_rf import kernels
from onebit_rf.errors import OnebitError
from onebit_rf.kernels import gemlite, native
from onebit_rf.model.activations import ACTIVATIONS

HERE = Path(__file__).parent
ENGINES = ("avx512", "avx2", "neon", "portable")
# Largest relative error for Gaussian rows.
TABLES = {"native": 2e-6, "native-float": 2e-6, "native-16bit": 1e-4, "native-8bit": 2e-2}
# Around edges of words, of fives (160 inputs), of chunks (960 by fives and 1024) and of what the last one takes along.
SHAPES = [(1, 1, 1), (3, 5, 2), (64, 32, 1), (65, 33, 3), (100, 1000, 9), (200, 1025, 17), (130, 2077, 16)]
SHAPES += [
    (65, 128, 2),
    (65, 129, 2),
    (64, 160, 3),
    (70, 161, 3),
    (3, 1024, 5),
    (66, 1120, 2),
    (5, 1984, 3),
    (5, 1985, 3),
]


def use_engine(monkeypatch, engine: str) -> None:
    if engine not in native.engines():
        pytest.skip(f"this processor or this build has no {engine} engine")
    monkeypatch.setenv(native.ENVIRONMENT, engine)


def problem(d_out: int, d_in: int, rows: int, seed: int = 0):
    """Signs, Gaussian rows, and their product in float64."""
    rng = np.random.default_rng(seed)
    signs = kernels.pack_signs(rng.standard_normal((d_out, d_in)))
    x = rng.standard_normal((rows, d_in), dtype=np.float32)
    return signs, x, x.astype(np.float64) @ kernels.unpack_signs(signs).T.astype(np.float64)


def relative_error(z: np.ndarray, exact: np.ndarray) -> float:
    return np.linalg.norm(z - exact) / np.linalg.norm(exact)


@given(arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=40), elements=st.floats(-1, 1, width=32)))
@settings(max_examples=50, deadline=None)
def test_unpacking_returns_the_signs(dense):
    signs = kernels.pack_signs(dense)
    assert signs.shape == dense.shape
    assert np.array_equal(kernels.unpack_signs(signs), np.where(dense >= 0, 1, -1))


def test_bad_matrices_raise():
    with pytest.raises(OnebitError, match="NaN"):
        kernels.pack_signs(np.array([[1.0, np.nan]]))
    with pytest.raises(OnebitError, match="at least one entry"):
        kernels.pack_signs(np.empty((0, 3)))
    with pytest.raises(OnebitError, match="uint8"):
        kernels.SignMatrix(np.zeros((2, 2), np.uint8), d_in=17)
    with pytest.raises(OnebitError, match="past column"):
        kernels.SignMatrix(np.full((2, 1), 255, np.uint8), d_in=7)


@pytest.mark.parametrize("backend", [*TABLES, "dense"])
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("shape", SHAPES)
def test_product_equals_float64(monkeypatch, engine, backend, shape):
    use_engine(monkeypatch, engine)
    signs, x, exact = problem(*shape)
    z = kernels.load(signs, backend, scale=0.5).apply(x)
    assert relative_error(z, 0.5 * exact) <= TABLES.get(backend, 2e-6)


@pytest.mark.parametrize("backend", TABLES)
@pytest.mark.parametrize("shape", [*SHAPES, (640, 1100, 200)])  # only the last is work enough for several threads
def test_engines_threads_and_batches_agree_bitwise(monkeypatch, backend, shape):
    """Rounding happens entry by entry and sums are exact (or in one fixed order): nothing else may matter."""
    if not native.engines():
        pytest.skip("this build has no engine")
    signs, x, _ = problem(*shape)
    results = []
    for engine in native.engines():
        monkeypatch.setenv(native.ENVIRONMENT, engine)
        product = kernels.load(signs, backend)
        results += [product.apply(x, threads=threads) for threads in (1, 2, 5)]
        results.append(np.concatenate([product.apply(x[i : i + 1]) for i in range(len(x))]))
    assert all(np.array_equal(results[0], z) for z in results)


@pytest.mark.parametrize("backend", ["native", "native-float"])
@pytest.mark.parametrize("activation", ACTIVATIONS.names())
@pytest.mark.parametrize("shape", [(65, 33, 3), (640, 1100, 70)])
def test_activation_and_scales_follow_the_product(monkeypatch, backend, activation, shape):
    """φ(α ⊙ z) of the very z, on every engine, for any threads and batches."""
    signs, x, _ = problem(*shape)
    scale = np.random.default_rng(1).uniform(0.01, 0.1, shape[0]).astype(np.float32)
    if not native.engines():
        pytest.skip("this build has no engine")
    results = []
    for engine in native.engines():
        monkeypatch.setenv(native.ENVIRONMENT, engine)
        product = kernels.load(signs, backend, scale=scale)
        results += [product.apply(x, threads=threads, activation=activation) for threads in (1, 5)]
        results.append(np.concatenate([product.apply(row, activation=activation) for row in np.split(x, len(x))]))
    assert all(np.array_equal(results[0], y) for y in results)
    z = scale * kernels.load(signs, backend).apply(x)
    wanted = ACTIVATIONS.get(activation).function(z)
    # The extension's φ is off by 4 roundings at most, as below, and NumPy's by 2.
    assert (np.abs(results[0] - wanted) <= 6 * 2**-24 * np.maximum(np.abs(z), np.abs(wanted))).all()


def group_problem(d_out: int, d_in: int, rows: int, groups: int):
    """Signs, scales (d_out, groups), rows, and x Wᵀ in float64 with W_ij = α_ig S_ij for j in group g."""
    signs, x, _ = problem(d_out, d_in, rows)
    scales = np.random.default_rng(1).uniform(0.5, 2, (d_out, groups)).astype(np.float32)
    weights = kernels.unpack_signs(signs) * np.repeat(scales, d_in // groups, axis=1).astype(np.float64)
    return signs, scales, x, x @ weights.T


# Groups of 1, 3, 4, 32, 33 and 40 words, of which 3 and 33 end within chunks; one group; work for several threads.
GROUPS = [(65, 96, 3, 3), (70, 96 * 22, 3, 22), (130, 4096, 9, 32), (65, 2048, 2, 2), (3, 3168, 2, 3), (64, 2560, 3, 2)]
GROUPS += [(70, 1000, 3, 1), (640, 1152, 40, 9)]


@pytest.mark.parametrize("backend", [*TABLES, "dense"])
@pytest.mark.parametrize("shape", GROUPS)
def test_groups_of_inputs_have_scales_of_their_own(monkeypatch, backend, shape):
    """As float64 has it; the same bits on every engine, for any threads and batches; then φ of them."""
    signs, scales, x, exact = group_problem(*shape)
    if backend == "dense":
        assert relative_error(kernels.load(signs, backend, scales).apply(x), exact) <= 2e-6
        return
    if not native.engines():
        pytest.skip("this build has no engine")
    results, activated = [], []
    for engine in native.engines():
        monkeypatch.setenv(native.ENVIRONMENT, engine)
        product = kernels.load(signs, backend, scales)
        results += [product.apply(x, threads=threads) for threads in (1, 5)]
        results.append(np.concatenate([product.apply(row) for row in np.split(x, len(x))]))
        activated.append(product.apply(x, activation="relu"))
    assert relative_error(results[0], exact) <= TABLES[backend]
    assert all(np.array_equal(results[0], z) for z in results)
    assert all(np.array_equal(np.maximum(results[0], 0), y) for y in activated)


@pytest.mark.parametrize("backend", ["native", "native-float"])
@pytest.mark.parametrize("engine", ENGINES)
def test_equal_scales_of_groups_are_one_scale(monkeypatch, engine, backend):
    """Powers of two round nothing, so that only the order of additions differs."""
    use_engine(monkeypatch, engine)
    signs, x, exact = problem(130, 4096, 3)
    grouped = kernels.load(signs, backend, np.full((130, 32), 0.25)).apply(x)
    whole = kernels.load(signs, backend, 0.25).apply(x)
    # 32 sums are rounded, then 32 additions, each by 2⁻²⁴ of at most Σ|x|.
    assert (np.abs(grouped - whole) <= 64 * 2**-24 * 0.25 * np.abs(x).sum(1, keepdims=True)).all()
    assert relative_error(grouped, 0.25 * exact) <= TABLES[backend]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("magnitude", [1e-42, 1e-30, 1e30])
def test_groups_keep_awkward_rows_apart_at_any_magnitude(monkeypatch, engine, magnitude):
    use_engine(monkeypatch, engine)
    signs, scales, x, _ = group_problem(70, 1152, 3, 9)
    x = (x * magnitude).astype(np.float32)
    weights = kernels.unpack_signs(signs) * np.repeat(scales, 128, axis=1).astype(np.float64)
    exact = x @ weights.T
    z = kernels.load(signs, scale=scales).apply(x).astype(np.float64)
    # Below 2⁻¹²⁶ numbers are multiples of 2⁻¹⁴⁹, to which each group's sum is rounded.
    floor = 9 * 2 * 2**-149 / magnitude
    assert np.abs((z - exact) / magnitude).max() <= 2e-6 * np.linalg.norm(exact / magnitude) + floor
    x[1, 130] = np.nan
    z = kernels.load(signs, scale=scales).apply(x)
    assert np.isnan(z[1]).all()
    assert np.isfinite(z[[0, 2]]).all()


@pytest.mark.parametrize("activation", [None, "tanh", "sin"])
def test_dense_products_take_activation_and_scales(activation):
    signs, x, exact = problem(65, 33, 3)
    scale = np.linspace(0.01, 0.1, 65)
    wanted = ACTIVATIONS.get(activation).function(scale * exact) if activation else scale * exact
    y = kernels.load(signs, "dense", scale=scale).apply(x, activation=activation)
    assert relative_error(y, wanted) <= 2e-6


@pytest.mark.parametrize("activation", native.FUSED)
@pytest.mark.parametrize("engine", ENGINES)
def test_fused_activations_equal_float64(monkeypatch, engine, activation):
    """φ(z) for a 4099th of all float32, NaN, ±inf and subnormal numbers among them: z as the scales of outputs 1."""
    use_engine(monkeypatch, engine)
    z = np.arange(0, 1 << 32, 4099, dtype=np.uint32).view(np.float32)
    z = np.concatenate([z, np.float32([0, -0.0, np.inf, -np.inf, np.nan])])
    product = kernels.load(kernels.pack_signs(np.ones((len(z), 1), np.int8)), "native", scale=z)
    y = product.apply(np.ones((1, 1), np.float32), activation=activation)[0]
    with np.errstate(invalid="ignore"):
        wide = z.astype(np.float64)
        exact = ACTIVATIONS.get(activation).function(wide)
    finite = np.isfinite(z)
    assert np.array_equal(y[~finite], exact[~finite], equal_nan=True)  # NaN where z is, and 0·∞ of GELU
    # e^a − 1 is off by 2⁻²⁴ of itself, and by less than as much again of what it is made of. tanh doubles the former
    # where it is near 1, and adds two roundings; erf adds those of a; GELU's 1 + erf loses digits where z < 0, so that
    # its error is relative to z.
    size = np.abs(wide if activation == "gelu" else exact)[finite]
    assert (np.abs(y[finite] - exact[finite]) <= 4 * 2**-24 * size + 2**-149).all()


@pytest.mark.parametrize("backend", ["native", "native-16bit", "native-8bit"])
@pytest.mark.parametrize("engine", ENGINES)
def test_no_sum_of_table_entries_overflows(monkeypatch, engine, backend):
    """All entries are the largest, or all the least: ±Σx, for every digit of an engine has its extremes there."""
    use_engine(monkeypatch, engine)
    signs = kernels.pack_signs(np.array([1, -1], np.int8)[:, None].repeat((1 << 20) + 32, axis=1))
    z = kernels.load(signs, backend).apply(np.ones((3, signs.d_in), np.float32))
    # With 8 and 16 bits ±4 are the ends of the grid, hence on it: nothing is rounded but 1/step and the result. With
    # 24, by fives, ±5 are, and a four and a fifth are each off by half a step, of 5/(2²³ − 5), at most.
    rounded = 2 * 0.5 / (2**23 - 5) if backend == "native" else 0
    np.testing.assert_allclose(z, signs.d_in * np.array([[1.0, -1.0]] * 3), rtol=2**-23 + rounded)


@pytest.mark.parametrize("backend", ["native", "native-float", "dense"])
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("values", [[np.nan], [np.inf], [-np.inf, np.inf], [1e30, -3e30], [np.inf, np.nan, 1e30]])
def test_awkward_values_propagate_as_in_float64(monkeypatch, engine, backend, values):
    use_engine(monkeypatch, engine)
    signs, x, _ = problem(70, 133, 3)
    x[1, 7 : 7 + len(values)] = values
    with np.errstate(invalid="ignore"):
        exact = x.astype(np.float64) @ kernels.unpack_signs(signs).T
    with np.errstate(invalid="ignore"):
        z = kernels.load(signs, backend).apply(x)
    np.testing.assert_allclose(z, exact, rtol=1e-6, atol=2e-6 * np.nanmax(np.abs(x[[0, 2]])) * 133)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("magnitude", [1e-42, 1e-30, 1e30])
def test_precision_does_not_depend_on_magnitude(monkeypatch, engine, magnitude):
    use_engine(monkeypatch, engine)
    signs, x, _ = problem(70, 133, 3)
    x = (x * magnitude).astype(np.float32)
    exact = x.astype(np.float64) @ kernels.unpack_signs(signs).T
    assert relative_error(kernels.load(signs).apply(x).astype(np.float64) / magnitude, exact / magnitude) <= 2e-6


@pytest.mark.parametrize("place", [5, 130, 4090])  # in a four, a fifth input, and one in a word past all fives
def test_an_outlier_costs_no_precision_of_the_output(place):
    signs, x, _ = problem(300, 4096, 4)
    x[:, place] = 1e6
    exact = x.astype(np.float64) @ kernels.unpack_signs(signs).T
    assert relative_error(kernels.load(signs).apply(x), exact) <= 2e-6


@pytest.mark.parametrize("backend", ["auto", "dense"])
def test_inputs_of_any_layout_and_no_rows(backend):
    signs, x, exact = problem(65, 96, 8)
    product = kernels.load(signs, backend)
    assert relative_error(product.apply(x[::2]), exact[::2]) <= 2e-6
    assert relative_error(product.apply(np.asfortranarray(x)), exact) <= 2e-6
    assert product.apply(x[:0]).shape == (0, 65)
    out = np.empty((8, 65), np.float32)
    assert product.apply(x, out) is out


@pytest.mark.parametrize("backend", ["auto", "dense"])
def test_bad_inputs_raise(backend):
    signs, x, _ = problem(32, 32, 32)
    product = kernels.load(signs, backend)
    for wrong in (x.astype(np.float64), x[0], x[:, :31]):
        with pytest.raises(OnebitError, match="x: need float32"):
            product.apply(wrong)
    for out in (np.empty((32, 31), np.float32), np.empty((32, 64), np.float32)[:, ::2], np.empty((32, 32))):
        with pytest.raises(OnebitError, match="out: need writable"):
            product.apply(x, out)
    with pytest.raises(OnebitError, match="share memory"):
        product.apply(x, x)
    for threads in (0, -1, 1.0, "2", None):
        with pytest.raises(OnebitError, match="threads: must be a whole number"):
            product.apply(x, threads=threads)
    with pytest.raises(OnebitError, match="at most 16777216 inputs"):
        native.NativeProduct(kernels.SignMatrix(np.zeros((1, (1 << 21) + 1), np.uint8), (1 << 24) + 1))
    with pytest.raises(OnebitError, match="unknown 'fast'"):
        kernels.load(signs, "fast")
    with pytest.raises(OnebitError, match=r"activation: must be .* or tanh, got 'sine'"):
        product.apply(x, activation="sine")
    for scale in (np.ones(31), np.ones((31, 1)), np.ones((32, 1, 1)), "1", [1j] * 32, None):
        with pytest.raises(OnebitError, match=r"scale: need a number, \(32,\) or \(32, groups\) of them"):
            kernels.load(signs, backend, scale)
    for groups in (0, 2, 3):
        with pytest.raises(OnebitError, match=f"scale: 32 inputs are not {groups} groups of a multiple of 32"):
            kernels.load(signs, backend, np.ones((32, groups)))


class Frame:
    """Has what frames of pandas and polars have."""

    def to_numpy(self):
        raise NotImplementedError


@pytest.mark.parametrize("backend", ["auto", "dense"])
def test_what_is_no_array_is_named_with_the_remedy(backend):
    signs, x, _ = problem(4, 8, 2)
    product = kernels.load(signs, backend)
    for wrong, message in (
        (x.tolist(), r"got list; np\.asarray"),
        (Frame(), r"Frame; x\.to_numpy"),
        (None, "NoneType"),
    ):
        with pytest.raises(OnebitError, match=message):
            product.apply(wrong)
    with pytest.raises(OnebitError, match=r"out: need a NumPy array .* got list"):
        product.apply(x, [])


@pytest.mark.parametrize("backend", ["auto", "dense"])
def test_rows_at_any_address(backend):
    """Rows of a buffer that is not aligned are copied; an output that is not aligned cannot be."""
    signs, x, _ = problem(5, 8, 3)
    product, buffer = kernels.load(signs, backend), bytearray(b"\0" + x.tobytes())
    unaligned = np.frombuffer(buffer, np.float32, offset=1).reshape(x.shape)
    assert np.array_equal(product.apply(unaligned), product.apply(x, threads=np.int64(2)))
    out = np.frombuffer(bytearray(1 + 4 * 15), np.float32, offset=1).reshape(3, 5)
    with pytest.raises(OnebitError, match="not aligned"):
        product.apply(x, out)


def test_booleans_are_signs_and_bits_as_integers_are_refused():
    bits = np.array([[True, False, True]])
    signs = np.array([[1, -1, 1]], np.int8)
    assert np.array_equal(kernels.pack_signs(bits).bits, kernels.pack_signs(signs).bits)
    for kind in (np.int64, np.uint8):
        with pytest.raises(OnebitError, match="integers without a negative one"):
            kernels.pack_signs(bits.astype(kind))
    for wrong in (np.array([["1"]]), np.array([[1j]]), np.array([[None]])):
        with pytest.raises(OnebitError, match="need real numbers"):
            kernels.pack_signs(wrong)
    assert np.array_equal(kernels.unpack_signs(kernels.pack_signs(np.ones((1, 3), int))), np.ones((1, 3)))


def test_without_the_extension_products_are_dense(monkeypatch):
    monkeypatch.setattr(native, "_signs", None)
    monkeypatch.setattr(native, "_why_missing", native.NOT_BUILT)
    monkeypatch.delenv(native.ENVIRONMENT, raising=False)
    signs, x, exact = problem(10, 20, 3)
    assert relative_error(kernels.load(signs).apply(x), exact) <= 2e-6
    with pytest.raises(OnebitError, match="C extension is not built"):
        kernels.load(signs, "native")


def test_an_extension_that_does_not_load_says_why(tmp_path, monkeypatch):
    """Only a file that is not there is "not built"."""
    suffix = importlib.machinery.EXTENSION_SUFFIXES[0]
    (tmp_path / f"damaged{suffix}").write_bytes(b"no shared library")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError) as raised:
        importlib.import_module("damaged")
    reason = native._why_not("damaged", raised.value)
    assert f"damaged{suffix} does not load: " in reason
    assert "\n" not in reason
    assert native._why_not("onebit_rf.kernels.absent", ImportError()) == native.NOT_BUILT


def test_the_environment_chooses(monkeypatch):
    signs = problem(10, 20, 1)[0]
    monkeypatch.setenv(native.ENVIRONMENT, "dense")
    assert isinstance(kernels.load(signs), kernels.registry.dense.DenseProduct)
    monkeypatch.setenv(native.ENVIRONMENT, "avx1024")
    for backend in ("auto", "native"):
        with pytest.raises(OnebitError, match=r"avx1024 is not one of|not built"):
            kernels.load(signs, backend)


def test_gemlite_names_the_shapes_it_takes():
    with pytest.raises(OnebitError, match="multiples of 32, got 100 → 64"):
        gemlite.GemliteProduct(problem(64, 100, 1)[0])
    with pytest.raises(OnebitError, match=r"takes a number or \(64,\) of them as scale, not those of groups"):
        gemlite.GemliteProduct(problem(64, 128, 1)[0], np.ones((64, 4)))


@pytest.mark.skipif(gemlite.why_unavailable() is not None, reason=f"gemlite: {gemlite.why_unavailable()}")
@pytest.mark.parametrize("rows", [1, 4, 16, 64])
def test_gemlite_equals_float64(rows):
    signs, x, exact = problem(1024, 2048, rows)
    # Entries are rounded to 11 bits, each by 2⁻¹¹ of itself at most, and random signs keep the ratio.
    assert relative_error(kernels.load(signs, "gemlite", scale=0.5).apply(x), 0.5 * exact) <= 2**-11


def test_importing_the_kernels_does_not_import_torch():
    code = "import sys, onebit_rf.kernels; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def build(folder: Path, *flags: str | Path) -> Path:
    """Build the C extension with these flags."""
    sources, library = sorted((HERE.parents[1] / "src/onebit_rf/kernels").rglob("*.c")), folder / "_signs.so"
    if shutil.which("gcc") is None or not sources:
        pytest.skip("needs a clone, and gcc")
    include = f"-I{sysconfig.get_paths()['include']}"
    command = ["gcc", "-std=gnu11", "-shared", "-fPIC", "-pthread", include, *flags, *sources, "-o", library]
    subprocess.run(command, check=True)
    return library


SCARCE_MEMORY = """
#undef posix_memalign
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
static pthread_t packer; /* the thread that packed the matrix, the first to ask */
int scarce(void **memory, size_t alignment, size_t bytes) {
    const int is_first = !packer, is_helper = packer && !pthread_equal(packer, pthread_self());
    if (is_first) packer = pthread_self();
    return !is_first && (REFUSED) ? ENOMEM : posix_memalign(memory, alignment, bytes);
}
"""


@pytest.mark.skipif(sys.platform == "win32", reason="its memory does not come from posix_memalign")
@pytest.mark.parametrize("refused", ["is_helper", "!is_helper", "1"])
def test_only_work_left_undone_is_out_of_memory(tmp_path, refused):
    """Where one thread gets memory, it does what the others cannot."""
    (tmp_path / "scarce.c").write_text(SCARCE_MEMORY)
    flags = ["-Dposix_memalign=scarce", f"-DREFUSED={refused}", "-DWORTH_A_THREAD=1"]
    extension = load_extension(build(tmp_path, *flags, tmp_path / "scarce.c"))
    signs, x, exact = problem(640, 64, 16)
    matrix, z = extension.pack(signs.bits, *signs.shape, None, 3, "portable"), np.zeros(exact.shape, np.float32)
    if refused == "1":
        with pytest.raises(MemoryError):
            extension.apply(matrix, x, z, 1.0, 0, 4)
    else:
        extension.apply(matrix, x, z, 1.0, 0, 4)
        assert relative_error(z, exact) <= TABLES["native"]


@pytest.mark.slow
@pytest.mark.parametrize(("flags", "calls"), [(["-O1", "-g", "-fsanitize=thread"], 1000), (["-O3"], 30000)])
def test_callers_share_the_helpers(tmp_path, flags, calls):
    kernels_folder, program = HERE.parents[1] / "src/onebit_rf/kernels", tmp_path / "callers"
    sources = [HERE / "callers.c", *sorted((kernels_folder / "lookup").glob("*.c"))]
    if shutil.which("gcc") is None or not kernels_folder.exists():
        pytest.skip("needs a clone, and gcc")
    flags = ["-std=gnu11", "-pthread", "-DWORTH_A_THREAD=1", f"-DCALLS={calls}", f"-I{kernels_folder}", *flags]
    subprocess.run(["gcc", *flags, *sources, "-o", program, "-lm"], check=True)
    run = subprocess.run([program], capture_output=True, text=True, check=False, timeout=120)
    if "unexpected memory mapping" in run.stderr:
        pytest.skip("this kernel lays memory out as the thread sanitizer of this gcc cannot bear")
    assert run.returncode == 0, run.stderr[-3000:]


FORKED = """
import os, numpy as np
from onebit_rf import kernels
x = np.ones((1, 4096), np.float32)
product = kernels.load(kernels.pack_signs(np.random.default_rng(0).standard_normal((4096, 4096))), "native")
z = product.apply(x, threads=3)
child = os.fork()
assert np.array_equal(product.apply(x, threads=3), z)
if child:
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_has_helpers_of_its_own():
    """Those of its parent are not in it, and would be waited for for ever. Neither process waits at its end."""
    if not native.engines():
        pytest.skip("this build has no engine")
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKED]
    assert subprocess.run(command, check=False, timeout=60).returncode == 0


@pytest.mark.slow
def test_sanitizers_find_nothing(tmp_path):
    flags = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-DWORTH_A_THREAD=1"]
    library = build(tmp_path, *flags)
    asan = subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True)
    environment = {**os.environ, "LD_PRELOAD": asan.stdout.strip(), "ASAN_OPTIONS": "detect_leaks=0"}
    command = [sys.executable, HERE / "fuzz_signs.py", library, "15"]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
