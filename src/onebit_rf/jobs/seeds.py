"""Named random streams: one independent generator per (seed, name), whatever else is drawn and in which order."""

import hashlib

import numpy as np


def stream(seed: int, *name: str | int) -> np.random.Generator:
    """Return the generator that belongs to `seed` and `name`, e.g. `stream(0, "weights", 2)`.

    The name is hashed into the entropy of a NumPy SeedSequence, so streams of different names or seeds are
    statistically independent and a new stage never shifts the numbers of an old one.
    """
    digest = hashlib.blake2b("/".join(map(str, name)).encode(), digest_size=16).digest()
    return np.random.default_rng(np.random.SeedSequence([seed, int.from_bytes(digest, "big")]))
