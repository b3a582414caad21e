"""What is measured of the rounding of a stack of models, against NumPy on every model by itself."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from onebit_rf.training.measures import of_rounding


def test_noise_is_the_mean_square_over_all_hidden_weights():
    rng = np.random.default_rng(0)
    latent = {"W1": rng.standard_normal((3, 4, 5)), "W2": rng.standard_normal((3, 2, 4))}
    steps = {"W1": np.full((3, 1, 1), 1.5), "W2": np.array([0.5, 1.0, 2.0]).reshape(3, 1, 1)}
    rounded = {name: steps[name] * np.sign(v) / 2 for name, v in latent.items()}
    tensors = [{name: torch.from_numpy(v) for name, v in part.items()} for part in (latent, rounded, steps)]
    models = SimpleNamespace(weights=tensors[0], rounding=SimpleNamespace(names=list(latent)))
    found = {name: values.numpy() for name, values in of_rounding(models, *tensors[1:]).items()}
    for k in range(3):
        v, v_hat = (np.concatenate([part[name][k].ravel() for name in latent]) for part in (latent, rounded))
        s = np.concatenate([np.broadcast_to(steps[name][k], latent[name][k].shape).ravel() for name in latent])
        assert found["quantization_noise"][k] == pytest.approx(np.mean((v_hat - v) ** 2))
        assert found["relative_noise"][k] == pytest.approx(np.sum((v_hat - v) ** 2) / np.sum(v**2))
        assert found["step_noise"][k] == pytest.approx(np.mean(s**2) / 12)
        assert found["weight_mean"][k] == pytest.approx(v_hat.mean() / np.sqrt(np.mean(v_hat**2)))
    assert found["n_levels"].tolist() == [2, 2, 2]
