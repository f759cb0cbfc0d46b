"""Workflows of GitHub Actions that a clock or a person starts: their `run` steps."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rouage.analysis.drafting.draft import Draft, Piece
from rouage.analysis.importing.foreign import (
    UNTRANSLATED,
    Imported,
    literal,
    lost,
    maps,
    new_draft,
    one_line,
    unsupported,
)

PROGRAM: Final = "GitHub Actions"


def looks_like(data: Any) -> bool:
    """Say whether *data* is a workflow."""
    return isinstance(data, Mapping) and "on" in data and isinstance(data.get("jobs"), Mapping)


def translate(data: Mapping[str, Any]) -> Imported:
    """Return the draft of a workflow."""
    draft = new_draft(PROGRAM, one_line(data.get("name")), "workflow")
    # GitHub reads schedules in UTC.
    draft.settings["timezone"] = "UTC"
    draft.triggers = list(_triggers(data["on"]))
    for name, job in data["jobs"].items():
        if isinstance(job, Mapping):
            draft.steps += _job(str(name), job, data)
    if not draft.steps:
        draft.steps.append(unsupported("jobs", PROGRAM, None, "jobs"))
    _rest(draft, data)
    return Imported(program=PROGRAM, drafts=(draft,))


def _triggers(given: Any) -> Iterator[Piece]:
    if not isinstance(given, Mapping):
        given = dict.fromkeys(map(str, given if isinstance(given, list) else [given]))
    for word, value in given.items():
        if word == "schedule":
            for one in maps(value):
                expression = " ".join(str(one.get("cron", "")).split())
                entry = {"schedule.cron": {"expression": expression}}
                yield Piece(entry=entry, original=dict(one), about="schedule")
        elif word == "workflow_dispatch":
            yield Piece(entry={"manual.start": {}}, original={word: value}, about=word)
        else:
            yield unsupported(word, PROGRAM, {word: value}, str(word))


def _job(name: str, job: Mapping[str, Any], data: Mapping[str, Any]) -> list[Piece]:
    pieces = []
    for word in ("if", "strategy", "services", "container", "uses"):
        if word in job:
            what = f"{name}.{word}"
            pieces.append(unsupported(what, PROGRAM, {word: job[word]}, f"{name}.{word}"))
    variables = {**_plain(data.get("env")), **_plain(job.get("env"))}
    return [*pieces, *(_step(one, variables) for one in maps(job.get("steps") or []))]


def _plain(value: Any) -> dict[str, str]:
    return {str(k): str(v) for k, v in value.items()} if isinstance(value, Mapping) else {}


def _step(given: Mapping[str, Any], variables: Mapping[str, str]) -> Piece:
    about = one_line(given.get("name") or given.get("uses") or given.get("run") or "step")
    run = given.get("run")
    if not isinstance(run, str) or "if" in given:
        return unsupported(about, PROGRAM, dict(given), about)
    env = {**variables, **_plain(given.get("env"))}
    if "${{" in run or any("${{" in one for one in env.values()):
        return lost(UNTRANSLATED.fill(what=about), dict(given), about)
    parameters: dict[str, Any] = {"command": ["bash", "-e", "-c", literal(run.strip())]}
    if env:
        parameters["env"] = env
    entry: dict[str, Any] = {"shell.run": parameters, "name": about}
    if given.get("continue-on-error") is True:
        entry["on_error"] = "continue"
    return Piece(entry=entry, original=dict(given), about=about)


def _rest(draft: Draft, data: Mapping[str, Any]) -> None:
    for word in data:
        if word not in {"name", "on", "jobs", "env", "permissions", "run-name"}:
            what = word
            draft.steps.append(unsupported(what, PROGRAM, {word: data[word]}, word))
