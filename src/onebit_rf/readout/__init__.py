"""The trained last layer, and its test error at every depth and sample size."""
