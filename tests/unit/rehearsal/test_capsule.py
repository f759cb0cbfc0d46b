"""What is read from a capsule of somebody else: whole, and nothing that reaches out of it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from rouage.rehearsal.capsule import FORMAT, CapsuleError, case_of, read
from rouage.rehearsal.pseudonyms import Pseudonyms

Change = Callable[[dict[str, Any]], object]


def capsule() -> dict[str, Any]:
    step = {"path": "do.0", "action": "files.read", "state": "done"}
    return {
        "rouage_capsule": FORMAT,
        "id": "0" * 16,
        "reply_key": "0" * 64,
        "recipe": {"id": "r", "file": "r.yaml", "text": "name: r\n", "base": "x"},
        "run": {"id": "a" * 26, "state": "failed", "steps": [step]},
        "case": {"name": "a", "event": {}, "expect": {}},
        "facts": {"timezone": "Europe/Paris"},
    }


def test_a_whole_one_is_read() -> None:
    assert read(json.dumps(capsule()).encode()) == capsule()


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.pop("reply_key"),
        lambda data: data["recipe"].update(file="../r.yaml"),
        lambda data: data["recipe"].update(file=".bashrc"),
        lambda data: data["recipe"].update(file="r.yaml/../../x.yaml"),
        lambda data: data["recipe"].update(file="run.sh"),
        lambda data: data["recipe"].update(text=7),
        lambda data: data["case"].update(file="../../.ssh/id_ed25519"),
        lambda data: data.update(case=[]),
        lambda data: data.update(run=None),
        lambda data: data["run"].update(steps=[{"path": "do.0"}]),
        lambda data: data.update(facts={}),
        lambda data: data.update(rouage_capsule=FORMAT + 1),
    ],
)
def test_a_wrong_one_is_refused(change: Change) -> None:
    data = capsule()
    change(data)
    with pytest.raises(CapsuleError):
        read(json.dumps(data).encode())


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"\xff", b"[" * 100_000, b'"x"'])
def test_what_is_no_capsule_is_refused(content: bytes) -> None:
    with pytest.raises(CapsuleError):
        read(content)


def test_a_test_travels_with_its_words_and_without_its_data() -> None:
    case = {
        "name": "run",
        "event": {"trigger": "t", "data": {"who": "Durand"}},
        "answers": {"sheet": {"error": {"kind": "StepError", "message": "no Durand here"}}},
        "expect": {
            "state": "failed",
            "error": "no Durand here",
            "effects": [{"action": "files.write", "text": "Durand"}],
        },
    }
    told: Any = case_of(case, Pseudonyms(b"k" * 32, ()))
    assert "Durand" not in json.dumps(told)
    assert told["answers"]["sheet"]["error"]["kind"] == "StepError"
    assert told["answers"]["sheet"]["error"]["message"].startswith("no ")
    assert told["expect"]["state"] == "failed"
    assert told["expect"]["effects"][0]["action"] == "files.write"
    alias = told["event"]["data"]["who"]
    assert told["expect"]["error"] == f"no {alias} here"
