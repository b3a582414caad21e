"""What the theory covers, said in one line where it does not."""

from onebit_rf.errors import OnebitError
from onebit_rf.model.activations import ACTIVATIONS
from onebit_rf.model.mirrors import MIRRORS, l2
from onebit_rf.model.problem import Problem
from onebit_rf.model.second_path import SecondPath
from onebit_rf.model.teachers import TEACHERS


def check_covered(problem: Problem, path: SecondPath | None = None) -> None:
    """Raise OnebitError, in one line, for a combination of fields that the theory does not cover."""
    _check_problem(problem)
    if path:
        _check_path(problem, path)


def _check_path(problem: Problem, path: SecondPath) -> None:
    path.correlations(len(problem.dims) - 1)
    if MIRRORS.get(problem.mirror) is not l2.mirror:
        raise OnebitError(f"mirror: a second path is solved for l2 only, got {problem.mirror}")
    odd, mean = ACTIVATIONS.get(problem.activation).odd, TEACHERS.get(problem.teacher).mean
    if problem.loss != "square":
        if not odd:
            raise OnebitError(
                f"activation: a second path of {problem.loss} is solved for odd ones only, got {problem.activation}"
            )
        if path.readout_noise or path.readout_bits:
            raise OnebitError(
                f"loss: a noisy or rounded read-out is solved for the square loss only, got {problem.loss}"
            )
    if not odd and problem.labels == "sign" and path.readout_bits:
        raise OnebitError(f"readout_bits: of labels sign rounding is solved for odd φ only, got {problem.activation}")
    if not odd and mean != 0:
        raise OnebitError(
            f"teacher: its mean must be 0 on a second path for an activation that is not odd, got {problem.teacher}"
        )


def _check_problem(problem: Problem) -> None:
    if problem.spectrum is None:
        raise OnebitError("spectrum: the theory needs the spectrum of the inputs' covariance")
    odd, classifies = ACTIVATIONS.get(problem.activation).odd, problem.loss != "square"
    other_mirror, teacher = MIRRORS.get(problem.mirror) is not l2.mirror, TEACHERS.get(problem.teacher)
    if classifies and problem.penalty == 0:
        raise OnebitError("penalty: must be > 0 for classification, whose data may be separable")
    if classifies and (problem.noise or problem.ridge or other_mirror):
        raise OnebitError("loss: classification takes a penalty, but no noise, ridge or mirror")
    if not classifies and problem.penalty:
        raise OnebitError("penalty: is for classification; the square loss takes ridge")
    if other_mirror and problem.ridge:
        raise OnebitError("ridge: must be 0 for a mirror other than l2, which interpolates")
    if problem.labels == "sign" and (problem.noise or other_mirror or classifies):
        raise OnebitError("labels: sign takes the square loss and the mirror l2, but no noise")
    if other_mirror and problem.weight_noise:
        raise OnebitError("weight_noise: must be 0 for a mirror other than l2, which interpolates")
    if classifies and problem.weight_noise:
        raise OnebitError("weight_noise: is for the square loss")
    if not odd and (classifies or problem.labels == "sign") and teacher.mean != 0:
        raise OnebitError(
            f"teacher: its mean must be 0 for classes of an activation that is not odd, got {problem.teacher}"
        )
