"""A configuration that was read and checked, laid out in cells: what the workflow computes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from onebit_rf.config.cells import Cell, TrainingCell
from onebit_rf.config.records import Config
from onebit_rf.config.task import TeacherTask, WeightsAtTest, changed_features
from onebit_rf.data.dataset import Shape
from onebit_rf.data.kinds import DatasetRecord
from onebit_rf.figures.facts import AnyFacts, Facts, TrainingFacts
from onebit_rf.model.activations import ACTIVATIONS
from onebit_rf.model.record import plain
from onebit_rf.training.networks import NetworkRecord
from onebit_rf.weights.laws import LAWS
from onebit_rf.weights.laws.learned import Learned


@dataclass(frozen=True)
class Study:
    """What the workflow computes.

    Attributes:
        config: the configuration.
        cells: all cells of all experiments by name.
        trainings: all cells of all trainings by name.
        datasets, networks: what they are computed from, by the names of their files.
        shapes: d_0, rows and outputs of every data set that a cell or a figure uses.
    """

    config: Config
    cells: Mapping[str, Cell]
    trainings: Mapping[str, TrainingCell]
    datasets: Mapping[str, DatasetRecord]
    networks: Mapping[str, NetworkRecord]
    shapes: Mapping[str, Shape]

    @property
    def shifts(self) -> dict[str, dict[str, Any]]:
        """What is changed of the inputs and the weights at test, by the names of its features' files."""
        return {cell.shift: changed_features(cell.task) for cell in self.cells.values() if cell.shift}

    def takes(self, law: str, shift: str) -> bool:
        """Whether the weights of a law can be changed so: those that are on a grid from the start are not rounded.

        Those that were learned are neither rounded nor drawn anew.
        """
        weights = self.shifts[shift]["weights"]
        if isinstance(LAWS.get(law), Learned):
            return weights == plain(WeightsAtTest())
        return weights["bits"] is None or LAWS.get(law).normal

    @property
    def laws(self) -> list[str]:
        """All laws of the hidden weights in any cell."""
        return list(dict.fromkeys([*self.config.laws, *(law for cell in self.cells.values() for law in cell.laws)]))

    def learned_from(self, law: str) -> TrainingCell | None:
        """The training that a law's weights are learned in; None where they are frozen."""
        known = LAWS.get(law)
        return self.trainings.get(known.training) if isinstance(known, Learned) else None

    def trainings_of(self, training: str) -> list[TrainingCell]:
        """The cells of a training."""
        return [cell for cell in self.trainings.values() if cell.training == training]

    def cells_of(self, experiment: str) -> list[Cell]:
        """The cells of an experiment."""
        return [cell for cell in self.cells.values() if cell.experiment == experiment]

    def dims(self, cell: str) -> list[int]:
        """(d_0, d_1, …, d_L) of a cell."""
        return [self.shapes[self.cells[cell].dataset].input_dim, *self.cells[cell].net.widths]

    def described(self) -> list[str]:
        """The experiments that the theory describes in some of their cells."""
        return [name for name in self.config.experiments if any(cell.is_described for cell in self.cells_of(name))]

    def silent_laws(self, cell: Cell) -> dict[str, str]:
        """The laws of a cell of which the theory says nothing, each with the reason."""
        fan_in = self.dims(cell.name)[:-1]
        reasons = {law: next(filter(None, map(LAWS.get(law).silence, fan_in)), "") for law in cell.laws}
        return {law: reason for law, reason in reasons.items() if reason}

    def facts(self, figure: str) -> list[AnyFacts]:
        """What a figure is told of the cells of its experiments, and then of its trainings."""
        record = self.config.figures[figure]
        of_experiments = [self._facts(cell) for name in record.experiments for cell in self.cells_of(name)]
        return of_experiments + [
            self._training_facts(cell) for name in record.trainings for cell in self.trainings_of(name)
        ]

    def _training_facts(self, cell: TrainingCell) -> TrainingFacts:
        recipe = cell.recipe
        return TrainingFacts(
            cell=cell.name,
            training=cell.training,
            swept=dict(cell.swept),
            dataset=cell.dataset,
            network=cell.network,
            kind=cell.net.__struct_config__.tag,
            width=cell.net.width,
            depth=cell.net.depth,
            n_train=recipe.n_train,
            models=recipe.models,
            weight_decays=recipe.weight_decays,
            protocols=recipe.protocols,
            source=recipe.source,
            epochs=recipe.epochs,
            loss=recipe.loss,
            sharpness=cell.record.sharpness is not None,
            distorted=cell.record.distorted,
            seeds=len(self.config.seeds),
        )

    def _facts(self, cell: Cell) -> Facts:
        return Facts(
            cell=cell.name,
            experiment=cell.experiment,
            swept=dict(cell.swept),
            target="teacher" if isinstance(cell.task, TeacherTask) else "labels",
            laws=cell.laws,
            readouts=cell.task.readouts,
            n_train=cell.task.n_train.sizes().tolist(),
            noise=getattr(cell.task, "noise", None),
            teacher=getattr(cell.task, "teacher", None),
            labels=getattr(cell.task, "labels", None),
            changed=cell.task.second_path is not None,
            sharpness=getattr(cell.task, "sharpness", False),
            equivalents=cell.equivalents,
            dataset=cell.dataset,
            network=cell.network,
            dims=self.dims(cell.name),
            activation=cell.net.activation,
            odd=ACTIVATIONS.get(cell.net.activation).odd,
            outputs=self.shapes[cell.dataset].outputs,
            silence=cell.silence,
            silent_laws=self.silent_laws(cell),
            own_spectrum=getattr(cell.task, "own_spectrum", False),
        )
