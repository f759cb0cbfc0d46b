"""The composed schema: both drafts, both languages, stable, and what validation says."""

import json
import random
import re

import pytest
import yaml
from jsonschema import Draft7Validator, Draft202012Validator

import rouage
from rouage.catalog.acceptance import acceptor
from rouage.catalog.catalog import Catalog
from rouage.catalog.discovery import discover
from rouage.catalog.grammar import ENGINE_WORDS, STEP_KEYS, TOP_WORDS
from rouage.catalog.schema import compose, recipe_shape
from rouage.catalog.validation import bare
from rouage.catalog.word_examples import EXAMPLES


@pytest.fixture(scope="module")
def catalog():
    return discover()


BOTH = pytest.mark.parametrize("draft", ["2020-12", "draft-07"])
TONGUES = pytest.mark.parametrize("language", ["en", "fr"])
VALIDATORS = {"2020-12": Draft202012Validator, "draft-07": Draft7Validator}


@BOTH
@TONGUES
def test_the_schema_is_valid_and_says_its_version(catalog, language, draft):
    schema = compose(catalog, language, draft)
    VALIDATORS[draft].check_schema(schema)
    assert rouage.__version__ in schema["$id"]
    assert language in schema["$id"]


def test_the_order_of_keys_is_stable(catalog):
    shuffled = list(catalog.connectors.values())
    random.Random(4).shuffle(shuffled)  # noqa: S311 - any other order will do
    assert json.dumps(compose(Catalog(shuffled))) == json.dumps(compose(catalog))


def test_the_drafts_differ_in_their_names_of_definitions_only(catalog):
    new, old = (json.dumps(compose(catalog, "en", draft)) for draft in ("2020-12", "draft-07"))
    same = new.replace("$defs", "definitions")
    same = re.sub(r'"\$(schema|id)": "[^"]*"', "", same)
    assert same == re.sub(r'"\$(schema|id)": "[^"]*"', "", old)


def test_removing_a_connector_removes_its_actions(catalog):
    rest = [one for one in catalog.connectors.values() if one.name != "log"]
    with_log, without = json.dumps(compose(catalog)), json.dumps(compose(Catalog(rest)))
    assert "log.write" in with_log
    assert "log.write" not in without


def test_completion_of_a_step_is_words_keys_and_actions(catalog):
    step = compose(catalog)["$defs"]["step"]
    assert set(step["properties"]) == {*ENGINE_WORDS, *STEP_KEYS, *catalog.actions}
    assert step["additionalProperties"] is False
    assert set(compose(catalog)["properties"]) == set(TOP_WORDS)


@TONGUES
def test_every_word_action_and_parameter_has_a_title_and_a_description(catalog, language):
    schema = compose(catalog, language)
    definitions = schema["$defs"]
    for id_ in catalog.actions:
        action = definitions[f"action.{id_}"]
        assert action["title"]
        assert action["markdownDescription"] == action["description"]
        for name, parameter in action["properties"].items():
            assert parameter["title"], (id_, name)
            assert parameter["description"], (id_, name)
    for name, word in schema["properties"].items():
        assert word["title"], name


def test_titles_are_in_the_language_asked_for(catalog):
    french = compose(catalog, "fr")
    assert french["title"] == "Recette"
    assert french["properties"]["when"]["title"] == "Quand"


def test_each_action_inserts_its_required_parameters(catalog):
    definitions = compose(catalog)["$defs"]
    for id_, action in catalog.actions.items():
        (snippet,) = definitions[f"action.{id_}"]["defaultSnippets"]
        assert list(snippet["body"]) == list(action.parameters.required)


def test_a_parameter_is_described_once_only(catalog):
    """S6: names of parameters come from their declaration, nowhere else."""
    for id_, action in catalog.actions.items():
        composed = compose(catalog)["$defs"][f"action.{id_}"]
        assert list(composed["properties"]) == list(action.parameters.names)


def test_parameters_are_plain_enough_for_a_form(catalog):
    """S2: no alternatives inside a parameter."""
    for name, definition in compose(catalog)["$defs"].items():
        if name in {"step", "trigger"}:
            continue
        text = json.dumps(definition)
        assert not re.search(r'"(oneOf|anyOf|allOf|if|not)":(?! \{"title")', text), name


VALUES = [
    *(None, True, False, 0, 1, -5, 3.5, 10**6, "", "a", "true", "rename", "10s", "${{ x }}"),
    *("${{ x }} y", "last", "stop", [], ["a"], [1, None], {}, {"a": 1}, {"continue": 1}),
    *({"times": 3}, {"policy": "all"}, {"text": "x", "result": "failed"}, {"mode": "queued"}),
]


