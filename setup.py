"""The C extension, which setuptools cannot yet describe in pyproject.toml; everything else is there."""

import sys
import sysconfig
from pathlib import Path

from setuptools import Extension, setup

# One build for every Python from 3.11 on. The build without the GIL has no such interface.
LIMITED = not sysconfig.get_config_var("Py_GIL_DISABLED")

WINDOWS = sys.platform == "win32"
# GNU C on Windows too: instruction sets are chosen by attributes. There gcc does not align the stack to 32 or 64 bytes
# (its bug 54412), so that moves of vectors between registers and stack must be those that need no alignment.
FLAGS = ["-O3", "-std=gnu11", "-pthread", "-fno-math-errno", "-fno-trapping-math", "-Wall", "-Wextra"]
# Python's own flags have -fwrapv, with which gcc leaves loops over int alone: products took up to a fifth longer.
FLAGS += ["-fno-wrapv"]
FLAGS += ["-Wa,-muse-unaligned-vector-move"] if WINDOWS else ["-fvisibility=hidden"]

KERNELS = Path("src/onebit_rf/kernels")

# No flag names an instruction set: the code itself chooses one at run time, so a build runs on any processor.
# The two -fno- flags let lrintf be one instruction; they change no value.
SIGNS = Extension(
    "onebit_rf.kernels._signs",
    sorted(path.as_posix() for path in KERNELS.rglob("*.c")),
    depends=sorted(path.as_posix() for path in KERNELS.rglob("*.h")),
    define_macros=[("Py_LIMITED_API", "0x030B0000")] if LIMITED else [],
    py_limited_api=LIMITED,
    extra_compile_args=FLAGS,
    extra_link_args=["-pthread", "-static"] if WINDOWS else ["-pthread", "-lm"],
    optional=True,  # without a C compiler the package installs all the same and falls back to dense products
)
OPTIONS = {"bdist_wheel": {"py_limited_api": "cp311"}} if LIMITED else {}
if WINDOWS:
    OPTIONS["build_ext"] = {"compiler": "mingw32"}

setup(ext_modules=[SIGNS], options=OPTIONS)
