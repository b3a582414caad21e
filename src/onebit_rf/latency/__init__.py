"""Time of inference, by backend, on the devices at hand.

Whole models, x ↦ y = A x_L with x_ℓ = φ(W_ℓ x_{ℓ−1}), in the stages `latency` and `cost`; single products x Wᵀ in
`onebit-rf bench`, which needs NumPy alone.
"""
