"""The frozen hidden weights, by law."""
