"""ReLU, max(z, 0)."""

import numpy as np

from onebit_rf.model.activations import Activation

activation = Activation(lambda z: np.maximum(z, 0), odd=False, kinks=(0.0,), tensor=lambda torch, z: torch.relu(z))
