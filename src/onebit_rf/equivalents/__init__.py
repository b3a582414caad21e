"""The equivalents stage: features against Gaussian vectors of the covariance that the theory gives them."""
