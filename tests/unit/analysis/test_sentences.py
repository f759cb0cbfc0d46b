"""A recipe read back: every key has a sentence, in both languages, and reads well."""

import copy
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from rouage.analysis.sentences.expressions import Names, Phrases
from rouage.analysis.sentences.story import tell
from rouage.analysis.sentences.voice import Voice
from rouage.catalog.catalog import Catalog
from rouage.catalog.discovery import discover
from rouage.catalog.grammar import ENGINE_WORDS, STEP_KEYS, TOP_WORDS, TRIGGER_KEYS
from rouage.language import LANGUAGES
from rouage.recipes.checker import check
from rouage.recipes.reader import read

ROOT = Path(__file__).parents[3]
TOLD = Path(__file__).parent / "told"
EVERY_KEY = TOLD / "every-key.yaml"
DEMO = ROOT / "recipes" / "demo"
GOLDEN = [
    *((p, p.parent.name) for p in sorted(DEMO.glob("??/*.yaml")) if ".test." not in p.name),
    *(
        (TOLD / name, language)
        for name in ("every-key.yaml", "invoice.yaml")
        for language in LANGUAGES
    ),
]
# For editors; it says nothing about the recipe.
WITHOUT_MEANING = {("$schema",)}

Path_ = tuple[str | int, ...]


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return discover(entry_points=())


def load(path: Path) -> dict[str, Any]:
    data = read(path.read_bytes()).data
    assert isinstance(data, dict)
    return data


def golden_of(path: Path, language: str) -> Path:
    return TOLD / f"{path.stem}.{language}.txt"


@pytest.mark.parametrize(("path", "language"), GOLDEN, ids=lambda one: getattr(one, "stem", one))
def test_a_recipe_reads_as_expected(path, language, catalog):
    text = tell(load(path), catalog, language).text
    assert text + "\n" == golden_of(path, language).read_text(encoding="utf-8")


@pytest.mark.parametrize("alive", [{"probe": "6h"}, {"expect": "learned"}])
def test_a_silence_that_is_learned_is_told(alive, catalog):
    recipe = load(EVERY_KEY)
    (kept,) = [one for one in recipe["when"] if "alive" in one]
    kept["alive"] = alive
    assert "You are told of an unusual silence." in tell(recipe, catalog, "en").text
    assert "Vous êtes prévenu d’un silence inhabituel." in tell(recipe, catalog, "fr").text


def test_a_question_that_has_working_days_is_told(catalog):
    asked = {"ask": "Go?", "remind": "1 working day", "timeout": "3 jours ouvrés"}
    recipe = {"name": "A", "do": [{"approve": {**asked, "on_timeout": "refuse"}}]}
    told = {language: tell(recipe, catalog, language).text for language in LANGUAGES}
    assert "A reminder goes out every working day" in told["en"]
    assert "3 working days" in told["en"]
    assert "Une relance part chaque jour ouvré" in told["fr"]
    assert "3 jours ouvrés" in told["fr"]


def test_the_recipe_with_every_key_is_right(catalog):
    assert check(EVERY_KEY.read_bytes(), file="every-key.yaml", catalog=catalog).problems == ()


# -- the walk of the grammar ------------------------------------------------------------------


def grammar_keys(shape: Mapping[str, Any], name: str) -> Iterator[str]:
    """Yield the dotted name of every key that *shape* describes."""
    for key, inner in shape.get("properties", {}).items():
        yield f"{name}.{key}"
        yield from grammar_keys(inner, f"{name}.{key}")
    for word in ("items", "additionalProperties"):
        if isinstance(shape.get(word), Mapping):
            yield from grammar_keys(shape[word], f"{name}.*")


def all_grammar_keys() -> set[str]:
    found = set()
    for name, words in (
        ("recipe", TOP_WORDS),
        ("step", {**STEP_KEYS, **ENGINE_WORDS}),
        ("trigger", TRIGGER_KEYS),
    ):
        for key, shape in words.items():
            found |= {f"{name}.{key}", *grammar_keys(shape, f"{name}.{key}")}
    return found


