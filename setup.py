"""The optional C extension; everything else is in pyproject.toml."""

from setuptools import Extension, setup

# No flag names an instruction set: the file itself chooses one at run time, so a build runs on any processor.
# The two -fno- flags let lrintf be one instruction; they change no value.
SIGNS = Extension(
    "onebit_rf.kernels._signs",
    ["src/onebit_rf/kernels/_signs.c"],
    extra_compile_args=["-O3", "-std=gnu11", "-pthread", "-fno-math-errno", "-fno-trapping-math", "-Wall", "-Wextra"],
    extra_link_args=["-pthread"],
    optional=True,  # without a C compiler the package installs all the same and falls back to dense products
)

setup(ext_modules=[SIGNS])
