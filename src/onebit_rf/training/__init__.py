"""Learned hidden weights: networks trained through quantizers."""
