"""Measures of how sharp the minimum is in which a trained network lies, for stacks of models."""
