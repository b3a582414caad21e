"""tanh z."""

import numpy as np

from onebit_rf.model.activations import Activation

activation = Activation(np.tanh, odd=True, tensor=lambda torch, z: torch.tanh(z))
