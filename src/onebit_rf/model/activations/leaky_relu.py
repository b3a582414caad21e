"""Leaky ReLU, max(z, 0.01 z)."""

import numpy as np

from onebit_rf.model.activations import Activation

SLOPE = 0.01  # for z < 0: what torch.nn.LeakyReLU takes by default

activation = Activation(
    lambda z: np.maximum(z, SLOPE * z),
    odd=False,
    kinks=(0.0,),
    tensor=lambda torch, z: torch.nn.functional.leaky_relu(z, SLOPE),
)