def used_keys(
    value: Any, shape: Mapping[str, Any], name: str, path: Path_
) -> Iterator[tuple[str, Path_]]:
    """Yield each described key that *value* uses, with its place."""
    reference = shape.get("$ref", "")
    if reference.endswith(("/step", "/trigger")):
        yield from used_in_entry(value, reference.rpartition("/")[2], path)
        return
    if isinstance(value, dict):
        known = shape.get("properties", {})
        rest = shape.get("additionalProperties")
        for key, inner in value.items():
            if key in known:
                yield f"{name}.{key}", (*path, key)
                yield from used_keys(inner, known[key], f"{name}.{key}", (*path, key))
            elif isinstance(rest, Mapping):
                yield from used_keys(inner, rest, f"{name}.*", (*path, key))
    elif isinstance(value, list) and isinstance(shape.get("items"), Mapping):
        for number, inner in enumerate(value):
            yield from used_keys(inner, shape["items"], f"{name}.*", (*path, number))


def used_in_entry(entry: Any, kind: str, path: Path_) -> Iterator[tuple[str, Path_]]:
    words = {**STEP_KEYS, **ENGINE_WORDS} if kind == "step" else TRIGGER_KEYS
    for key, value in entry.items():
        if key in words:
            yield f"{kind}.{key}", (*path, key)
            yield from used_keys(value, words[key], f"{kind}.{key}", (*path, key))


def all_used_keys(data: Mapping[str, Any]) -> list[tuple[str, Path_]]:
    found = []
    for key, value in data.items():
        found.append((f"recipe.{key}", (key,)))
        found += used_keys(value, TOP_WORDS[key], f"recipe.{key}", (key,))
    return found


USED = all_used_keys(load(EVERY_KEY))


def without(data: dict[str, Any], path: Path_) -> dict[str, Any]:
    less = copy.deepcopy(data)
    inner: Any = less
    for step in path[:-1]:
        inner = inner[step]
    del inner[path[-1]]
    return less


def test_the_recipe_with_every_key_has_every_key_of_the_grammar():
    missing = all_grammar_keys() - {name for name, _ in USED}
    assert not missing, "give each of them a sentence, and a place in every-key.yaml"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_key_says_something(language, catalog):
    data = load(EVERY_KEY)
    whole = tell(data, catalog, language).text
    silent = [
        ".".join(map(str, path))
        for _, path in USED
        if path not in WITHOUT_MEANING
        and tell(without(data, path), catalog, language).text == whole
    ]
    assert not silent


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_parameter_says_something(language, catalog):
    for id_, spec in {**catalog.actions, **catalog.triggers}.items():
        listed = "do" if id_ in catalog.actions else "when"
        given = {name: f"value_{name}" for name in spec.parameters.names}
        data = {"name": "A", listed: [{id_: given}]}
        text = tell(data, catalog, language).text
        secrets = {name for name in given if spec.parameters.specs[name].is_secret}
        assert all(f"value_{name}" in text for name in given if name not in secrets), text
        assert not any(f"value_{name}" in text for name in secrets)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_not_known_is_said_as_it_is_written(language, catalog):
    data = {
        "name": "A",
        "newer": {"word": 42},
        "do": [{"fax.send": {"to": "marie"}, "later": 43}, {"wait": {"for": "1h", "mood": 44}}],
    }
    text = tell(data, catalog, language).text
    for wanted in ("newer", "42", "fax.send", "marie", "later", "43", "mood", "44"):
        assert wanted in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_any_data_can_be_told(language, catalog):
    for odd in (
        {},
        {"do": 3, "when": "x", "inputs": [], "concurrency": [], "defaults": 1},
        {"do": [1, {}, {"if": "("}, {"choose": 3}, {"parallel": {"branches": []}}, {"stop": None}]},
        {"when": [{}, {"wait": 1}], "outputs": [1], "vars": "x"},
    ):
        assert isinstance(tell(odd, catalog, language).text, str)


