"""Health and the local API: what the command line and the console may ask of the daemon.

Questions to people have a module of their own (`approvals.py`); `routes.py` holds the table.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Literal, cast, get_args

from aiohttp import web

from rouage.durable.port import RunFilter
from rouage.language import Language, Text, as_text, choose_language
from rouage.model.run import RunState
from rouage.records import dataclass
from rouage.rerun import Version
from rouage.sdk.json import JSON
from rouage.web.controls import Choice, Control
from rouage.web.questions import APPROVALS, MOST_QUESTIONS
from rouage.web.runs import detail_of, relatives_of, spoken, summary_of

Right = Literal["public", "link", "read", "change"]
"""`link`: the address itself is the right, and the handler judges it (security S-17)."""

RUN_STATES: Final = frozenset(get_args(RunState))
MOST_RUNS: Final = 500
_DEEPEST_BODY: Final = 64


class Refused(Exception):  # noqa: N818 - an answer to give, not a fault of ours
    """The request gets `status`, a code word and a sentence."""

    def __init__(
        self,
        status: int,
        code: str,
        message: Text | str,
        *,
        hint: Text | str | None = None,
        headers: Mapping[str, str] | None = None,
        facts: Mapping[str, object] | None = None,
        details: Mapping[str, JSON] | None = None,
    ) -> None:
        self.status = status
        self.code = code
        self.message = as_text(message)
        self.hint = None if hint is None else as_text(hint)
        self.headers = dict(headers or {})
        self.facts = dict(facts or {})
        self.details = dict(details or {})
        super().__init__(code)


Handler = Callable[["Api", web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """One exact route and the right it needs."""

    method: str
    path: str
    right: Right
    handler: Handler


class Api:
    """The answers to each route, over the daemon's `Control`."""

    def __init__(self, control: Control, *, language: Language = "en") -> None:
        self.control = control
        self._language = language

    def language_of(self, request: web.Request) -> Language:
        """Return the language that the caller asked for, else that of the workspace."""
        return choose_language(request.headers.get("Accept-Language"), self._language)

    def author_of(self, request: web.Request) -> str:
        """Return who calls: there is one token, and it stands for the owner."""
        del request
        return self.control.owner

    async def health(self, request: web.Request) -> web.Response:
        """Say that the loop is alive; nothing else, since anyone may ask."""
        del request
        return web.json_response({"status": "ok"})

    async def ready(self, request: web.Request) -> web.Response:
        """Say whether events are accepted now."""
        is_ready, reason = self.control.is_ready()
        if reason is not None:
            reason = as_text(reason).render(self.language_of(request))
        return web.json_response(
            {"ready": is_ready, "reason": reason}, status=200 if is_ready else 503
        )

    async def status(self, request: web.Request) -> web.Response:
        """Tell how the daemon and each trigger is."""
        status = self.control.status()
        waits = await self.control.reader.list_waits(kinds=APPROVALS, limit=MOST_QUESTIONS)
        told = {**status, "approvals": len(waits)} if isinstance(status, dict) else status
        return web.json_response(_in_one(told, self.language_of(request)))

    async def list_runs(self, request: web.Request) -> web.Response:
        """List runs, newest first."""
        query = request.query
        chosen = RunFilter(
            recipe=query.get("recipe"), states=_states(query.get("state")), event=query.get("event")
        )
        page = await self.control.reader.list_runs(
            chosen, cursor=query.get("cursor"), limit=_limit(query.get("limit"))
        )
        language = self.language_of(request)
        runs = [summary_of(run, language) for run in page.runs]
        return web.json_response({"runs": runs, "cursor": page.cursor})

    async def show_run(self, request: web.Request) -> web.Response:
        """Show one run with its conditions and steps."""
        reader = self.control.reader
        run = await reader.get_run(request.match_info["id"])
        if run is None:
            raise no_run()
        relatives = await relatives_of(reader, run)
        return web.json_response(detail_of(run, self.language_of(request), relatives=relatives))

    async def start_run(self, request: web.Request) -> web.Response:
        """Start a run of a recipe by hand."""
        body = await read_object(request, allowed={"data", "inputs", "trigger"})
        inputs, trigger = body.get("inputs"), body.get("trigger")
        if inputs is not None and not isinstance(inputs, dict):
            raise bad_field("inputs")
        if trigger is not None and not isinstance(trigger, str):
            raise bad_field("trigger")
        receipt = await self.control.start_run(
            request.match_info["id"], data=body.get("data"), inputs=inputs, trigger=trigger
        )
        answer = {
            "event": receipt.event_id,
            "runs": list(receipt.runs),
            "is_duplicate": receipt.is_duplicate,
        }
        return web.json_response(answer, status=202)

    async def take_existing(self, request: web.Request) -> web.Response:
        """Process what was there before a recipe was first active."""
        await read_object(request, allowed=set())
        count = await self.control.take_existing(request.match_info["id"])
        return web.json_response({"files": count}, status=202)

    async def cancel_run(self, request: web.Request) -> web.Response:
        """Ask for the end of a run."""
        await read_object(request, allowed=set())
        return _state(await self.control.cancel(request.match_info["id"], self.author_of(request)))

    async def resolve_run(self, request: web.Request) -> web.Response:
        """Settle a run that needs attention."""
        body = await read_object(request, allowed={"choice", "result"})
        choice, run_id = body.get("choice"), request.match_info["id"]
        if choice not in get_args(Choice) or (choice == "retry" and "result" in body):
            raise bad_field("choice")
        run = await self.control.reader.get_run(run_id)
        if run is None:
            raise no_run()
        if run.state != "needs_attention":
            raise Refused(409, "not_in_doubt", _NOT_IN_DOUBT, facts={"state": run.state})
        author = self.author_of(request)
        return _state(
            await self.control.resolve(run_id, cast("Choice", choice), author, body.get("result"))
        )

    async def rerun(self, request: web.Request) -> web.Response:
        """Do a finished run again, from a step on."""
        body = await read_object(request, allowed={"from", "recipe"})
        start, version = body.get("from", "start"), body.get("recipe", "then")
        if not isinstance(start, str) or not 0 < len(start) <= _LONGEST_PATH:
            raise bad_field("from")
        if version not in get_args(Version):
            raise bad_field("recipe")
        run_id = request.match_info["id"]
        new = await self.control.replay(
            run_id, start=start, version=cast("Version", version), author=self.author_of(request)
        )
        if new is None:
            raise no_run()
        return web.json_response({"run": new, "replay_of": run_id}, status=202)

    async def stop(self, request: web.Request) -> web.Response:
        """Begin to stop the daemon."""
        await read_object(request, allowed=set())
        await self.control.shutdown()
        return web.json_response({"stopping": True}, status=202)


