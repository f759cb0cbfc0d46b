"""Whatever is imported passes `check` and loses nothing (authoring L9)."""

import json
import random
import re

import pytest

from rouage.analysis.drafting.writing import write
from rouage.analysis.importing.foreign import ForeignError
from rouage.analysis.importing.foreign_yaml import read_foreign
from rouage.analysis.importing.recognising import recognise
from rouage.recipes.reader import read
from tests.unit.analysis.importing.conftest import FOREIGN

FILES = ("automations.yaml", "scripts.yaml", "workflows.json", "crontab.txt", "workflow.yml")


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", FILES)
def test_every_recipe_passes_the_check_or_says_what_is_left(take, name, language):
    recipes = take(name, language=language)
    assert recipes
    for settled in recipes.values():
        assert settled.problems == ()
        text = settled.written.text
        document = read(text.encode())
        assert document.problems == ()
        left = settled.draft.unfinished()
        assert text.count("# TODO") == len(left) or (left and "# TODO" in text)
        assert (document.data.get("enabled") is False) == bool(left)


def test_there_are_enough_samples(take):
    assert len(take("automations.yaml")) >= 10
    assert len(take("workflows.json")) >= 10


def test_no_node_and_no_value_vanishes(take):
    workflows = json.loads((FOREIGN / "workflows.json").read_text(encoding="utf-8"))
    text = "\n".join(one.written.text for one in take("workflows.json").values()).lower()
    for workflow in workflows:
        for node in workflow["nodes"]:
            kind = node["type"].rpartition(".")[2]
            if kind in {"noOp", "merge", "stickyNote", "webhook", "cron"} or "Trigger" in kind:
                continue
            for value in _texts(node["parameters"]):
                words = {word.lower() for word in re.findall(r"\w{5,}", value)}
                assert {word for word in words - TRANSLATED if word not in text} == set(), node


# Words of n8n's own that have another name here.
TRANSLATED = frozenset(
    {
        "touppercase",
        "largerequal",
        "equals",
        "startswith",
        "notempty",
        "toiso",
        "string",
        "minutes",
        "hours",
    }
)


def _texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def test_what_is_given_up_later_keeps_the_steps_inside_it(take):
    text = take(
        json.dumps(
            {
                "name": "W",
                "nodes": [
                    {"name": "S", "type": "n.manualTrigger"},
                    {"name": "If", "type": "n.if", "parameters": {"conditions": {"string": [
                        {"value1": "={{ $json.nothing.here }}", "value2": "x"}]}}},
                    {"name": "Tell", "type": "n.slack", "parameters": {"text": "inside it"}},
                ],
                "connections": {
                    "S": {"main": [[{"node": "If"}]]},
                    "If": {"main": [[{"node": "Tell"}]]},
                },
            }
        )
    )["W"].written.text  # fmt: skip
    assert "#   " in text
    assert "inside it" in text


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b"\x00\xff",
        b"hello",
        b"name: a\ndo: []\n",
        b"[1, 2]",
        b'{"nodes": 1}',
        b"[" * 5_000,
        b"a: " * 50,
        b"x: &a [1]\ny: *a\n",
        b"- " * 200,
        b"[" * 200_000,
        b"a" * (1024 * 1024 + 1),
    ],
)
def test_a_file_of_nobody_is_refused_with_a_sentence(source):
    with pytest.raises(ForeignError) as caught:
        recognise(source, "a")
    for language in ("en", "fr"):
        assert "{" not in caught.value.render(language)


def test_no_bytes_make_the_importer_raise_anything_else(installed):
    dice = random.Random(7)  # noqa: S311 - a fixed sequence of mistakes
    seeds = [(FOREIGN / name).read_bytes() for name in FILES]
    taken = 0
    for number in range(150):
        text = bytearray(seeds[number % len(seeds)])
        for _ in range(dice.randint(1, 6)):
            place = dice.randrange(len(text))
            kind = dice.random()
            if kind < 0.4:
                text[place : place + 1] = bytes([dice.randrange(256)])
            elif kind < 0.7:
                del text[place : place + dice.randint(1, 30)]
            else:
                text[place:place] = text[place : place + dice.randint(1, 60)]
        try:
            imported = recognise(bytes(text), "a")
        except ForeignError:
            continue
        for draft in imported.drafts:
            written = write(draft, "fr")
            assert read(written.text.encode()).is_complete, written.text
            taken += 1
    assert taken > 50


def test_odd_values_of_every_kind_are_survived(installed):
    """Put a wrong kind of value at each place of each sample, one after the other."""
    odd = [None, 5, "x", [], {}, [[]], {"a": {"b": []}}, True]
    dice = random.Random(3)  # noqa: S311 - a fixed sequence of mistakes
    samples = [
        json.loads((FOREIGN / "workflows.json").read_text(encoding="utf-8")),
        read_foreign((FOREIGN / "automations.yaml").read_text(encoding="utf-8")),
    ]
    for _ in range(60):
        data = json.loads(json.dumps(samples[dice.randrange(2)]))
        _spoil(data, dice, odd)
        try:
            imported = recognise(json.dumps(data).encode(), "a")
        except ForeignError:
            continue
        for draft in imported.drafts:
            assert read(write(draft, "en").text.encode()).is_complete


def _spoil(value, dice, odd):
    """Replace one value somewhere in *value*."""
    while True:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not keys:
            return
        key = dice.choice(keys)
        if not isinstance(value[key], dict | list) or dice.random() < 0.15:
            value[key] = dice.choice(odd)
            return
        value = value[key]
