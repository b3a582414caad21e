"""Random shapes, inputs and scales through one build of the C extension: `python fuzz_signs.py FILE SECONDS`.

The first engine is held against float64, the others against it, bit for bit.

Run by test_kernels.py on a build with address and undefined-behaviour sanitizers; arrays have their exact sizes, so a
read or write past an end is seen.
"""

import importlib.util
import sys
import time

import numpy as np

STEPS = {3: 1 / (2**23 - 5), 2: 1 / 32766, 1: 1 / 127, 0: 0.0}  # of a row's largest table entry, by planes
AWKWARD = np.array([np.nan, np.inf, -np.inf, 1e30, -1e30, 1e-42, 0.0, -0.0, 3e38], np.float32)


def load_extension(path: str):
    spec = importlib.util.spec_from_file_location("_signs", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def random_rows(rng: np.random.Generator, rows: int, d_in: int) -> np.ndarray:
    """Gaussian rows of any magnitude; in a third of the cases some entries are awkward."""
    x = rng.standard_normal((rows, d_in)) * 10.0 ** rng.integers(-44, 30)
    x = x.astype(np.float32)
    if rng.random() < 1 / 3 and rows:
        x[rng.random(x.shape) < 2 / d_in] = rng.choice(AWKWARD)
    return x


def tolerance(x: np.ndarray, planes: int) -> np.ndarray:
    """Half a step for each of d/4 table entries, entries being at most 4 max|x|; and float32 sums.

    With 3 planes at most 2 d/5 roundings, of d/5 fours and as many fifths, entries being at most 5 max|x|.
    """
    size = np.abs(x.astype(np.float64))
    roundings, entry = (0.4 * x.shape[1] + 4, 5) if planes == 3 else ((x.shape[1] + 3) // 4, 4)
    return 0.505 * entry * STEPS[planes] * roundings * size.max(1) + 1e-6 * size.sum(1) + 1e-44


def check(x: np.ndarray, signs: np.ndarray, exact: np.ndarray, z: np.ndarray, planes: int) -> None:
    """Not finite where float64 is not; else near it, or not finite because float32 overflows."""
    with np.errstate(invalid="ignore", over="ignore"):
        near = np.abs(z - exact) <= tolerance(x, planes)[:, None]
        overflows = np.abs(x).sum(axis=1, keepdims=True, dtype=np.float64) > np.finfo(np.float32).max
    same = (np.isnan(z) & np.isnan(exact)) | (z == exact)
    fine = near | same | (overflows & np.isfinite(exact) & ~np.isfinite(z))
    assert fine.all(), f"{x.shape} {signs.shape} planes {planes}: {z[~fine][:3]} for {exact[~fine][:3]}"


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    """Say whether two products are one; only the sign of a NaN is the processor's choice."""
    nan = np.isnan(a)
    return np.array_equal(nan, np.isnan(b)) and a[~nan].tobytes() == b[~nan].tobytes()


def divisors(n: int) -> list[int]:
    return [k for k in range(1, n + 1) if n % k == 0]


def fuzz(extension, seconds: float, seed: int) -> int:
    rng, end, cases = np.random.default_rng(seed), time.monotonic() + seconds, 0
    while time.monotonic() < end:
        rows, d_out = int(rng.integers(0, 20)), int(rng.integers(1, 200))
        d_in = int(rng.choice([rng.integers(1, 70), rng.integers(1, 2200), 32 * rng.integers(1, 70), 1024, 1056]))
        bits = rng.integers(0, 2, (d_out, d_in), dtype=np.uint8)
        packed, signs = np.packbits(bits, axis=1, bitorder="little"), 2.0 * bits - 1
        x = random_rows(rng, rows, d_in)
        with np.errstate(invalid="ignore"):
            exact = x.astype(np.float64) @ signs.T
        groups = int(rng.choice(divisors(d_in // 32))) if d_in % 32 == 0 else 1
        scales = rng.standard_normal((groups, d_out), dtype=np.float32)
        for planes in STEPS:
            matrices, scaled = (
                [extension.pack(packed, d_out, d_in, some, planes, engine) for engine in extension.engines()]
                for some in (None, scales)
            )
            products = [np.full((rows, d_out), 12345, np.float32) for _ in matrices]
            for matrix, z in zip(matrices, products, strict=True):
                extension.apply(matrix, x, z, 1.0, 0, int(rng.integers(1, 5)))
                cases += 1
            check(x, signs, exact, products[0], planes)
            activation = int(rng.integers(1 + len(extension.activations())))
            finished = [np.full((rows, d_out), 12345, np.float32) for _ in matrices]
            for matrix, z in zip(scaled, finished, strict=True):
                extension.apply(matrix, x, z, 1.0, activation, int(rng.integers(1, 5)))
                cases += 1
            for engine, z, y in zip(extension.engines(), products, finished, strict=True):
                assert same_bits(z, products[0]), f"{engine}: {x.shape} {signs.shape} planes {planes}"
                assert same_bits(y, finished[0]), f"{engine}: {x.shape} {signs.shape} planes {planes} φ {activation}"
    return cases


if __name__ == "__main__":
    print(fuzz(load_extension(sys.argv[1]), float(sys.argv[2]), seed=0), "cases")