async def read_object(request: web.Request, *, allowed: set[str]) -> dict[str, Any]:
    """Return the JSON object that the request carries; its keys are closed.

    Raises:
        Refused: it is not such an object.
    """
    text = await request.read()
    try:
        data = json.loads(text, parse_constant=_refuse_constant)
        is_deep = _is_deeper(data, _DEEPEST_BODY)
    except (ValueError, RecursionError):
        raise Refused(400, "bad_request", _NOT_JSON) from None
    if not isinstance(data, dict) or is_deep:
        raise Refused(400, "bad_request", _NOT_JSON)
    for name in data:
        if name not in allowed:
            raise bad_field(name)
    return data


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _is_deeper(data: Any, levels: int) -> bool:
    if levels == 0:
        return isinstance(data, dict | list)
    items = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    return any(_is_deeper(item, levels - 1) for item in items)


def _in_one(status: Any, language: Language) -> Any:
    """Return a status with its sentences in one language, those in its lists included."""
    if isinstance(status, list):
        return [_in_one(one, language) for one in status]
    if isinstance(status, dict) and set(status) != {"en", "fr"}:
        return {name: _in_one(value, language) for name, value in status.items()}
    return spoken(status, language)


def _states(given: str | None) -> frozenset[RunState] | None:
    if not given:
        return None
    states = frozenset(given.split(","))
    if not states <= RUN_STATES:
        raise bad_field("state")
    return cast("frozenset[RunState]", states)


def _limit(given: str | None) -> int:
    if given is None:
        return 50
    if not given.isascii() or not given.isdigit() or not 1 <= int(given[:9]) <= MOST_RUNS:
        raise bad_field("limit")
    return int(given)


def _state(state: RunState | None) -> web.Response:
    if state is None:
        raise no_run()
    return web.json_response({"state": state})


def no_run() -> Refused:
    """Return the refusal for a run that does not exist."""
    return Refused(404, "not_found", _NO_RUN)


def bad_field(name: str) -> Refused:
    """Return the refusal for a field that does not fit, or is not known."""
    # Our own names only: what a caller invented is not echoed (security S-08).
    known = name if name in _KNOWN_FIELDS else ""
    return Refused(
        400, "bad_request", _BAD_FIELD if known else _UNKNOWN_FIELD, facts={"name": known}
    )


_LONGEST_PATH: Final = 1_000
_KNOWN_FIELDS: Final = frozenset(
    {"step", "dry_run", "skip_conflicts", "n", "names"}
    | {"data", "inputs", "trigger", "choice", "state", "limit", "result", "from", "recipe"}
    | {"path", "fields", "reason", "shown", "stored", "key", "with"}
)
_NOT_IN_DOUBT: Final = Text(
    "this run does not need attention (it is {state}): there is nothing to settle",
    "cette exécution n’attend pas d’avis (état : {state}) : il n’y a rien à régler",
)
_NO_RUN: Final = Text("there is no such run", "cette exécution n’existe pas")
_NOT_JSON: Final = Text("the body must be a JSON object", "le corps doit être un objet JSON")
_BAD_FIELD: Final = Text("“{name}” is not acceptable here", "« {name} » n’est pas acceptable ici")
_UNKNOWN_FIELD: Final = Text(
    "the body holds a name that is not known here", "le corps contient un nom inconnu ici"
)
