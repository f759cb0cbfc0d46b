"""Steps that start programs are out of reach of senders who prove nothing (security S-30)."""

import pytest

from rouage.catalog.discovery import discover
from rouage.recipes.checker import check

CATALOG = discover(entry_points=())
UNSIGNED = "webhook.received: {path: a, preset: none, unsigned: true}"
SIGNED = "webhook.received: {path: a, preset: bearer, secret: '${{ secrets.a }}'}"
FORM = "form.submitted: {title: A, inputs: {name: {type: text}}}"
PROGRAM = "shell.run: {command: [ls]}"
INSIDE = "group: {do: [{shell.run: {command: [ls]}}]}"


def codes(trigger: str, step: str) -> list[str]:
    source = f"name: A\nwhen:\n  - {trigger}\ndo:\n  - {step}\n"
    checked = check(source.encode(), file="a.yaml", catalog=CATALOG, known_secrets={"a"})
    return [problem.code for problem in checked.problems]


@pytest.mark.parametrize("trigger", [UNSIGNED, FORM])
@pytest.mark.parametrize("step", [PROGRAM, INSIDE])
def test_an_open_door_leads_to_no_program(trigger: str, step: str) -> None:
    assert codes(trigger, step) == ["RG605"]


def test_a_signed_hook_may_start_programs() -> None:
    assert codes(SIGNED, PROGRAM) == []


def test_an_open_door_may_lead_elsewhere() -> None:
    assert codes(UNSIGNED, "log.write: {message: hello}") == []
