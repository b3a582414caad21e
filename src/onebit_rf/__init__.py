"""Random-feature models with one-bit weights: exact theory, simulation and fast inference."""

__version__ = "0.1.0"
