"""Registries: a folder's files are its members, named and spelled in one way; a bad name tells the forms."""

import importlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebit_rf.data.kinds import DATASETS
from onebit_rf.errors import OnebitError
from onebit_rf.features.layers import ENCODINGS
from onebit_rf.model.activations import ACTIVATIONS
from onebit_rf.model.losses import LOSSES
from onebit_rf.model.mirrors import MIRRORS
from onebit_rf.model.readouts import READOUTS
from onebit_rf.model.registry import number_text
from onebit_rf.model.spectra import SPECTRA
from onebit_rf.model.teachers import TEACHERS
from onebit_rf.weights.laws import LAWS

REGISTRIES = [ACTIVATIONS, LOSSES, MIRRORS, READOUTS, SPECTRA, TEACHERS, LAWS, DATASETS, ENCODINGS]


@pytest.mark.parametrize("registry", REGISTRIES, ids=lambda registry: registry.what)
def test_every_file_defines_its_member(registry):
    assert registry.names()
    for name in registry.names():
        module = importlib.import_module(registry.module(name))
        assert hasattr(module, registry.what), name
        assert module.__doc__


@pytest.mark.parametrize("registry", REGISTRIES, ids=lambda registry: registry.what)
def test_an_unknown_name_tells_the_forms(registry):
    for text in ("nothing", "nothing:1", ""):
        with pytest.raises(OnebitError) as caught:
            registry.get(text)
        assert str(caught.value) == f"{registry.what}: must be {registry.forms()}, got {text!r}"


def test_forms_name_the_parameters():
    assert TEACHERS.forms() == "normal or uniform:LOW,HIGH"
    assert LOSSES.forms() == "logistic or squared-hinge"
    assert "hypentropy:BETA" in MIRRORS.forms()


@pytest.mark.parametrize("text", ["q", "q:", "q:1,2", "q:two", "l2:1", "q:1.5:2"])
def test_parameters_must_fit(text):
    with pytest.raises(OnebitError, match="mirror: must be "):
        MIRRORS.get(text)


@given(st.floats(1e-12, 1e12))
def test_a_number_has_one_text_that_reads_as_itself(number):
    text = number_text(number)
    assert float(text) == number
    assert number_text(float(f"{number:.17e}")) == text


@pytest.mark.parametrize(
    ("number", "text"), [(1e6, "1e+06"), (1e12, "1e+12"), (1e5, "100000"), (1234567, "1234567"), (0.00001, "1e-05")]
)
def test_a_number_is_spelled_short_where_nothing_is_lost(number, text):
    assert number_text(number) == text


@given(st.floats(1.01, 100))
def test_canonical_text_names_the_same_member(q):
    text = MIRRORS.canonical(f"q:{q:.17e}")
    assert MIRRORS.canonical(text) == text
    assert READOUTS.canonical(f"mirror:q:{q:.17e}") == f"mirror:{text}"
