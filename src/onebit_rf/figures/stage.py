"""The figures stage: read the tables that a kind needs, draw, and write picture, caption and findings."""

import re
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from onebit_rf.errors import OnebitError
from onebit_rf.figures import style
from onebit_rf.figures.facts import AnyFacts, mark_silent
from onebit_rf.figures.kinds import Drawing, FigureRecord, Tables
from onebit_rf.figures.parameters import parameters
from onebit_rf.tables.bearing import BEARING
from onebit_rf.tables.conditions import CONDITIONS
from onebit_rf.tables.deployment import DEPLOYMENT
from onebit_rf.tables.equivalents import EQUIVALENTS
from onebit_rf.tables.files import read_frame, read_provenance, write_table
from onebit_rf.tables.findings import FINDINGS
from onebit_rf.tables.latency import LATENCY
from onebit_rf.tables.models import MODELS
from onebit_rf.tables.ranking import RANKING
from onebit_rf.tables.readout import READOUT
from onebit_rf.tables.theory import THEORY
from onebit_rf.tables.whole import write_text

if TYPE_CHECKING:
    import pandas as pd

STAGES = {
    "readout": READOUT,
    "theory": THEORY,
    "latency": LATENCY,
    "cost": LATENCY,
    "models": MODELS,
    "bearing": BEARING,
    "ranking": RANKING,
    "deployment": DEPLOYMENT,
    "equivalents": EQUIVALENTS,
    "conditions": CONDITIONS,
}


def draw_figure(
    name: str,
    record: FigureRecord,
    facts: Sequence[AnyFacts],
    inputs: Mapping[str, Sequence[str]],
    outputs: Mapping[str, str],
) -> None:
    """Draw a figure.

    Args:
        name: of the figure.
        record: its kind and options.
        facts: the cells of its experiments.
        inputs: stage → its tables, for the stages of the kind.
        outputs: paths of `pdf`, `png`, `caption` and `findings`.
    """
    frames = {stage: read_frame(paths, STAGES[stage]) if paths else None for stage, paths in inputs.items()}
    for stage in frames.keys() & {"readout", "theory"}:
        if frames[stage] is not None:
            frames[stage] = frames[stage][frames[stage]["metric"].isin(record.metrics)]
    if frames.get("readout") is not None:
        frames["readout"] = mark_silent(frames["readout"], facts)
    for stage, frame in frames.items():
        if frame is None and stage != "theory":
            raise OnebitError(f"figures.{name}: there is no table of the stage {stage} to draw")
    drawing = record.draw(Tables(**frames, facts=facts))
    write_findings(outputs["findings"], name, drawing)
    files = [(path, STAGES[stage]) for stage in inputs for path in inputs[stage]]
    write_text(outputs["caption"], caption(drawing, parameters(facts), _replicates(frames), files))
    style.save(drawing.figure, [outputs["pdf"], outputs["png"]])


def _replicates(frames: "Mapping[str, pd.DataFrame | None]") -> "pd.DataFrame | None":
    """The table whose seeds the caption counts: of read-outs, trained models or equivalents."""
    found = [frames.get(stage) for stage in ("readout", "models", "equivalents")]
    return next((frame for frame in found if frame is not None), None)


def write_findings(path: str | Path, name: str, drawing: Drawing) -> None:
    """Write the table `findings` of one figure; it may have no rows."""
    rows = drawing.findings
    columns = {"finding": [row.sentence for row in rows]}
    columns |= {field: [getattr(row, field) for row in rows] for field in ("value", "low", "high", "n_seeds")}
    write_table(path, FINDINGS, {"figure": name}, figure=[name] * len(rows), **columns)


def caption(
    drawing: Drawing, told: Sequence[str], readout: "pd.DataFrame | None", files: Sequence[tuple[str, Any]]
) -> str:
    """Return what the report prints below a figure: what it shows, its findings, what it is of, seeds and versions.

    Args:
        drawing: the figure.
        told: its parameters, a line each.
        readout: the rows whose seeds are counted; None where there are none.
        files: the tables that it is drawn from, with their kinds.
    """
    lines = [escape(drawing.caption), ""]
    lines += [f"* {escape(finding.sentence)}" for finding in drawing.findings] + [""]
    lines += [f"| {escape(line)}" for line in told] + [""]
    facts = []
    if readout is not None:
        count = readout["seed"].nunique()
        facts.append(f"{count} seed{'s' * (count > 1)}")
    sources = [read_provenance(path, table) for path, table in files]
    machines = [source["machine"] for source in sources]
    facts += dict.fromkeys(f"{machine['processor']}, {machine['cores']} cores" for machine in machines)
    versions = {name: number for source in sources for name, number in source["libraries"].items()}
    facts.append(", ".join(dict.fromkeys(f"onebit-rf {source['version']}" for source in sources)))
    facts.append(", ".join(f"{name} {number}" for name, number in sorted(versions.items())))
    return "\n".join([*lines, f"*{'; '.join(filter(None, facts))}.*", ""])


def escape(text: str) -> str:
    """Return text in which reStructuredText sees no markup."""
    return re.sub(r"[\\`*|]|_(?!\w)", r"\\\g<0>", text)


def collect_findings(
    paths: Sequence[str | Path], studies: Mapping[str, str], table: str | Path, listing: str | Path
) -> None:
    """Stack the findings of all figures in one table, and list them for the report, each with a link to its figure.

    Args:
        paths: the tables of the findings of each figure.
        studies: figure → the heading that the list puts it under.
        table, listing: what is written.
    """
    rows = read_frame(paths, FINDINGS).to_dict("list") if paths else {field.name: [] for field in FINDINGS.fields}
    write_table(table, FINDINGS, {"figures": [Path(path).stem for path in paths]}, **rows)
    lines: dict[str, list[str]] = {study: [] for study in sorted(studies.values())}
    for name, text in zip(rows["figure"], rows["finding"], strict=True):
        lines[studies[name]].append(f"* {escape(text)} (`{name}.png`_)")
    sections = [[escape(study), "~" * len(escape(study)), "", *items, ""] for study, items in lines.items() if items]
    write_text(listing, "\n".join(chain.from_iterable(sections)))
