"""The figures stage: tables of a run become pictures, a caption that the report can print, and findings."""

import made_up
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebit_rf.errors import OnebitError
from onebit_rf.figures import style
from onebit_rf.figures.kinds import Drawing
from onebit_rf.figures.kinds.learning_curve import LearningCurve
from onebit_rf.figures.stage import collect_findings, draw_figure, escape, write_findings
from onebit_rf.tables.files import read_frame, read_provenance, write_table
from onebit_rf.tables.findings import FINDINGS
from onebit_rf.tables.readout import READOUT
from onebit_rf.tables.theory import THEORY


def as_html(text):
    """What the report makes of reStructuredText; a mistake in it would be printed as a system message."""
    from docutils.core import publish_parts

    return publish_parts(text, writer="html", settings_overrides={"warning_stream": False})["body"]


@pytest.fixture
def inputs(tmp_path):
    """The tables of two cells of a sweep, written."""
    paths = {"readout": [], "theory": []}
    for noise in (0.0, 0.3):
        cell = made_up.facts(f"s/noise~{noise}", swept={"noise": noise}, noise=noise)
        rest = {"reason": "", "train_residual": None, "distance": None}
        known = {"kappa": 1.0, "df": 1.0, "reason": "", "residual": 0.0, "iterations": 1}
        frames = [(READOUT, made_up.readout(cell), rest), (THEORY, made_up.theory(cell), known)]
        for table, frame, more in frames:
            path = tmp_path / f"{table.name}{noise}.parquet"
            columns = {name: column.to_numpy() for name, column in frame.items()}
            write_table(path, table.sweeping(cell.swept), {}, **columns, **more)
            paths[table.name].append(path)
    return paths


def drawn(folder, inputs, name="curve"):
    cells = [made_up.facts(f"s/noise~{noise}", swept={"noise": noise}, noise=noise) for noise in (0.0, 0.3)]
    outputs = {kind: folder / f"{name}.{kind}" for kind in ("pdf", "png", "caption", "findings")}
    draw_figure(name, LearningCurve(experiments=["s"]), cells, inputs, outputs)
    return outputs


def test_a_figure_is_four_files(tmp_path, inputs):
    outputs = drawn(tmp_path, inputs)
    assert all(path.stat().st_size > 0 for path in outputs.values())
    findings = read_frame([outputs["findings"]], FINDINGS)
    assert set(findings["figure"]) == {"curve"}
    assert np.isclose(findings["value"].iloc[0], 0.01)
    assert read_provenance(outputs["findings"], FINDINGS)["params"] == {"figure": "curve"}


def test_the_caption_tells_findings_seeds_machine_and_versions(tmp_path, inputs):
    outputs = drawn(tmp_path, inputs)
    text = as_html(outputs["caption"].read_text(encoding="utf-8"))
    machine = read_provenance(inputs["readout"][0], READOUT)["machine"]
    for said in ("Lines are theory", "+1.00 %", "3 seeds;", machine["processor"], "cores", "onebit-rf 0", "numpy 2"):
        assert said in text, said
    assert "system-message" not in text


def test_findings_of_all_figures_are_listed_with_links(tmp_path, inputs):
    paths = [drawn(tmp_path, inputs, name)["findings"] for name in ("one", "two")]
    collect_findings(paths, {"one": "10. Later", "two": "09. Sooner"}, tmp_path / "all.parquet", tmp_path / "all.rst")
    table = read_frame([tmp_path / "all.parquet"], FINDINGS)
    assert table["figure"].tolist() == ["one"] * 4 + ["two"] * 4
    targets = ".. _one.png: javascript:1\n.. _two.png: javascript:2\n"  # the report adds these
    text = as_html((tmp_path / "all.rst").read_text(encoding="utf-8") + "\n" + targets)
    assert text.count('href="javascript:1"') == 4
    assert text.index("09. Sooner") < text.index("javascript:2") < text.index("10. Later") < text.index("javascript:1")
    assert "system-message" not in text


def test_no_figures_have_no_findings(tmp_path):
    collect_findings([], {}, tmp_path / "all.parquet", tmp_path / "all.rst")
    assert read_frame([tmp_path / "all.parquet"], FINDINGS).empty


def test_a_figure_may_have_nothing_to_say(tmp_path):
    figure, _ = style.grid(1, 1, 2, 2)
    write_findings(tmp_path / "a", "a", Drawing(figure, "", []))
    assert read_frame([tmp_path / "a"], FINDINGS).empty
    style.pyplot().close(figure)


def test_a_stage_without_tables_is_told(tmp_path):
    with pytest.raises(OnebitError, match=r"figures.a: there is no table of the stage readout to draw"):
        draw_figure("a", LearningCurve(experiments=["s"]), [], {"readout": [], "theory": []}, {})


@given(st.text(st.characters(exclude_categories=["C", "Z"]) | st.sampled_from("_*`|\\ "), min_size=1))
def test_any_text_is_printed_as_it_is(text):
    import html

    said = f"a {text} z"
    body = html.unescape(as_html(f"* {escape(said)}"))
    assert "system-message" not in body
    assert " ".join(said.split()) in " ".join(body.split())


def test_the_caption_tells_the_parameters_and_what_varies(tmp_path, inputs):
    text = as_html(drawn(tmp_path, inputs)["caption"].read_text(encoding="utf-8"))
    shared = "s: inputs; network tanh, 30 → 8 × 2; weights Gaussian, one-bit; read-outs λ = 0; n 1 … 12 (12 sizes)"
    assert f"{shared}; σ 0 | 0.3" in text
    assert "varied: noise σ: 0, 0.3" in text
