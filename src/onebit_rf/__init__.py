"""Random-feature models with one-bit weights: exact theory, simulation and fast inference."""
