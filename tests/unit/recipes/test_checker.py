"""A right recipe becomes a model; what expressions may name depends on where they stand."""

import json

import pytest

from rouage.catalog.catalog import Broken, Catalog
from rouage.errors import CatalogError
from rouage.model.event import Admission
from rouage.model.recipe import Alive, RetryPolicy, Throttle
from rouage.recipes.checker import check
from rouage.recipes.definition import parse

FULL = """\
$schema: x
rouage: 1
name: 2024
description: Range.
tags: [2024, facture]
timezone: Europe/Paris
inputs:
  who: {type: email, default: a@b.fr}
  note: {type: text, required: false}
vars: {seuil: 400}
when:
  - folder.file: {path: in, match: ["*.pdf", 1.10]}
    id: drop
    if: event.file.size > 0
    missed: last
  - clock.cron: {expression: "0 8 * * 1"}
    enabled: false
if: trigger.id == 'drop'
concurrency: {mode: parallel, max: 2, key: trigger.id}
defaults: {retry: 2, timeout: 2m}
timeout: 1h
do:
  - mail.send:
      to: ${{ inputs.who }}
      subject: 1.10
      headers: {X-Version: 2.0}
      size: 3
    id: sent
    name: Envoyer
    retry: {times: 5, wait: 30s, backoff: 2, jitter: 0.5, max_wait: 10m, max_total: 1h}
    on_error: {continue: {message_id: none}}
  - set: {total: "${{ vars.seuil + 1 }}"}
  - mail.flush:
    if: true
    timeout: 1s
    on_error:
      - mail.send: {to: a@b.fr, subject: "${{ error.message }}"}
  - stop: {text: fini, result: skipped}
on_error:
  - mail.send: {to: a@b.fr, subject: "${{ error.step }}"}
outputs: {id: "${{ steps.sent.message_id }}"}
"""


def test_a_right_recipe_becomes_a_model(check_text):
    checked = check_text(FULL)
    assert checked.problems == ()
    recipe = checked.recipe
    assert (recipe.id, recipe.name, recipe.tags) == ("factures", "2024", ("2024", "facture"))
    assert recipe.timezone == "Europe/Paris"
    assert recipe.timeout_seconds == 3600
    assert recipe.admission == Admission(mode="parallel", maximum=2)
    assert recipe.admission_key == "${{ trigger.id }}"
    assert recipe.inputs["note"]["default"] is None
    drop, tick = recipe.triggers
    assert (drop.id, drop.uses, drop.condition) == ("drop", "folder.file", "event.file.size > 0")
    assert drop.parameters == {"path": "in", "match": ["*.pdf", "1.10"]}
    assert drop.missed == {"policy": "last"}
    assert (tick.id, tick.enabled) == ("trigger_2", False)


def test_steps_have_paths_texts_and_resolved_defaults(check_text):
    send, setting, flush, stop = check_text(FULL).recipe.steps
    assert (send.path, send.id, send.name) == ("do.0", "sent", "Envoyer")
    assert send.parameters["subject"] == "1.10"
    assert send.parameters["headers"] == {"X-Version": "2.0"}
    assert send.parameters["size"] == 3
    assert send.retry == RetryPolicy(
        times=5,
        wait_seconds=30,
        backoff=2,
        jitter=0.5,
        max_wait_seconds=600,
        max_total_seconds=3600,
    )
    assert (send.on_error, send.substitute) == ("continue", {"message_id": "none"})
    assert send.timeout_seconds == 120
    assert (setting.uses, setting.retry) == ("set", RetryPolicy())
    assert (flush.condition, flush.timeout_seconds, flush.retry.times) == ("true", 1, 2)
    assert flush.on_error[0].path == "do.2.on_error.0"
    assert stop.parameters == {"text": "fini", "result": "skipped"}


