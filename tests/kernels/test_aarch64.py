"""The C files compiled for aarch64 and run in an emulator: products of each engine, bit for bit those of this machine.

An emulator says nothing of speed. This one is of a first 64-bit ARM processor: an instruction that came later stops it.
"""

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from fuzz_signs import random_rows
from test_kernels import GROUPS, SHAPES

from onebit_rf.kernels import native

HERE = Path(__file__).parent
KERNELS = HERE.parents[1] / "src/onebit_rf/kernels"
COMPILER = shutil.which("aarch64-linux-gnu-gcc")
EMULATOR = shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static")
PLANES = (0, 1, 2, 3)
BUILDS = {
    # As setup.py's, with which the compiler may round a·b + c once: every such product of these files is exact.
    "installed": ["-O3", "-fno-math-errno", "-fno-trapping-math"],
    "sanitized": ["-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
}
# Where Debian's libc6-arm64-cross is; LeakSanitizer does not work under an emulator.
ENVIRONMENT = {**os.environ, "QEMU_LD_PREFIX": "/usr/aarch64-linux-gnu", "ASAN_OPTIONS": "detect_leaks=0"}

pytestmark = [
    pytest.mark.skipif(not KERNELS.exists(), reason="needs a clone"),
    pytest.mark.skipif(not (COMPILER and EMULATOR), reason="needs aarch64-linux-gnu-gcc and qemu-aarch64"),
    pytest.mark.skipif(not native.engines(), reason="this machine's build has no engine to compare with"),
]


@pytest.fixture(scope="module", params=BUILDS)
def program(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("aarch64") / "products"
    sources = [HERE / "products.c", *sorted((KERNELS / "lookup").glob("*.c"))]
    flags = ["-std=gnu11", "-pthread", "-Wall", "-Wextra", "-Werror", "-DWORTH_A_THREAD=1", f"-I{KERNELS}"]
    subprocess.run([COMPILER, *flags, *BUILDS[request.param], *sources, "-o", path, "-lm"], check=True)
    return path


@pytest.fixture(scope="module")
def cases():
    """Bits, scales and rows: shapes at and around edges of blocks, words, chunks and groups; some rows awkward."""
    rng = np.random.default_rng(0)
    shapes = [*SHAPES, *((int(rng.integers(1, 200)), int(rng.integers(1, 2200)), 5) for _ in range(40))]
    found = [
        (bits_of(rng, d_out, d_in), scales_of(rng, groups, d_out), random_rows(rng, rows, d_in))
        for d_out, d_in, rows, groups in (*((*shape, 1) for shape in shapes), *GROUPS)
    ]
    halves = rng.integers(-60, 60, (4, 500)).astype(np.float32)
    halves[:, :4] = 254, 0, 0, 0  # the largest sum: entries of 8 bits are sums times 127/254, many of them half-way
    return [*found, (bits_of(rng, 70, 500), scales_of(rng, 1, 70), halves)]


def bits_of(rng: np.random.Generator, d_out: int, d_in: int) -> np.ndarray:
    return rng.integers(0, 2, (d_out, d_in), dtype=np.uint8)


def scales_of(rng: np.random.Generator, groups: int, d_out: int) -> np.ndarray:
    return rng.standard_normal((groups, d_out), dtype=np.float32)


def emulated(program: Path, engine: str, cases) -> bytes:
    written = b""
    for bits, scales, x in cases:
        sizes, packed = np.array([*bits.shape, len(x), len(scales)], np.int64), np.packbits(bits, 1, "little")
        written += sizes.tobytes() + packed.tobytes() + scales.tobytes() + x.tobytes()
    command = [EMULATOR, "-cpu", "cortex-a53", program, engine, "3"]
    run = subprocess.run(command, input=written, env=ENVIRONMENT, capture_output=True, check=False)
    assert run.returncode == 0, run.stderr.decode()[-3000:]
    return run.stdout


@pytest.mark.parametrize("engine", ["neon", "portable"])
def test_products_are_those_of_this_machine(program, cases, engine):
    products = np.frombuffer(emulated(program, engine, cases), np.float32)
    for bits, scales, x in cases:
        packed, z = np.packbits(bits, axis=1, bitorder="little"), np.empty((len(x), len(bits)), np.float32)
        for planes, activation in ((p, a) for p in PLANES for a in (0, p + 1)):  # every φ once, of scaled products
            matrix = native._signs.pack(packed, *bits.shape, scales if activation else None, planes, "portable")
            native._signs.apply(matrix, x, z, 1.0, activation, 1)
            found, products = products[: z.size].reshape(z.shape), products[z.size :]
            nan = np.isnan(z)  # its sign is the processor's choice
            assert np.array_equal(np.isnan(found), nan)
            assert found[~nan].tobytes() == z[~nan].tobytes(), f"{bits.shape} {x.shape} planes {planes} φ {activation}"
    assert products.size == 0
