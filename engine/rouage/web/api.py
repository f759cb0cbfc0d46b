"""Health and the local API: what the command line and the console may ask of the daemon.

`ROUTES` is the whole of it: a route that is not in this table does not exist, and each one
names the right it needs (security S-16).
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, cast, get_args

from aiohttp import web

from rouage.durable.port import Reader, RunFilter
from rouage.language import Language, Text, as_text, choose_language
from rouage.model.run import RunState
from rouage.sdk.json import JSON
from rouage.sdk.trigger import Receipt
from rouage.web.runs import detail_of, spoken, summary_of

Right = Literal["public", "read", "change"]
Choice = Literal["retry", "done"]

RUN_STATES: Final = frozenset(get_args(RunState))
MOST_RUNS: Final = 500
_DEEPEST_BODY: Final = 64


class Control(Protocol):
    """What the daemon lets the API do."""

    @property
    def reader(self) -> Reader:
        """Return the questions to the journal."""
        ...

    def status(self) -> JSON:
        """Return the state of the daemon and its triggers; `state` is `ok` or `degraded`."""
        ...

    def is_ready(self) -> tuple[bool, str | None]:
        """Return whether events are accepted, and the reason when they are not."""
        ...

    async def start_run(
        self, recipe_id: str, *, data: JSON, inputs: dict[str, JSON] | None, trigger: str | None
    ) -> Receipt:
        """Start a run by hand; return once its event is on disk."""
        ...

    async def cancel(self, run_id: str) -> RunState | None:
        """Ask for the end of a run; None when there is no such run."""
        ...

    async def resolve(self, run_id: str, choice: Choice, author: str) -> RunState | None:
        """Settle a run that needs attention; None when there is no such run."""
        ...

    async def shutdown(self) -> None:
        """Begin to stop, and return at once."""
        ...


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
    ) -> None:
        self.status = status
        self.code = code
        self.message = as_text(message)
        self.hint = None if hint is None else as_text(hint)
        self.headers = dict(headers or {})
        self.facts = dict(facts or {})
        super().__init__(code)


Handler = Callable[["Api", web.Request], Awaitable[web.Response]]


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
        self._control = control
        self._language = language

    def language_of(self, request: web.Request) -> Language:
        """Return the language that the caller asked for, else that of the workspace."""
        return choose_language(request.headers.get("Accept-Language"), self._language)

    async def health(self, request: web.Request) -> web.Response:
        """Say that the loop is alive; nothing else, since anyone may ask."""
        del request
        return web.json_response({"status": "ok"})

    async def ready(self, request: web.Request) -> web.Response:
        """Say whether events are accepted now."""
        del request
        is_ready, reason = self._control.is_ready()
        return web.json_response(
            {"ready": is_ready, "reason": reason}, status=200 if is_ready else 503
        )

    async def status(self, request: web.Request) -> web.Response:
        """Tell how the daemon and each trigger is."""
        return web.json_response(spoken(self._control.status(), self.language_of(request)))

    async def list_runs(self, request: web.Request) -> web.Response:
        """List runs, newest first."""
        query = request.query
        chosen = RunFilter(
            recipe=query.get("recipe"), states=_states(query.get("state")), event=query.get("event")
        )
        page = await self._control.reader.list_runs(
            chosen, cursor=query.get("cursor"), limit=_limit(query.get("limit"))
        )
        language = self.language_of(request)
        runs = [summary_of(run, language) for run in page.runs]
        return web.json_response({"runs": runs, "cursor": page.cursor})

    async def show_run(self, request: web.Request) -> web.Response:
        """Show one run with its conditions and steps."""
        run = await self._control.reader.get_run(request.match_info["id"])
        if run is None:
            raise _no_run()
        return web.json_response(detail_of(run, self.language_of(request)))

    async def start_run(self, request: web.Request) -> web.Response:
        """Start a run of a recipe by hand."""
        body = await _body(request, allowed={"data", "inputs", "trigger"})
        inputs, trigger = body.get("inputs"), body.get("trigger")
        if inputs is not None and not isinstance(inputs, dict):
            raise _bad_field("inputs")
        if trigger is not None and not isinstance(trigger, str):
            raise _bad_field("trigger")
        receipt = await self._control.start_run(
            request.match_info["id"], data=body.get("data"), inputs=inputs, trigger=trigger
        )
        answer = {
            "event": receipt.event_id,
            "runs": list(receipt.runs),
            "is_duplicate": receipt.is_duplicate,
        }
        return web.json_response(answer, status=202)

    async def cancel_run(self, request: web.Request) -> web.Response:
        """Ask for the end of a run."""
        await _body(request, allowed=set())
        return _state(await self._control.cancel(request.match_info["id"]))

    async def resolve_run(self, request: web.Request) -> web.Response:
        """Settle a run that needs attention."""
        body = await _body(request, allowed={"choice", "author"})
        choice, author = body.get("choice"), body.get("author", "api")
        if choice not in get_args(Choice):
            raise _bad_field("choice")
        if not isinstance(author, str) or not 0 < len(author) <= 100:
            raise _bad_field("author")
        run_id = request.match_info["id"]
        return _state(await self._control.resolve(run_id, cast("Choice", choice), author))

    async def stop(self, request: web.Request) -> web.Response:
        """Begin to stop the daemon."""
        await _body(request, allowed=set())
        await self._control.shutdown()
        return web.json_response({"stopping": True}, status=202)


ROUTES: Final[tuple[Route, ...]] = (
    Route(method="GET", path="/healthz", right="public", handler=Api.health),
    Route(method="GET", path="/readyz", right="read", handler=Api.ready),
    Route(method="GET", path="/status", right="read", handler=Api.status),
    Route(method="GET", path="/api/runs", right="read", handler=Api.list_runs),
    Route(method="GET", path="/api/runs/{id}", right="read", handler=Api.show_run),
    Route(method="POST", path="/api/runs/{id}/cancel", right="change", handler=Api.cancel_run),
    Route(method="POST", path="/api/runs/{id}/resolve", right="change", handler=Api.resolve_run),
    Route(method="POST", path="/api/recipes/{id}/run", right="change", handler=Api.start_run),
    Route(method="POST", path="/api/stop", right="change", handler=Api.stop),
)


async def _body(request: web.Request, *, allowed: set[str]) -> dict[str, Any]:
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
            raise _bad_field(name)
    return data


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _is_deeper(data: Any, levels: int) -> bool:
    if levels == 0:
        return isinstance(data, dict | list)
    items = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    return any(_is_deeper(item, levels - 1) for item in items)


def _states(given: str | None) -> frozenset[RunState] | None:
    if not given:
        return None
    states = frozenset(given.split(","))
    if not states <= RUN_STATES:
        raise _bad_field("state")
    return cast("frozenset[RunState]", states)


def _limit(given: str | None) -> int:
    if given is None:
        return 50
    if not given.isascii() or not given.isdigit() or not 1 <= int(given[:9]) <= MOST_RUNS:
        raise _bad_field("limit")
    return int(given)


def _state(state: RunState | None) -> web.Response:
    if state is None:
        raise _no_run()
    return web.json_response({"state": state})


def _no_run() -> Refused:
    return Refused(404, "not_found", _NO_RUN)


def _bad_field(name: str) -> Refused:
    # Our own names only: what a caller invented is not echoed (security S-08).
    known = name if name in _KNOWN_FIELDS else ""
    return Refused(
        400, "bad_request", _BAD_FIELD if known else _UNKNOWN_FIELD, facts={"name": known}
    )


_KNOWN_FIELDS: Final = frozenset(
    {"data", "inputs", "trigger", "choice", "author", "state", "limit"}
)
_NO_RUN: Final = Text("there is no such run", "cette exécution n’existe pas")
_NOT_JSON: Final = Text("the body must be a JSON object", "le corps doit être un objet JSON")
_BAD_FIELD: Final = Text("“{name}” is not acceptable here", "« {name} » n’est pas acceptable ici")
_UNKNOWN_FIELD: Final = Text(
    "the body holds a name that is not known here", "le corps contient un nom inconnu ici"
)
