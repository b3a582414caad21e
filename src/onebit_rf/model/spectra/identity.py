"""Σ_0 = I."""

import numpy as np

from onebit_rf.model.spectra import Spectrum

spectrum = Spectrum(np.ones)
