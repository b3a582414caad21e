"""What the theory covers, said in one line where it does not."""

from onebit_rf.errors import OnebitError
from onebit_rf.model.activations import ACTIVATIONS
from onebit_rf.model.mirrors import MIRRORS, l2
from onebit_rf.model.problem import Problem
from onebit_rf.model.teachers import TEACHERS


def check_covered(problem: Problem) -> None:
    """Raise OnebitError, in one line, for a combination of fields that the theory does not cover."""
    if problem.spectrum is None:
        raise OnebitError("spectrum: the theory needs the spectrum of the inputs' covariance")
    odd, classifies = ACTIVATIONS.get(problem.activation).odd, problem.loss != "square"
    mirror, teacher = MIRRORS.get(problem.mirror), TEACHERS.get(problem.teacher)
    other_mirror = mirror is not l2.mirror
    if classifies and problem.penalty == 0:
        raise OnebitError("penalty: must be > 0 for classification, whose data may be separable")
    if classifies and (problem.noise or problem.ridge or other_mirror):
        raise OnebitError("loss: classification takes a penalty, but no noise, ridge or mirror")
    if not classifies and problem.penalty:
        raise OnebitError("penalty: is for classification; the square loss takes ridge")
    if other_mirror and problem.ridge:
        raise OnebitError("ridge: must be 0 for a mirror other than l2, which interpolates")
    if not odd and classifies:
        raise OnebitError(f"activation: classification is solved for odd ones only, got {problem.activation}")
    if not odd and other_mirror and problem.noise:
        raise OnebitError(f"activation: mirrors with noise are solved for odd ones only, got {problem.activation}")
    # The mean of the features is a direction of its own: a mean of A* − A_0 along it is learned almost at once.
    if not odd and not classifies and abs(teacher.mean - mirror.start) > 1e-12:
        raise OnebitError(
            f"teacher: its mean must be {mirror.start:g}, where training starts, for an activation that is not odd, "
            f"got {problem.teacher}"
        )
