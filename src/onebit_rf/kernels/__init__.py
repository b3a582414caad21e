"""Products with one-bit weights: one interface, several backends (dense, native CPU, gemlite on CUDA)."""

from onebit_rf.kernels.levels import load_levels
from onebit_rf.kernels.registry import Backend, Product, backends, load, preferred, preferred_in_words
from onebit_rf.weights.signs import SignMatrix, pack_signs, unpack_signs

__all__ = [
    "Backend",
    "Product",
    "SignMatrix",
    "backends",
    "load",
    "load_levels",
    "pack_signs",
    "preferred",
    "preferred_in_words",
    "unpack_signs",
]
