"""The engine's words: what right ones become, what can be read where, and what stays as it was."""

import json
import random
import re
from pathlib import Path

import pytest

from rouage.catalog.discovery import discover
from rouage.model.recipe import Batch, Debounce, Once, Throttle
from rouage.recipes.checker import check
from rouage.recipes.definition import parse

HEAD = "name: A\ndo:\n"
PINNED = Path(__file__).with_name("pinned")
HASHES = {
    "order": "0b53da9ee39d54099f3c625d3e7ba563e17b0dd1e1e410b15286f019f5aa5b13",
    "photos": "db79619e5318f08e4feb5c326887ff4ab6235be3ea19c77330b6506749cef9e8",
    "report": "36faef8e9b7e86cc04c53f9227bde20a45841b91e0261b8239d72f55ffd17c92",
    "sort": "602168ed81de378b53c2a7bd4f0099af9268088c799b1275c5e39ae75c6bcc51",
}

WHOLE = """\
name: A
when:
  - folder.file: {path: in}
    once: "${{ event.file.name }}"
    debounce: {wait: 10s, key: event.file.name, keep: first}
  - folder.file: {path: in2}
    once: {key: event.file.name, scope: all, within: 1d}
    throttle: 20 per 1h
    batch: {quiet: 20s, every: 1m, max: 5, by: event.file.size}
concurrency: {mode: latest, key: trigger.id, when_full: replace_oldest}
do:
  - choose:
      - if: run.id == 'x'
        do: [{set: {a: 1}}]
      - if: true
        do: [{wait: 1h}]
      - do: [{wait: {until: "18:00"}}]
  - for_each:
      in: [1, 2]
      as: box
      do: [{set: {b: "${{ box + loop.index }}"}}]
  - repeat: {until: run.id == 'x', wait: 5s, do: [{mail.flush: {}, once: "${{ loop.index }}"}]}
  - parallel:
      join: any
      branches:
        one: [{mail.flush: {}}]
        two: [{group: {do: [{mail.flush: {}}]}}]
  - wait:
      event: {folder.file: {path: answers}}
      if: event.file.size == run.event.count
      timeout: 1d
      on_timeout: [{stop: late}]
  - approve: {ask: 1.10, remind: 1h, timeout: 2h, on_timeout: [{stop: late}]}
    retry: {times: 2, when: [Refused]}
  - approve: Ok ?
  - call: other
  - emit: {name: done, data: {a: "${{ vars.a }}"}}
finally:
  - set: {c: 1}
"""


@pytest.fixture
def whole(check_text):
    checked = check_text(WHOLE)
    assert [problem.code for problem in checked.problems] == []
    return checked.recipe


def test_what_is_pinned_reads_back_as_the_same_recipe(whole):
    assert parse(whole.definition) == whole


def test_the_parameters_of_the_words_have_one_spelling(whole):
    parameters = {step.path: step.parameters for step in whole.steps}
    assert parameters == {
        "do.0": [{"if": "run.id == 'x'"}, {"if": "true"}, {}],
        "do.1": {"in": [1, 2], "as": "box"},
        "do.2": {"until": "run.id == 'x'", "wait": "5s"},
        "do.3": {"join": "any"},
        "do.4": {"if": "event.file.size == run.event.count", "timeout": 86_400},
        "do.5": {"ask": "1.10", "remind": 3600, "timeout": 7200},
        "do.6": {"ask": "Ok ?"},
        "do.7": {"recipe": "other"},
        "do.8": {"name": "done", "data": {"a": "${{ vars.a }}"}},
    }


def test_steps_inside_stand_at_the_path_of_the_text(whole):
    choose, for_each, repeat, parallel, wait, approve, *_ = whole.steps
    assert list(choose.body) == ["choose.0.do", "choose.1.do", "choose.2.do"]
    assert choose.body["choose.2.do"][0].path == "do.0.choose.2.do.0"
    assert choose.body["choose.1.do"][0].parameters == {"for": "1h"}
    assert choose.body["choose.2.do"][0].parameters == {"until": "18:00"}
    assert for_each.body["for_each.do"][0].path == "do.1.for_each.do.0"
    assert repeat.body["repeat.do"][0].once == "${{ loop.index }}"
    group = parallel.body["parallel.branches.two"][0]
    assert group.body["group.do"][0].path == "do.3.parallel.branches.two.0.group.do.0"
    assert wait.body["wait.on_timeout"][0].path == "do.4.wait.on_timeout.0"
    assert approve.body["approve.on_timeout"][0].uses == "stop"
    assert approve.retry.when == ("Refused",)
    assert whole.finally_[0].path == "finally.0"


def test_a_wait_holds_the_trigger_that_it_listens_to(whole):
    event = whole.steps[4].event
    assert event is not None
    assert (event.id, event.uses, event.parameters) == (
        "wait:do.4",
        "folder.file",
        {"path": "answers"},
    )


def test_the_shaping_of_events_is_in_seconds_and_its_keys_are_expressions(whole):
    name, size = "${{ event.file.name }}", "${{ event.file.size }}"
    first, second = whole.triggers
    assert first.once == Once(key=name)
    assert first.debounce == Debounce(wait_seconds=10, key=name, keep="first")
    assert second.once == Once(key=name, scope="all", within_seconds=86_400)
    assert second.throttle == Throttle(count=20, per_seconds=3600)
    assert second.batch == Batch(quiet_seconds=20, every_seconds=60, maximum=5, by=size)
    assert (whole.admission.mode, whole.admission.when_full) == ("latest", "replace_oldest")
    assert whole.admission_key == "${{ trigger.id }}"


