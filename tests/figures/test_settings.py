"""Which trainings share a facet, and what keeps them from being told apart."""

import pytest
from made_up_models import facts

from onebit_rf.figures import settings


def swept(source="learned"):
    """A training at two n and two shares of wrong labels."""
    return [
        facts(
            f"{source}/n_train~{n}/label_noise~{noise}",
            source=source,
            n_train=n,
            swept={"n_train": n, "label_noise": noise},
        )
        for n in (100, 200)
        for noise in (0.0, 0.3)
    ]


def test_learned_and_frozen_share_a_facet():
    found = settings.facets([*swept(), *swept("frozen")])
    assert [[cell.source for cell in cells] for cells in found.values()] == [["learned", "frozen"]] * 4
    by_sweep = [
        facts(f"a/source~{source}", source=source, swept={"source": source}) for source in ("learned", "frozen")
    ]
    assert len(settings.facets(by_sweep)) == 1


def test_a_setting_in_words_says_what_is_swept_once():
    assert settings.setting_words(facts()) == "my digits, relu (mlp, depth 2, width 8), n = 100"
    assert settings.setting_words(swept()[1]).endswith("n = 100, label noise 0.3")
    named = facts(dataset="mnist,n_train~5", swept={"dataset.n_train": 5})
    assert settings.setting_words(named) == "mnist, relu (mlp, depth 2, width 8), n = 100, dataset.n train 5"


def test_a_protocol_says_its_number_where_it_is_shared():
    assert settings.protocol_words("fixed_epochs", [facts(), facts("b")]) == "fixed epochs (20)"
    assert settings.protocol_words("fixed_epochs", [facts(), facts("b", epochs=40)]) == "fixed epochs"
    assert settings.protocol_words("matched_loss", [facts()]) == "matched train loss (0.1)"
    assert settings.protocol_words("early_stopping", [facts()]) == "early stopping"


def test_at_chooses_by_names_and_leaves():
    cells = swept()
    assert len(settings.chosen(cells, {})) == 4
    assert [cell.n_train for cell in settings.chosen(cells, {"n_train": 200})] == [200, 200]
    assert settings.chosen(cells, {"label_noise": [0.3], "n_train": 100}) == [cells[1]]
    assert settings.chosen([facts(), facts("b")], {"training": "b"}) == [facts("b")]


@pytest.mark.parametrize(
    ("cells", "at", "message"),
    [
        (swept(), {}, None),
        (
            swept(),
            {"width": 8},
            ".at: unknown name width; known are training, dataset, network, n_train, source, label_n",
        ),
        (swept(), {"n_train": []}, ".at.n_train: must be a value or a list of values, got []"),
        (swept(), {"n_train": 7}, ".at.n_train: 7 is not in any training; there are 100, 200"),
        ([facts("a/x~1", swept={"x": 1}), facts("b")], {"x": 1, "training": "b"}, ".at: nothing is left to draw"),
        (
            [*swept(), facts("b")],
            {},
            ".at: 5 settings of data set, network, n and swept leaves are more than 4; choose",
        ),
        (
            [facts("a"), facts("b")],
            {},
            ".trainings: 'a' and 'b' have the same data set, network, n, swept leaves and lear",
        ),
    ],
)
def test_what_is_not_drawn_is_one_line(cells, at, message):
    mistakes = list(settings.check_settings(cells, at, 4))
    assert len(mistakes) == (message is not None)
    assert message is None or mistakes[0].startswith(message)


@pytest.mark.parametrize(
    ("decays", "wanted", "found", "message"),
    [
        ([[0.1, 0.0], [0.0]], None, 0.0, None),
        ([[0.1, 0.0], [0.1, 0.01]], None, 0.1, None),
        ([[0.1, 0.0], [0.1]], 0.1, 0.1, None),
        ([[0.1, 0.0], [0.1]], 0.0, None, ".weight_decay: 0 is not a weight decay of all trainings that are drawn"),
        (
            [[0.1], [0.0]],
            None,
            None,
            ".weight_decay: no weight decay of all trainings that are drawn; they have 0.0, 0.1",
        ),
    ],
)
def test_the_weight_decay_is_one_of_all_cells(decays, wanted, found, message):
    cells = [facts(str(i), weight_decays=some) for i, some in enumerate(decays)]
    assert settings.decay(cells, wanted) == found
    mistakes = list(settings.check_decay(cells, wanted))
    assert len(mistakes) == (message is not None)
    assert message is None or mistakes[0].startswith(message)
