"""The outbox over the API: what waits to go out, and cancelling, editing or sending it."""

import secrets
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from rouage.durable.port import AlreadyAnswered, NoSuchRun
from rouage.errors import JournalError, StepError
from rouage.flow.gate.hold import CHOICES, MARK
from rouage.language import Language, Text
from rouage.model.run import WaitKind, WaitRecord
from rouage.sdk.json import JSON
from rouage.web.api import Api, Refused, bad_field, no_run, read_object
from rouage.web.runs import instant, spoken

HELD: Final[frozenset[WaitKind]] = frozenset({"hold"})
MOST_HELD: Final = 1_000
_LONGEST_REASON: Final = 2_000

_GONE: Final = Text(
    "it is not in the outbox any more: it went out, or was cancelled",
    "ce n’est plus dans la boîte d’envoi : c’est parti, ou annulé",
)
_NOTHING: Final = Text(
    "this run has nothing in the outbox, or not at this step",
    "cette exécution n’a rien dans la boîte d’envoi, ou pas à cette étape",
)
_SEVERAL: Final = Text(
    "this run holds several: name the step ({paths})",
    "cette exécution en retient plusieurs : nommez l’étape ({paths})",
)


async def list_outbox(api: Api, request: web.Request) -> web.Response:
    """List what waits to go out, the newest last."""
    waits = await api.control.reader.list_waits(
        kinds=HELD, run_id=request.query.get("run"), limit=MOST_HELD
    )
    language = api.language_of(request)
    entries: list[JSON] = [held_as_json(wait, language) for wait in waits]
    return web.json_response({"outbox": entries, "is_complete": len(entries) < MOST_HELD})


async def change_outbox(api: Api, request: web.Request) -> web.Response:
    """Cancel, edit or send what a run holds."""
    body = await read_object(request, allowed={"path", "choice", "with", "reason"})
    path, reason, changes = body.get("path"), body.get("reason"), body.get("with")
    if path is not None and not isinstance(path, str):
        raise bad_field("path")
    if body.get("choice") not in CHOICES:
        raise bad_field("choice")
    if reason is not None and (not isinstance(reason, str) or len(reason) > _LONGEST_REASON):
        raise bad_field("reason")
    if changes is not None and not isinstance(changes, dict):
        raise bad_field("with")
    wait = await _held(api, request.match_info["id"], path)
    payload = {"choice": body["choice"], "with": changes, "reason": reason}
    author = api.author_of(request)
    signal_id = f"api:{secrets.token_hex(16)}"
    await submit_change(api, wait, payload, author=author, signal_id=signal_id)
    return web.json_response(
        {"run": wait.run, "path": _step_of(wait), "choice": payload["choice"], "by": author}
    )


async def submit_change(
    api: Api, wait: WaitRecord, payload: dict[str, Any], *, author: str, signal_id: str
) -> None:
    """Have what *wait* holds cancelled, edited or sent; it is on disk when this returns.

    Raises:
        Refused: it cannot be done, or it is too late.
    """
    try:
        done = await api.control.change_held(wait, payload, signal_id=signal_id, author=author)
    except JournalError:
        raise
    except StepError as error:
        raise Refused(422, "refused", error.message, hint=error.hint, facts=error.facts) from error
    if isinstance(done, AlreadyAnswered | NoSuchRun):
        raise gone()


def gone() -> Refused:
    """Return the refusal of a change that comes too late."""
    return Refused(409, "gone", _GONE)


async def _held(api: Api, run_id: str, path: str | None) -> WaitRecord:
    """Return the one held call that is meant.

    Raises:
        Refused: there is none, or there are several.
    """
    found = await api.control.reader.list_waits(kinds=HELD, run_id=run_id)
    waits = [one for one in found if one.run == run_id and path in {None, _step_of(one)}]
    if len(waits) > 1:
        paths = ", ".join(map(_step_of, waits[:20]))
        raise Refused(409, "several", _SEVERAL, facts={"paths": paths})
    if waits:
        return waits[0]
    run = await api.control.reader.get_run(run_id)
    if run is None:
        raise no_run()
    was_held = any(step.path.endswith(MARK) for step in run.steps)
    raise Refused(409, "gone" if was_held else "nothing", _GONE if was_held else _NOTHING)


def held_as_json(wait: WaitRecord, language: Language) -> dict[str, JSON]:
    """Return a held call as one entry of the outbox."""
    question = wait.question if isinstance(wait.question, Mapping) else {}
    return {
        "run": wait.run,
        "recipe": wait.recipe,
        "path": _step_of(wait),
        "action": question.get("action"),
        "say": spoken(question.get("say"), language),
        "with": question.get("with") or {},
        "edited": question.get("edited") or [],
        "same_as": question.get("same_as"),
        "since": instant(wait.created),
        "due": question.get("due") or instant(wait.deadline),
    }


def _step_of(wait: WaitRecord) -> str:
    return wait.path.removesuffix(MARK)
