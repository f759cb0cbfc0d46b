"""The contract that every installed connector keeps, bundled or not (authoring S1, S2)."""

import dataclasses
import inspect
import json
import os
import re
import string
import subprocess
import sys

import pytest
from jsonschema import Draft202012Validator

from rouage.catalog.discovery import discover
from rouage.errors import StepError
from rouage.sdk.connector import ID_PATTERN
from rouage.sdk.params import Parameters
from rouage.sdk.testing import make_context
from rouage.sdk.trigger import Trigger
from rouage.workers.isolation import isolate
from rouage.workers.pool import Workers

CATALOG = discover()
SPECS = {**CATALOG.actions, **CATALOG.triggers}
FORMATS = set(
    "path folder email url duration cron time timezone secret-name money glob json".split()  # noqa: SIM905 - as the SDK lists them
)
SCALARS = {"string", "integer", "number", "boolean"}
FORBIDDEN = {"oneOf", "anyOf", "allOf", "not", "if", "then", "else", "$ref", "patternProperties"}
PYTHON_WORDS = re.compile(r"\b(?:None|dict|str|Exception|Traceback|bool)\b")

every_connector = pytest.mark.parametrize("name", sorted(CATALOG.connectors))
every_spec = pytest.mark.parametrize("name", sorted(SPECS))
every_action = pytest.mark.parametrize("name", sorted(CATALOG.actions))
every_trigger = pytest.mark.parametrize("name", sorted(CATALOG.triggers))


def test_every_bundled_connector_can_be_loaded():
    assert [(broken.name, str(broken.error)) for broken in CATALOG.broken] == []
    assert {"files", "archive", "shell", "http", "text", "data", "table", "log"} <= set(
        CATALOG.connectors
    )


@every_connector
def test_a_connector_says_what_it_is_for_in_both_languages(name):
    connector = CATALOG.connectors[name]
    assert ID_PATTERN.fullmatch(connector.name)
    assert connector.actions or connector.triggers
    _check_sentence(connector.about)


@every_spec
def test_it_has_a_title_a_description_and_a_phrase_in_both_languages(name):
    spec = SPECS[name]
    word = name.partition(".")[2]
    assert spec.title.en
    assert spec.title.fr
    assert spec.title.en != word, "the title is the bare id"
    _check_sentence(spec.about)
    _check_sentence(spec.describe, may_end_freely=True)


@every_spec
def test_its_phrase_names_only_its_own_parameters(name):
    spec = SPECS[name]
    for phrase in spec.describe:
        places = {field for _, field, _, _ in string.Formatter().parse(phrase) if field}
        assert places <= set(spec.parameters.names)


@every_spec
def test_each_parameter_is_explained_in_both_languages(name):
    for declared in SPECS[name].parameters.specs.values():
        _check_sentence(declared.about)
        if declared.title is not None:
            assert declared.title.en
            assert declared.title.fr


@every_spec
def test_its_parameters_can_be_shown_as_a_form(name):
    schema = SPECS[name].parameters.schema
    Draft202012Validator.check_schema(schema)
    for parameter, found in schema["properties"].items():
        assert not FORBIDDEN & set(found), parameter
        assert found.get("format", "json") in FORMATS, parameter
        assert _fits_a_form(found), (parameter, found)


@every_spec
def test_its_example_is_one_that_works(name):
    spec = SPECS[name]
    assert spec.example, "an example is missing"
    assert set(spec.parameters.required) <= set(spec.example)
    assert set(spec.example) <= set(spec.parameters.names)
    if not _is_templated(spec.example):
        spec.parameters.build(spec.example)


@every_spec
def test_its_defaults_need_no_conversion(name):
    spec = SPECS[name]
    for parameter, value in spec.parameters.defaults.items():
        if value is not None and spec.parameters.schema_of(parameter).get("format") != "duration":
            schema = spec.parameters.schema_of(parameter)
            Draft202012Validator(schema).validate(value)