# -- style ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "language"), GOLDEN, ids=lambda one: getattr(one, "stem", one))
def test_the_sentences_are_set_as_the_language_does(path, language, catalog):
    text = tell(load(path), catalog, language).text
    ours = re.sub(r"« [^»]* »|“[^”]*”|\[[^\]]*\]|\([^)]*\)", "X", text)
    assert not re.search(r"\b(None|True|False|dict|str)\b", text)
    assert not re.search(r"\{\w+\}", ours)
    assert "  " not in re.sub(r"^ +", "", ours, flags=re.MULTILINE)
    if language == "fr":
        assert not re.search(r"\b(?:à le|de le|de les|si il)\b", ours)
        assert not re.search(r"\w:(?:\s|$)", ours)
    else:
        assert not re.search(r"\w :", ours)


@pytest.mark.parametrize(
    ("source", "english", "french"),
    [
        ("event.file.size > 0", "the size is greater than 0", "la taille est supérieure à 0"),
        ("event.late >= 1.5", "the delay is at least 1.5", "le retard est d’au moins 1,5"),
        (
            "event.file.ext in ['pdf', 'xml']",
            "the extension is “pdf” or “xml”",
            "l’extension est « pdf » ou « xml »",
        ),
        (
            "event.file.ext not in ['pdf', 'xml']",
            "the extension is neither “pdf” nor “xml”",
            "l’extension n’est ni « pdf » ni « xml »",
        ),
        (
            "event.file.size > 0 and (vars.a == 1 or vars.b)",
            "the size is greater than 0 and (“a” is 1 or “b” is true)",
            "la taille est supérieure à 0 et (« a » est 1 ou « b » est vrai)",
        ),
        (
            "not event.body.paid",
            "“paid” of what was received is false",
            "« paid » de ce qui a été reçu est faux",
        ),
        ("inputs.to != ''", "“To whom” is not empty", "« To whom » n’est pas vide"),
        (
            "event.body.x is defined",
            "“x” of what was received is known",
            "« x » de ce qui a été reçu est connu",
        ),
        ("vars.name | contains('a')", "“name” contains “a”", "« name » contient « a »"),
        ("vars.x + 1 > 2", "“vars.x + 1 > 2”", "« vars.x + 1 > 2 »"),
        (
            "vars.ok and vars.x * 2 > 3",
            "“ok” is true and “vars.x * 2 > 3”",
            "« ok » est vrai et « vars.x * 2 > 3 »",
        ),
        ("((", "“((”", "« (( »"),
    ],
)
def test_a_condition_in_words(source, english, french):
    names = Names(labels={"to": "To whom"})
    assert Phrases(Voice("en"), names).condition(source) == english
    assert Phrases(Voice("fr"), names).condition(source) == french


@pytest.mark.parametrize(
    ("written", "english", "french"),
    [
        ("1m", "every minute", "toutes les minutes"),
        ("5m", "every 5 minutes", "toutes les 5 minutes"),
        ("1d", "every day", "tous les jours"),
        ("2w", "every 2 weeks", "toutes les 2 semaines"),
        ("1h30m", "every 1 hour and 30 minutes", "tous les 1 heure et 30 minutes"),
    ],
)
def test_how_often(written, english, french):
    assert Voice("en").every(written) == english
    assert Voice("fr").every(written) == french


def test_a_secret_that_is_written_out_is_not_repeated(catalog):
    data = {
        "name": "A",
        "when": [{"webhook.received": {"path": "a", "secret": "hunter2"}}],
        "do": [],
    }
    assert "hunter2" not in tell(data, catalog, "en").text
    data = {"name": "A", "inputs": {"key": {"type": "secret", "default": "hunter2"}}, "do": []}
    assert "hunter2" not in tell(data, catalog, "fr").text


def test_each_sentence_names_the_place_that_it_tells_of(catalog):
    sentences = tell(load(TOLD / "invoice.yaml"), catalog, "en").to_json()
    by_path = {one["path"]: one["text"] for one in sentences}
    assert by_path["do.0"].startswith("1. Move the file to")
    assert by_path["when.0"] == "When a file *.pdf arrives in ~/Factures/arrivee."
