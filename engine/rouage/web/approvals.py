"""Questions to people over the API: what waits for an answer, and the answer.

Commands and other programs come here with the token of the workspace; people with a link
come to `approve_page.py`. Both decide by the same `Control.answer`.
"""

import secrets
from collections.abc import Mapping
from typing import Any, Final, Literal, NoReturn, cast

from aiohttp import web

from rouage.durable.port import AlreadyAnswered, NoSuchRun, Reader, Recorded
from rouage.errors import JournalError, StepError
from rouage.language import Language, Text
from rouage.model.run import FINAL_STATES, SignalRecord, WaitRecord
from rouage.sdk.json import JSON
from rouage.web.api import Api, Refused, bad_field, no_run, read_object
from rouage.web.links import Grant, expiry
from rouage.web.questions import (
    APPROVALS,
    DEADLINE,
    MOST_QUESTIONS,
    is_answer,
    question_as_json,
    read_answer,
)
from rouage.web.runs import closing_of, instant

Decision = Literal["approve", "refuse"]
DECISIONS: Final = ("approve", "refuse")
LONGEST_REASON: Final = 4_000

_CHOICES: Final[Mapping[str, Text]] = {
    "approve": Text("approved", "approuvée"),
    "refuse": Text("refused", "refusée"),
}
_ALREADY: Final = Text(
    "this was answered already: {choice} by {by} on {at}",
    "la réponse a déjà été donnée : {choice} par {by} le {at}",
)
_TOO_LATE: Final = Text(
    "the time to answer was over on {at}", "le délai pour répondre a pris fin le {at}"
)
_OVER: Final = Text(
    "this run is over ({state}): it waits for no answer",
    "cette exécution est terminée ({state}) : elle n’attend plus de réponse",
)
_NOTHING: Final = Text(
    "this run asks nothing now, or not at this step",
    "cette exécution ne demande rien en ce moment, ou pas à cette étape",
)
_SEVERAL: Final = Text(
    "this run asks several questions: name the step ({paths})",
    "cette exécution pose plusieurs questions : nommez l’étape ({paths})",
)
_CHANGED: Final = Text(
    "what was shown to you is not what is asked now",
    "ce qui vous a été montré n’est pas ce qui est demandé maintenant",
)
_HAND_ON: Final = Text(
    "`rouage approvals --links` gives each of them a link",
    "« rouage approvals --links » donne un lien à chacun",
)
_LOOK_AGAIN: Final = Text(
    "look at the question again, then answer", "relisez la question, puis répondez"
)


async def list_approvals(api: Api, request: web.Request) -> web.Response:
    """List the questions that wait, the newest last, each with fresh links."""
    control, language = api.control, api.language_of(request)
    wanted = request.query.get("run")
    waits = await control.reader.list_waits(kinds=APPROVALS, run_id=wanted, limit=MOST_QUESTIONS)
    owner = api.author_of(request)
    entries = [_with_links(api, wait, owner, language) for wait in waits]
    return web.json_response({"approvals": entries, "is_complete": len(entries) < MOST_QUESTIONS})


def _with_links(api: Api, wait: WaitRecord, owner: str, language: Language) -> JSON:
    """Return the question with a link for each who may answer; the owner hands them on."""
    entry = question_as_json(wait, language)
    people = entry["from"] if isinstance(entry["from"], list) and entry["from"] else [owner]
    expires = expiry(api.control.now(), closing_of(wait))
    links: list[JSON] = []
    for person in people:
        grant = Grant(
            run=wait.run,
            path=wait.path,
            digest=str(entry["digest"] or ""),
            person=str(person),
            expires=expires,
        )
        links.append({"person": str(person), "link": api.control.links.make(grant)})
    return {**entry, "links": links}


async def answer_run(api: Api, request: web.Request) -> web.Response:
    """Answer a question of a run in the name of the caller."""
    names = {"path", "choice", "fields", "reason", "shown"}
    body = await read_object(request, allowed=names)
    if not isinstance(body.get("path", ""), str):
        raise bad_field("path")
    payload, author, run_id = _payload(body), api.author_of(request), request.match_info["id"]
    reader = api.control.reader
    wait = await open_question(reader, run_id, body.get("path"), author)
    await submit(api, wait, payload, author=author, signal_id=f"api:{secrets.token_hex(16)}")
    return web.json_response(
        {
            "run": run_id,
            "path": wait.path,
            "choice": payload["choice"],
            "by": author,
        }
    )


