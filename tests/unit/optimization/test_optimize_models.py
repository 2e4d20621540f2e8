"""The models that `optimize` knows: found by name, and strict about their options."""

import inspect

import pytest

import echelon as ec
from echelon.errors import DomainError, UnknownNameError
from echelon.optimization.models import MODELS, find_model, options_of


@pytest.mark.parametrize("model", MODELS)
def test_each_model_is_a_documented_function_of_a_network_and_keywords(model):
    function = find_model(model)
    network, *options = inspect.signature(function).parameters.values()
    assert network.name == "network"
    assert {option.kind for option in options} == {inspect.Parameter.KEYWORD_ONLY}
    assert options_of(model) == {option.name for option in options}
    for option in options:
        assert f"{option.name}" in function.__doc__, option.name
    for heading in ("Parameters", "Returns", "Raises", "Examples"):
        assert f"{heading}\n    ---" in function.__doc__


def test_every_model_is_named_where_one_looks_for_it():
    assert all(f'``"{model}"``' in ec.optimize.__doc__ for model in MODELS)


def test_an_unknown_model_is_told_with_the_nearest():
    with pytest.raises(UnknownNameError, match="Did you mean 'guaranteed_service'"):
        ec.optimize(ec.read_example("bulldozer"), model="guaranted_service")


def test_all_options_that_a_model_does_not_take_are_told_at_once():
    with pytest.raises(DomainError) as caught:
        ec.optimize(ec.read_example("bulldozer"), servce_level=0.9, quickly=True)
    assert "'servce_level'. Did you mean 'service_level'?" in str(caught.value)
    assert "unknown option 'quickly'." in str(caught.value)


def test_the_signature_shows_the_arguments_of_the_default_model():
    shown = inspect.signature(ec.optimize).parameters
    assert shown["service_level"].default is None
    assert list(shown)[:2] == ["network", "model"]
    assert shown["options"].kind is inspect.Parameter.VAR_KEYWORD
