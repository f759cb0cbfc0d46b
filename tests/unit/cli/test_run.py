"""`--input NAME=VALUE` is read as the recipe declares it."""

from typing import Any

import pytest

from rouage.cli.run import typed_inputs
from rouage.errors import UsageError
from rouage.model.recipe import Recipe

RECIPE = Recipe(
    id="demo",
    name="Demo",
    definition=b"{}",
    hash="0",
    steps=(),
    inputs={
        "who": {"type": "text"},
        "price": {"type": "number"},
        "count": {"type": "integer"},
        "urgent": {"type": "boolean"},
        "tags": {"type": "list"},
        "postcode": {},
    },
)


@pytest.mark.parametrize(
    ("pair", "value"),
    [
        ("who=007", "007"),
        ("who=a=b", "a=b"),
        ("who=", ""),
        ("price=1.5", 1.5),
        ("count=3", 3),
        ("urgent=true", True),
        ('tags=["a"]', ["a"]),
        ("postcode=01000", "01000"),
    ],
)
def test_a_value_gets_the_declared_type(pair: str, value: Any):
    assert typed_inputs(RECIPE, [pair]) == {pair.partition("=")[0]: value}


@pytest.mark.parametrize(
    "pair",
    [
        "who",
        "=x",
        "what=x",
        "price=many",
        "price=true",
        "count=1.5",
        "urgent=1",
        "tags={}",
        "count=",
    ],
)
def test_a_value_that_does_not_fit_is_a_wrong_call(pair: str):
    with pytest.raises(UsageError) as caught:
        typed_inputs(RECIPE, [pair])
    assert "{" not in caught.value.render("fr").replace("{}", "")


def test_an_unknown_input_lists_the_known_ones():
    with pytest.raises(UsageError) as caught:
        typed_inputs(RECIPE, ["what=x"])
    assert "who, price" in str(caught.value.render_hint("fr"))