def test_the_definition_is_canonical_and_gives_the_same_recipe_back(check_text):
    recipe = check_text(FULL).recipe
    assert parse(recipe.definition) == recipe
    decoded = json.loads(recipe.definition)
    again = json.dumps(decoded, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert again.encode() == recipe.definition


@pytest.mark.parametrize(
    ("alive", "expected"),
    [
        ("{expect: learned}", Alive()),
        ("{probe: 6h}", Alive(probe_seconds=21_600)),
        ("{expect: 2 per 1d}", Alive(expect=Throttle(count=2, per_seconds=86_400))),
        ("{}", None),
    ],
)
def test_what_a_trigger_must_prove_is_kept_in_the_definition(check_text, alive, expected):
    text = f"name: A\nwhen:\n  - folder.file: {{path: in}}\n    alive: {alive}\n"
    checked = check_text(text + "do:\n  - stop: ok\n")
    assert checked.problems == ()
    assert parse(checked.recipe.definition).triggers[0].alive == expected


def test_comments_and_layout_do_not_change_the_definition(check_text):
    other = "# hello\n" + FULL.replace("timeout: 1h", "timeout:   60m  # one hour")
    assert check_text(other).recipe.hash == check_text(FULL).recipe.hash


def test_input_values_of_the_owner_become_part_of_the_definition(check_text):
    text = "name: A\ninputs: {who: {type: text}}\nwhen:\n  - folder.file: {path: in}\n"
    text += "do:\n  - stop: ok\n"
    checked = check_text(text, input_values={"factures": {"who": "Ana"}, "other": {"who": "Bob"}})
    assert checked.recipe.inputs["who"]["default"] == "Ana"


def test_a_recipe_started_by_hand_needs_no_input_values(check_text):
    text = "name: A\ninputs: {who: {type: text}}\nwhen:\n  - manual.start:\ndo:\n  - stop: ok\n"
    assert check_text(text).problems == ()


@pytest.mark.parametrize(
    ("file", "recipe_id"),
    [
        ("Été 2026.yaml", "ete-2026"),
        ("sub/Œuvres_d'art.yml", "oeuvres_d-art"),
        ("a" * 90 + ".yaml", "a" * 64),
    ],
)
def test_the_id_comes_from_the_file_name(check_text, file, recipe_id):
    assert check_text("name: A\ndo:\n  - stop: ok\n", file=file).recipe.id == recipe_id


def test_a_file_name_without_letters_gives_no_id(codes):
    assert codes("name: A\ndo:\n  - stop: ok\n", file="«».yaml")[0][0] == "RG505"


def test_an_id_of_digits_stays_what_was_written(check_text):
    assert check_text("id: 1.0\nname: A\ndo:\n  - stop: ok\n").problems[0].code == "RG504"
    assert check_text("id: 2024\nname: A\ndo:\n  - stop: ok\n").recipe.id == "2024"


def test_the_id_is_known_even_where_the_text_cannot_be_read(check_text):
    checked = check_text('id: mine\nname: "A\ndo:\n')
    assert checked.recipe is None
    assert checked.recipe_id == "mine"


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ("- set: {x: '${{ vars.seuil }}'}", None),
        ("- set: {x: '${{ vars.later }}'}\n  - set: {later: 1}", "RG441"),
        ("- set: {later: 1}\n  - set: {x: '${{ vars.later }}'}", None),
        ("- set: {x: '${{ inputs.who }}'}", None),
        ("- set: {x: '${{ inputs.whom }}'}", "RG441"),
        ("- set: {x: '${{ error.message }}'}", "RG440"),
        ("- set: {x: '${{ run.id }}'}", None),
        ("- set: {x: '${{ steps.none.x }}'}", "RG445"),
        ("- set: {a: 1}\n    id: s\n  - set: {x: '${{ steps.s.a }}'}", None),
        ("- set: {a: 1}\n    id: s\n  - set: {x: '${{ steps.s.b }}'}", "RG441"),
        ("- mail.flush:\n    if: event.file.size", "RG455"),
        ("- mail.flush:\n    id: f\n    on_error: [{set: {x: '${{ error.attempts }}'}}]", None),
        ("- set: {x: '${{ event.file.name }}'}", None),
        ("- set: {x: '${{ event.file.nmae }}'}", "RG441"),
    ],
)
def test_an_expression_sees_what_is_there(codes, step, code):
    text = (
        "name: A\ninputs: {who: {type: text, default: a}}\nvars: {seuil: 1}\nwhen:\n"
        f"  - folder.file: {{path: in}}\ndo:\n  {step}\n"
    )
    assert [found for found, _ in codes(text)] == ([] if code is None else [code])


def test_with_two_triggers_a_field_of_either_is_known(codes):
    text = (
        "name: A\nwhen:\n  - folder.file: {path: in}\n  - clock.cron: {expression: '0 8 * * 1'}\n"
        "do:\n  - set: {a: '${{ event.due }}', b: '${{ event.file.name }}', c: '${{ event.no }}'}\n"
    )
    assert codes(text) == [("RG441", "no")]


def test_a_condition_of_a_trigger_sees_its_own_event(codes):
    text = (
        "name: A\nwhen:\n  - folder.file: {path: in}\n    if: event.due != ''\n"
        "  - clock.cron: {expression: '0 8 * * 1'}\ndo:\n  - stop: ok\n"
    )
    assert codes(text) == [("RG441", "due")]


def test_secrets_are_checked_only_when_their_names_are_known(codes):
    text = "name: A\ndo:\n  - set: {x: '${{ secrets.smtp }}'}\n"
    assert codes(text) == []
    assert codes(text, known_secrets=["smtp"]) == []
    assert codes(text, known_secrets=[]) == [("RG446", "smtp")]


def test_an_action_of_a_broken_connector_says_so(catalog):
    broken = Broken(name="ftp", origin="rouage_ftp", error=CatalogError("no"))
    with_broken = Catalog(catalog.connectors.values(), broken=[broken])
    checked = check(b"name: A\ndo:\n  - ftp.put: {a: 1}\n", file="a.yaml", catalog=with_broken)
    assert [problem.code for problem in checked.problems] == ["RG603"]


def test_warnings_do_not_stop_a_recipe(check_text):
    checked = check_text("name: Facture #12\ndo:\n  - stop: ok\n")
    assert [problem.severity for problem in checked.problems] == ["warning"]
    assert checked.recipe.name == "Facture"


def test_a_suggestion_comes_with_its_edit(check_text):
    (problem,) = check_text("nom: A\ndo:\n  - stop: ok\n").problems
    (edit,) = problem.edits
    assert (edit.text, edit.range) == ("name", problem.range)
