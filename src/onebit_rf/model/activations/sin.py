"""sin z."""

import numpy as np

from onebit_rf.model.activations import Activation

activation = Activation(np.sin, odd=True, tensor=lambda torch, z: torch.sin(z))
