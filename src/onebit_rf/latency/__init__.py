"""Time of whole-model inference, x ↦ y = A x_L with x_ℓ = φ(W_ℓ x_{ℓ−1}), by backend, on the devices at hand."""

from onebit_rf.latency.measure import measure_latency

__all__ = ["measure_latency"]
