"""A configuration that was read and checked, laid out in cells: what the workflow computes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from onebit_rf.config.cells import Cell
from onebit_rf.config.network import Network
from onebit_rf.config.records import Config
from onebit_rf.config.task import TeacherTask, changed_features
from onebit_rf.data.dataset import Shape
from onebit_rf.data.kinds import DatasetRecord
from onebit_rf.figures.facts import Facts
from onebit_rf.model.activations import ACTIVATIONS
from onebit_rf.weights.laws import LAWS


@dataclass(frozen=True)
class Study:
    """What the workflow computes.

    Attributes:
        config: the configuration.
        cells: all cells of all experiments by name.
        datasets, networks: what they are computed from, by the names of their files.
        shapes: d_0, rows and outputs of every data set that a cell uses.
    """

    config: Config
    cells: Mapping[str, Cell]
    datasets: Mapping[str, DatasetRecord]
    networks: Mapping[str, Network]
    shapes: Mapping[str, Shape]

    @property
    def shifts(self) -> dict[str, dict[str, Any]]:
        """What is changed of the inputs and the weights at test, by the names of its features' files."""
        return {cell.shift: changed_features(cell.task) for cell in self.cells.values() if cell.shift}

    def takes(self, law: str, shift: str) -> bool:
        """Whether the weights of a law can be changed so: those that are on a grid from the start are not rounded."""
        return self.shifts[shift]["weights"]["bits"] is None or LAWS.get(law).normal

    def cells_of(self, experiment: str) -> list[Cell]:
        """The cells of an experiment."""
        return [cell for cell in self.cells.values() if cell.experiment == experiment]

    def dims(self, cell: str) -> list[int]:
        """(d_0, d_1, …, d_L) of a cell."""
        return [self.shapes[self.cells[cell].dataset].input_dim, *self.cells[cell].net.widths]

    def described(self) -> list[str]:
        """The experiments that the theory describes in some of their cells."""
        return [name for name in self.config.experiments if any(cell.is_described for cell in self.cells_of(name))]

    def facts(self, figure: str) -> list[Facts]:
        """What a figure is told of the cells of its experiments."""
        names = self.config.figures[figure].experiments
        return [self._facts(cell) for name in names for cell in self.cells_of(name)]

    def _facts(self, cell: Cell) -> Facts:
        return Facts(
            cell=cell.name,
            experiment=cell.experiment,
            swept=dict(cell.swept),
            target="teacher" if isinstance(cell.task, TeacherTask) else "labels",
            laws=self.config.laws,
            readouts=cell.task.readouts,
            n_train=cell.task.n_train.sizes().tolist(),
            noise=getattr(cell.task, "noise", None),
            teacher=getattr(cell.task, "teacher", None),
            labels=getattr(cell.task, "labels", None),
            changed=cell.task.second_path is not None,
            sharpness=getattr(cell.task, "sharpness", False),
            dataset=cell.dataset,
            network=cell.network,
            dims=self.dims(cell.name),
            activation=cell.net.activation,
            odd=ACTIVATIONS.get(cell.net.activation).odd,
            outputs=self.shapes[cell.dataset].outputs,
            described=cell.is_described,
        )