async def submit(
    api: Api, wait: WaitRecord, payload: dict[str, Any], *, author: str, signal_id: str
) -> None:
    """Give *wait* its answer, which is on disk when this returns.

    Raises:
        Refused: it does not fit, comes too late, or is not the first.
    """
    question = wait.question if isinstance(wait.question, Mapping) else {}
    if payload["shown"] != question.get("digest"):
        raise changed()
    try:
        answer = await api.control.answer(wait, payload, signal_id=signal_id, author=author)
    except JournalError:
        raise
    except StepError as error:
        raise _misfit(error) from error
    if isinstance(answer, AlreadyAnswered):
        refuse_second(answer.answer)
    if isinstance(answer, NoSuchRun):
        # It ended meanwhile, most likely since somebody else answered.
        await _explain_none(api.control.reader, wait.run, wait.path)
    assert isinstance(answer, Recorded)  # noqa: S101 - the three are all there are


def changed() -> Refused:
    """Return the refusal of an answer to something else than what is asked now."""
    return Refused(409, "changed", _CHANGED, hint=_LOOK_AGAIN)


def _misfit(error: StepError) -> Refused:
    """Return the refusal of an answer that does not fit, with the field named."""
    field = error.facts.get("field")
    details: dict[str, JSON] = {} if field is None else {"field": str(field)}
    return Refused(
        422,
        "wrong_field" if details else "refused",
        error.message,
        hint=_HAND_ON if "people" in error.facts else error.hint,
        facts=error.facts,
        details=details,
    )


def refuse_second(first: SignalRecord) -> NoReturn:
    """Tell who answered before, when and what.

    Raises:
        Refused: always.
    """
    if first.id == DEADLINE or not is_answer(first):
        raise Refused(409, "too_late", _TOO_LATE, facts={"at": instant(first.received)})
    answer = read_answer(first)
    facts = {
        "choice": _CHOICES.get(answer.choice, Text(answer.choice, answer.choice)),
        "by": answer.author,
        "at": instant(answer.received),
    }
    raise Refused(
        409, "already_answered", _ALREADY, facts=facts, details={"answer": answer.as_json()}
    )


async def open_question(reader: Reader, run_id: str, path: str | None, author: str) -> WaitRecord:
    """Return the one question that is meant.

    Raises:
        Refused: there is none, there are several, or it was answered.
    """
    found = await reader.list_waits(kinds=APPROVALS, run_id=run_id)
    waits = [wait for wait in found if wait.run == run_id and path in {None, wait.path}]
    if len(waits) > 1:
        waits = await _unanswered(reader, run_id, waits, author) or waits
    if len(waits) > 1:
        paths = ", ".join(wait.path for wait in waits)
        raise Refused(422, "several", _SEVERAL, facts={"paths": paths}, details={"field": "path"})
    if not waits:
        await _explain_none(reader, run_id, path)
    return waits[0]


async def _explain_none(reader: Reader, run_id: str, path: str | None) -> NoReturn:
    """Say why there is nothing to answer.

    Raises:
        Refused: always.
    """
    run = await reader.get_run(run_id)
    if run is None:
        raise no_run()
    given = [one for one in await reader.list_signals(run_id) if is_answer(one)]
    for signal in reversed(given):
        if path in {None, signal.name}:
            refuse_second(signal)
    for step in reversed(run.steps):
        is_over = step.action == "approve" and step.state in {"done", "failed"}
        if is_over and path in {None, step.path} and ":" not in step.path:
            raise Refused(409, "too_late", _TOO_LATE, facts={"at": instant(step.ended)})
    if run.state in FINAL_STATES:
        raise Refused(409, "over", _OVER, facts={"state": run.state})
    raise Refused(404, "no_question", _NOTHING)


async def _unanswered(
    reader: Reader, run_id: str, waits: list[WaitRecord], author: str
) -> list[WaitRecord]:
    """Return the questions that *author* has not answered yet."""
    signals = await reader.list_signals(run_id)
    done = {one.name for one in signals if is_answer(one) and one.author == author}
    return [wait for wait in waits if wait.path not in done]


def _payload(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer as it is recorded.

    Raises:
        Refused: a part of it has the wrong shape.
    """
    fields, reason = body.get("fields"), body.get("reason")
    if body.get("choice") not in DECISIONS:
        raise bad_field("choice")
    if fields is not None and not isinstance(fields, dict):
        raise bad_field("fields")
    if reason is not None and (not isinstance(reason, str) or len(reason) > LONGEST_REASON):
        raise bad_field("reason")
    if not isinstance(body.get("shown"), str):
        raise bad_field("shown")
    return answer_payload(
        cast("Decision", body["choice"]), fields=fields, reason=reason, shown=body["shown"]
    )


def answer_payload(
    choice: Decision, *, fields: Mapping[str, JSON] | None, reason: str | None, shown: str
) -> dict[str, Any]:
    """Return an answer in the form that runs wait for."""
    return {
        "choice": choice,
        "fields": dict(fields or {}),
        "reason": reason or None,
        "shown": shown,
    }
