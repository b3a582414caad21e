"""Which curve stands in which panel: what varies is told apart by colour, x or a panel, and never averaged over."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import facts

from onebit_rf.figures import layout

SWEPT = [
    facts(f"s/noise~{noise}/width~{width}", swept={"noise": noise, "width": width}, dims=[30, width, width])
    for noise in (0.0, 0.3)
    for width in (8, 16)
]


def test_what_varies_makes_panels():
    rows = layout.curves(SWEPT, {})
    assert layout.varying(rows, SWEPT) == ["noise", "width", "depth"]
    panels = layout.panels(rows, SWEPT, "depth")
    assert [dict(panel) for panel in panels] == [{"noise": n, "width": w} for n in (0.0, 0.3) for w in (8, 16)]
    assert all(len(drawn) == 2 for drawn in panels.values())


def test_at_chooses():
    rows = layout.curves(SWEPT, {"noise": 0.3, "depth": [2]})
    assert [(row["noise"], row["width"], row["depth"]) for row in rows] == [(0.3, 8, 2), (0.3, 16, 2)]


@given(st.sets(st.sampled_from(["depth", "noise", "width"])), st.sets(st.sampled_from([0.0, 0.3]), min_size=1))
def test_every_curve_is_in_exactly_one_panel(within, noises):
    rows = layout.curves(SWEPT, {"noise": list(noises)})
    panels = layout.panels(rows, SWEPT, *within)
    assert sorted(map(str, (row for drawn in panels.values() for row in drawn))) == sorted(map(str, rows))


def test_facets_give_the_order():
    panels = layout.panels(layout.curves(SWEPT, {}), SWEPT, "depth")
    assert [dict(panel)["width"] for panel in layout.ordered(panels, ["width", "noise"])] == [8, 8, 16, 16]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"colour": "height"}, ".colour: must be one of depth, readout, experiment, noise, width, got 'height'"),
        ({"x": "height"}, ".x: must be one of"),
        ({"facets": ["height"]}, ".facets: must be one of"),
        ({"at": {"height": 1}}, ".at: unknown name height; known are depth, readout, experiment, noise"),
        ({"at": {"depth": 9}}, ".at.depth: 9 is not drawn by any experiment; there are 1, 2"),
        ({"facets": ["width"]}, ".facets: noise varies too; add it, or choose by `at: {noise: …}`"),
    ],
)
def test_a_wrong_layout_is_one_line(options, message):
    mistakes = list(layout.check_layout(SWEPT, **{"at": {}, "colour": "depth", "facets": None, **options}))
    assert len(mistakes) == 1
    assert mistakes[0].startswith(message)


def test_too_many_panels_are_refused():
    many = [facts(f"s/noise~{i}", swept={"noise": float(i)}) for i in range(13)]
    (mistake,) = layout.check_layout(many, {}, "depth", None)
    assert "13 panels by noise are more than 12" in mistake
    (mistake,) = layout.check_layout(many, {}, "noise", None)
    assert "13 values of noise are more than 12 colours" in mistake


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("depth", 2, "$L = 2$"),
        ("readout", "ridge:0.5", "λ = 0.5"),
        ("readout", "mirror:q:3", "q = 3"),
        ("readout", "squared-hinge:1", "squared hinge loss, λ = 1"),
        ("noise", 0.3, "noise $\\sigma$ = 0.3"),
        ("dataset.spectrum", "power:0.5", "spectrum power:0.5"),
    ],
)
def test_words(name, value, text):
    assert layout.words(name, value) == text