@every_action
def test_an_action_declares_its_effect_and_its_result(name):
    spec = CATALOG.actions[name]
    assert spec.effect in {"none", "local", "outward", "irreversible"}
    assert spec.idempotent in {"yes", "no", "by key"}
    if spec.effect == "none":
        assert spec.idempotent == "yes", "what changes nothing can be repeated"
    Draft202012Validator.check_schema(dict(spec.result))
    assert spec.result.get("type") == "object"
    assert "properties" in spec.result


@every_action
def test_an_action_and_its_simulation_are_called_alike(name):
    spec = CATALOG.actions[name]
    for function in (spec.run, spec.simulate, spec.undo and spec.undo.prepare):
        if function is not None:
            assert inspect.iscoroutinefunction(function)
            assert list(inspect.signature(function).parameters) == ["params", "context"]
    if spec.simulate is not None:
        declared = next(iter(inspect.signature(spec.simulate).parameters.values())).annotation
        assert Parameters.of(declared).names == spec.parameters.names


ISOLATED = sorted(id_ for id_, spec in CATALOG.actions.items() if spec.isolated)


def test_what_parses_untrusted_formats_is_isolated():
    assert {"archive.zip", "archive.unzip", "data.parse"} <= set(ISOLATED)


@pytest.mark.parametrize("name", ISOLATED)
async def test_an_isolated_action_says_the_same_in_a_process_of_its_own(name, tmp_path):
    always = CATALOG.with_actions(lambda spec, _: dataclasses.replace(spec, isolated=True))
    workers = Workers(places=1)
    try:
        away = isolate(always, workers.run).actions[name]
        # Another step, another folder: what is done here must not be found done there.
        outcomes = [
            await _outcome(spec, make_context(_made(tmp_path / where), key=where))
            for spec, where in ((CATALOG.actions[name], "here"), (away, "away"))
        ]
        assert workers.status()["idle"] == 1, "no process was needed"
    finally:
        await workers.close()
    assert outcomes[0] == outcomes[1].replace("/away/", "/here/")


def _made(folder):
    folder.mkdir()
    return folder


async def _outcome(spec, context):
    """Return the result or the error of the example, taken literally, as text."""
    folder = context.workspace / "files" / "photos"
    folder.mkdir(parents=True)
    (folder / "one.jpg").write_bytes(b"1")
    os.utime(folder / "one.jpg", (0, 0))
    try:
        return json.dumps(await spec.run(spec.parameters.build(spec.example), context))
    except StepError as error:
        return json.dumps(error.record())


@every_trigger
def test_a_trigger_declares_its_event_and_a_sample_of_it(name):
    spec = CATALOG.triggers[name]
    assert issubclass(spec.listen, Trigger)
    schema = dict(spec.event)
    Draft202012Validator.check_schema(schema)
    assert schema.get("properties")
    Draft202012Validator(schema).validate(spec.sample)


def test_loading_the_actions_loads_nothing_heavy():
    code = (
        "import sys; from importlib import import_module\n"
        "for name in 'files archive shell http text data table log'.split():\n"
        "    import_module('rouage_connectors.' + name)\n"
        "print(*sorted({'aiohttp', 'zipfile', 'csv', 'defusedxml', 'jsonschema'} & {*sys.modules}))"
    )
    environment = {"PYTHONPATH": ":".join(filter(None, sys.path))}
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert ran.stdout.split() == []


def _check_sentence(text, *, may_end_freely=False):
    assert text.en.strip()
    assert text.fr.strip()
    assert text.en != text.fr, "one language is missing"
    for sentence in text:
        assert PYTHON_WORDS.search(sentence) is None
        if not may_end_freely:
            assert sentence[-1] in ".?!", sentence


def _fits_a_form(schema):
    kind = schema.get("type")
    if "enum" in schema or (isinstance(kind, str) and kind in SCALARS):
        return True
    if kind in ("array", ["string", "array"]):
        return schema["items"].get("type") in SCALARS or "enum" in schema["items"]
    if kind == "object":
        return schema["additionalProperties"].get("type") in {None, *SCALARS}
    return kind is None  # any JSON, edited as text


def _is_templated(value):
    if isinstance(value, dict):
        return any(map(_is_templated, value.values()))
    if isinstance(value, list):
        return any(map(_is_templated, value))
    return isinstance(value, str) and "${{" in value
