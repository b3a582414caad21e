"""Random features of every depth, x_ℓ = φ(W_ℓ x_{ℓ−1})."""