BODIES = [
    lambda steps, pick: {"choose": [{"if": pick(), "do": steps}, {"do": steps}]},
    lambda steps, pick: {"for_each": {"in": pick(), "do": steps}},
    lambda steps, pick: {"repeat": {"times": pick(), "do": steps}},
    lambda steps, pick: {"parallel": {"branches": {"a": steps, "b": steps}, "join": "all"}},
    lambda steps, pick: {"group": {"do": steps}, "on_error": steps},
    lambda steps, pick: {"wait": {"event": {"manual.start": None}, "on_timeout": steps}},
    lambda steps, pick: {"approve": {"ask": pick(), "on_timeout": steps}},
]


def random_recipe(catalog, dice):
    def pick():
        return dice.choice(VALUES)

    def parameters(spec):
        names = [*spec.parameters.names, "odd"]
        return {name: pick() for name in dice.sample(names, dice.randint(0, len(names)))}

    def entries(specs, keys, depth=0):
        entry = {name: pick() for name in dice.sample(keys, dice.randint(0, 2))}
        if depth < 3 and dice.random() < 0.5:
            steps = [
                entries(catalog.actions, [*STEP_KEYS, *ENGINE_WORDS], depth + 1)
                for _ in range(dice.randint(0, 2))
            ]
            return entry | dice.choice(BODIES)(steps, pick)
        id_ = dice.choice(list(specs))
        return entry | {id_: dice.choice([parameters(specs[id_]), pick()])}

    recipe = {name: pick() for name in dice.sample(list(TOP_WORDS), dice.randint(0, 4))}
    recipe["do"] = [
        entries(catalog.actions, [*STEP_KEYS, *ENGINE_WORDS]) for _ in range(dice.randint(0, 3))
    ]
    if dice.random() < 0.5:
        recipe["when"] = [entries(catalog.triggers, ["id", "if", "missed", "enabled"])]
    return recipe


def test_the_quick_test_never_accepts_what_jsonschema_refuses(catalog):
    schema = bare(recipe_shape(catalog))
    plain = Draft202012Validator(schema)
    accept = acceptor(schema, schema["$defs"])
    dice = random.Random(7)  # noqa: S311 - a fixed sequence of recipes
    verdicts = set()
    for _ in range(1_500):
        recipe = random_recipe(catalog, dice)
        is_valid = plain.is_valid(recipe)
        if accept(recipe):
            assert is_valid, recipe
        quick = {_key(error) for error in catalog.validator.errors(recipe)}
        assert quick == {_key(error) for error in plain.iter_errors(recipe)}
        verdicts.add(is_valid)


def _key(error):
    return (tuple(error.absolute_path), error.validator, error.message)


@BOTH
def test_steps_are_checked_at_any_depth(catalog, draft):
    validator = VALIDATORS[draft](compose(catalog, "en", draft))
    step = {"log.write": {"message": "a"}}
    for _ in range(8):
        step = {"group": {"do": [{"for_each": {"in": [1], "do": [step]}}]}}
    recipe = {"name": "A", "do": [step]}
    assert validator.is_valid(recipe)
    text = json.dumps(recipe).replace('"message"', '"mesage"')
    paths = {tuple(error.absolute_path)[-3:] for error in validator.iter_errors(json.loads(text))}
    assert paths == {("do", 0, "log.write")}


@BOTH
def test_the_examples_of_the_engine_words_fit_the_schema(catalog, draft):
    validator = VALIDATORS[draft](compose(catalog, "en", draft))
    assert list(EXAMPLES) == list(ENGINE_WORDS)
    for word, text in EXAMPLES.items():
        example = yaml.safe_load(text)
        assert [error.message for error in validator.iter_errors(example)] == [], word
        assert any(word in step for step in example["do"]), word


@TONGUES
def test_each_key_of_an_engine_word_has_a_title_and_a_description(catalog, language):
    words = compose(catalog, language)["$defs"]["step"]["properties"]
    for name in ENGINE_WORDS:
        shape = words[name]
        assert shape["title"]
        assert shape["description"].endswith((".", "`"))
        inner = shape.get("items", shape)
        for key, part in inner.get("properties", {}).items():
            assert part["title"], (name, key)
            assert part["description"], (name, key)


def test_an_engine_word_inserts_its_required_keys(catalog):
    words = compose(catalog)["$defs"]["step"]["properties"]
    for name in ENGINE_WORDS:
        (snippet,) = words[name]["defaultSnippets"]
        assert snippet["label"] == name
        body = snippet["body"]
        if isinstance(body, dict):
            assert set(words[name].get("required", ())) <= set(body)
        else:
            kinds = {str: "string", list: "array"}
            assert kinds[type(body)] in words[name]["type"]


def test_the_examples_of_the_connectors_fit_the_schema(catalog):
    for id_, action in catalog.actions.items():
        recipe = {"name": "A", "do": [{id_: dict(action.example) or None}]}
        assert list(catalog.validator.errors(recipe)) == [], id_
    for id_, trigger in catalog.triggers.items():
        recipe = {
            "name": "A",
            "when": [{id_: dict(trigger.example) or None}],
            "do": [{"stop": "ok"}],
        }
        assert list(catalog.validator.errors(recipe)) == [], id_