def test_what_is_common_to_all_actions_is_given_to_each(check_text):
    recipe = check_text(
        "name: A\ndefaults: {on_error: [{mail.flush: {}}], retry: 2}\n"
        "do:\n  - mail.flush: {}\n  - mail.flush: {}\n    on_error: stop\n"
        "  - group: {do: [{mail.flush: {}}]}\n"
    ).recipe
    plain, own, group = recipe.steps
    (handler,) = plain.on_error
    assert (handler.path, handler.on_error, handler.retry.times) == ("do.0.on_error.0", "stop", 2)
    assert own.on_error == "stop"
    assert (group.on_error, group.retry.times) == ("stop", 0)
    assert group.body["group.do"][0].on_error[0].uses == "mail.flush"


@pytest.mark.parametrize("name", HASHES)
def test_recipes_without_the_words_keep_their_definition_to_the_byte(name):
    path = PINNED / f"{name}.yaml"
    checked = check(path.read_bytes(), file=path.name, catalog=discover(entry_points=()))
    assert checked.recipe is not None
    assert checked.recipe.hash == HASHES[name]


READABLE = {
    "the steps of a choice, after it": (
        "  - choose: [{if: run.id == 'a', do: [{SEND}]}]\n  - set: {x: '${{ steps.x.message_id }}'}"
    ),
    "the steps of all branches, after them": (
        "  - parallel: {branches: {a: [{SEND}], b: [{mail.flush: {}}]}}\n    id: p\n"
        "  - set: {x: '${{ steps.x.message_id ~ steps.p.branches.a.x.message_id }}'}"
    ),
    "the steps of a group, after it": (
        "  - group: {do: [{SEND}]}\n  - set: {x: '${{ steps.x.message_id }}'}"
    ),
    "the steps of a loop, by its results": (
        "  - for_each: {in: [1], do: [{SEND}]}\n    id: all\n"
        "  - set: {x: '${{ steps.all.results[0].x.message_id }}', y: '${{ steps.all.failed }}'}"
    ),
    "the steps of a turn, in until": (
        "  - repeat: {until: steps.x.message_id == 'a', do: [{SEND}]}"
    ),
    "an outer item inside an inner loop": (
        "  - for_each: {in: [a], as: box, do: [{for_each: {in: [b], do: "
        "[{set: {x: '${{ box ~ item ~ loop.index }}'}}]}}]}"
    ),
    "the error, in the handler of a block": (
        "  - group: {do: [{mail.flush: {}}]}\n"
        "    on_error: [{set: {x: '${{ error.message ~ error.attempts }}'}}]"
    ),
    "the error, when deciding to try again": (
        "  - mail.flush: {}\n    retry: {times: 2, when: error.kind == 'Timeout'}"
    ),
    "both events, in the condition of a wait": (
        "  - wait: {event: {folder.file: {path: in}}, if: event.file.name == run.event.name}"
    ),
    "what a person filled in": (
        "  - approve: {ask: Ok ?, fields: {n: {type: integer}}}\n    id: q\n"
        "  - set: {x: '${{ steps.q.fields.n + 1 }}', y: '${{ steps.q.by }}'}"
    ),
    "anything of a called recipe": (
        "  - call: other\n    id: c\n  - set: {x: '${{ steps.c.total }}'}"
    ),
    "what a loop set": (
        "  - for_each: {in: [1], do: [{set: {last: '${{ item }}'}}]}\n"
        "  - set: {x: '${{ vars.last }}'}"
    ),
    "a list that is only known at run time": (
        "  - call: other\n    id: c\n  - for_each: {in: '${{ steps.c.rows }}', do: "
        "[{set: {x: '${{ item.name }}'}}]}"
    ),
}


@pytest.mark.parametrize("name", READABLE)
def test_what_can_be_read_is_not_reported(name, check_text):
    send = "mail.send: {to: a@b.fr, subject: x}, id: x"
    checked = check_text(HEAD + READABLE[name].replace("SEND", send) + "\n")
    assert [problem.code for problem in checked.problems] == []
    assert parse(checked.recipe.definition) == checked.recipe


def test_a_lost_step_does_not_make_its_results_unknown(codes):
    text = HEAD + (
        "  - parallel: {a: [{mail.flush: {}, id: inner}]}\n    id: outer\n"
        "  - set: {x: '${{ steps.inner.a ~ steps.outer.first }}'}\n"
    )
    assert [code for code, _ in codes(text)] == ["RG243"]


def test_whatever_stands_where_the_words_do_gives_an_answer(check_text):
    dice = random.Random(3)  # noqa: S311 - a fixed sequence of mistakes
    pieces = ["null", "[]", "{}", "3", "true", "[a]", "{a: 1}", "'${{ steps.x }}'", "do", "soon"]
    for _ in range(1_000):
        text = WHOLE
        for _ in range(dice.randint(1, 3)):
            spots = list(re.finditer(r"[\w.]+|\[[^\[\]]*\]|\{[^{}]*\}", text))
            spot = dice.choice(spots)
            text = text[: spot.start()] + dice.choice(pieces) + text[spot.end() :]
        checked = check_text(text)
        assert checked.recipe is not None or checked.problems
        if checked.recipe is not None:
            assert json.loads(checked.recipe.definition)
            assert parse(checked.recipe.definition) == checked.recipe


def test_max_bounds_what_runs_at_once_or_what_waits(check_text):
    rest = "do:\n  - mail.flush: {}\n"
    wide = check_text("name: A\nconcurrency: {mode: parallel, max: 3}\n" + rest)
    deep = check_text("name: A\nconcurrency: {max: 3}\n" + rest)
    assert (wide.recipe.admission.maximum, wide.recipe.admission.queue_limit) == (3, 10_000)
    assert (deep.recipe.admission.maximum, deep.recipe.admission.queue_limit) == (None, 3)
