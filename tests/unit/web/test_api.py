"""The console's listener: rights, names, origins, shapes. Real sockets, a memory of runs."""

import asyncio
import contextlib
import io
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from rouage.durable.port import RunFilter, RunPage
from rouage.errors import JournalError, Overloaded, StepError
from rouage.language import Text
from rouage.model.run import RunRecord, StepRecord
from rouage.sdk.trigger import Receipt
from rouage.web.api import Api, Refused, Route
from rouage.web.links import Links
from rouage.web.routes import ROUTES
from rouage.web.server import ConsoleServer, check_rights, make_application

TOKEN = "t" * 43
AUTHORIZATION = {"Authorization": f"Bearer {TOKEN}"}
NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
FAILURE = {"kind": "StepError", "message": {"en": "no such file", "fr": "fichier absent"}}


def a_run(run_id: str, *, state: Any = "succeeded", error: Any = None) -> RunRecord:
    return RunRecord(
        id=run_id,
        recipe="sort",
        state=state,
        event="e" * 26,
        definition="d" * 64,
        created=NOON,
        started=NOON,
        ended=NOON,
        error=error,
        steps=(StepRecord(path="do.0", state="done", action="log.write", attempts=1),),
    )


class RememberedRuns:
    """A reader over a list."""

    def __init__(self) -> None:
        self.runs = [a_run("run-b", state="failed", error=FAILURE), a_run("run-a")]
        self.asked: list[tuple[RunFilter, str | None, int]] = []

    async def list_runs(
        self, chosen: RunFilter, *, cursor: str | None = None, limit: int = 50
    ) -> RunPage:
        self.asked.append((chosen, cursor, limit))
        states = chosen.states
        runs = [run for run in self.runs if states is None or run.state in states]
        return RunPage(runs=tuple(runs[:limit]), cursor=None)

    async def get_run(self, run_id: str) -> RunRecord | None:
        return next((run for run in self.runs if run.id == run_id), None)

    async def list_waits(self, **_: Any) -> tuple[Any, ...]:
        return ()

    async def list_signals(self, run_id: str) -> tuple[Any, ...]:
        return ()

    async def list_secret_uses(self, *, run_id: str) -> tuple[Any, ...]:
        del run_id
        return ()


@dataclass
class RecordingControl:
    """A daemon that notes what it is told."""

    reader: Any = field(default_factory=RememberedRuns)
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    ready: tuple[bool, Text | str | None] = (True, None)
    fault: Exception | None = None
    owner: str = "léa"
    links: Links = field(default_factory=lambda: Links(b"k" * 32, "http://127.0.0.1:1"))

    def now(self) -> datetime:
        return NOON

    def status(self) -> Any:
        return {"state": "ok", "triggers": [], "reason": {"en": "well", "fr": "bien"}}

    def is_ready(self) -> tuple[bool, str | None]:
        return self.ready

    async def start_run(self, recipe_id: str, *, data: Any, inputs: Any, trigger: Any) -> Receipt:
        if self.fault is not None:
            raise self.fault
        self.calls.append(("start", recipe_id, data, inputs, trigger))
        return Receipt(event_id="e1", runs=("r1",))

    async def cancel(self, run_id: str, author: str) -> Any:
        self.calls.append(("cancel", run_id, author))
        return "cancelled" if run_id == "run-a" else None

    async def resolve(self, run_id: str, choice: Any, author: str, result: Any) -> Any:
        self.calls.append(("resolve", run_id, choice, author, result))
        return "queued"

    async def replay(self, run_id: str, *, start: str, version: str, author: str) -> Any:
        self.calls.append(("replay", run_id, start, version, author))
        return "run-c" if run_id == "run-b" else None

    async def shutdown(self) -> None:
        self.calls.append(("stop",))


@dataclass
class Console:
    control: RecordingControl
    port: int
    http: aiohttp.ClientSession

    async def call(self, method: str, path: str, **options: Any) -> tuple[int, Any, Any]:
        headers = AUTHORIZATION | options.pop("headers", {})
        headers = {name: value for name, value in headers.items() if value is not None}
        url = f"http://127.0.0.1:{self.port}{path}"
        async with self.http.request(method, url, headers=headers, **options) as reply:
            return reply.status, await reply.json(), reply.headers


@pytest.fixture
async def console():
    control = RecordingControl()
    server = ConsoleServer(
        control, token=TOKEN, allowed_hosts=["rouage.example.org"], language="fr"
    )
    port = await server.start(["127.0.0.1", "::1"], 0)
    async with aiohttp.ClientSession() as http:
        yield Console(control, port, http)
    await server.stop()


async def test_liveness_is_public_and_says_nothing_else(console: Console):
    status, body, headers = await console.call("GET", "/healthz", headers={"Authorization": None})
    assert (status, body) == (200, {"status": "ok"})
    assert headers["Server"] == "rouage"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize(
    "route", [r for r in ROUTES if r.right in {"read", "change"}], ids=lambda r: r.path
)
@pytest.mark.parametrize("authorization", [None, "Bearer wrong", f"Basic {TOKEN}", "Bearer é"])
async def test_every_other_route_needs_the_token(
    console: Console, route: Route, authorization: str | None
):
    path = route.path.replace("{id}", "run-a")
    headers = {"Authorization": authorization}
    status, body, answered = await console.call(route.method, path, headers=headers)
    assert status == 401
    assert answered["WWW-Authenticate"] == "Bearer"
    assert body["error"]["code"] == "unauthorized"
    assert console.control.calls == []


async def test_an_unknown_path_tells_a_stranger_nothing(console: Console):
    status, _, _ = await console.call("GET", "/nothing", headers={"Authorization": None})
    assert status == 401
    status, body, _ = await console.call("GET", "/nothing")
    assert (status, body["error"]["code"]) == (404, "not_found")


async def test_a_wrong_method_is_named_as_such(console: Console):
    status, body, headers = await console.call("DELETE", "/api/runs")
    assert (status, body["error"]["code"], headers["Allow"]) == (405, "method_not_allowed", "GET")


async def test_a_path_that_differs_by_a_slash_or_case_is_another_path(console: Console):
    for path in ("/healthz/", "/HEALTHZ", "//healthz", "/healthz/../status"):
        status, _, _ = await console.call("GET", path, headers={"Authorization": None})
        assert status == 401, path


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "localhost@evil"])
async def test_a_foreign_host_name_is_misdirected_even_for_liveness(console: Console, host: str):
    status, body, _ = await console.call("GET", "/healthz", headers={"Host": host})
    assert (status, body["error"]["code"]) == (421, "misdirected")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "[::1]:80", "rouage.example.org"])
async def test_the_names_of_this_machine_and_the_configured_ones_are_served(
    console: Console, host: str
):
    status, _, _ = await console.call("GET", "/healthz", headers={"Host": host})
    assert status == 200


async def test_both_loopback_addresses_answer_on_one_port(console: Console):
    reader, writer = await asyncio.open_connection("::1", console.port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: [::1]\r\nConnection: close\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    writer.close()
    await writer.wait_closed()


async def test_errors_have_a_code_a_sentence_and_a_reference_in_the_callers_language(
    console: Console,
):
    _, french, _ = await console.call("GET", "/api/runs/none")
    _, english, _ = await console.call("GET", "/api/runs/none", headers={"Accept-Language": "en"})
    assert set(french["error"]) == {"code", "message", "hint", "reference"}
    assert french["error"]["message"] == "cette exécution n’existe pas"
    assert english["error"]["message"] == "there is no such run"
    assert french["error"]["reference"] != english["error"]["reference"]


async def test_readiness_follows_the_daemon(console: Console):
    assert (await console.call("GET", "/readyz"))[:2] == (200, {"ready": True, "reason": None})
    console.control.ready = (False, "disque plein")
    status, body, _ = await console.call("GET", "/readyz")
    assert (status, body) == (503, {"ready": False, "reason": "disque plein"})


async def test_the_status_is_told_in_one_language(console: Console):
    _, body, _ = await console.call("GET", "/status")
    assert body["reason"] == "bien"


async def test_runs_are_listed_with_their_errors_in_words(console: Console):
    status, body, _ = await console.call("GET", "/api/runs?recipe=sort&state=failed&limit=10")
    assert status == 200
    assert [run["id"] for run in body["runs"]] == ["run-b"]
    assert body["runs"][0]["error"] == {"kind": "StepError", "message": "fichier absent"}
    chosen, cursor, limit = console.control.reader.asked[0]
    assert (chosen.recipe, chosen.states, cursor, limit) == ("sort", {"failed"}, None, 10)


@pytest.mark.parametrize("query", ["state=broken", "limit=0", "limit=501", "limit=x", "limit=²"])
async def test_a_wrong_question_is_refused(console: Console, query: str):
    status, body, _ = await console.call("GET", f"/api/runs?{query}")
    assert (status, body["error"]["code"]) == (400, "bad_request")


async def test_one_run_is_shown_with_its_steps(console: Console):
    _, body, _ = await console.call("GET", "/api/runs/run-a")
    assert body["steps"][0]["action"] == "log.write"
    assert body["duration_seconds"] == 0.0


async def test_a_run_is_started_by_hand(console: Console):
    status, body, _ = await console.call(
        "POST", "/api/recipes/sort/run", json={"data": {"a": 1}, "inputs": {"n": 2}}
    )
    assert (status, body) == (202, {"event": "e1", "runs": ["r1"], "is_duplicate": False})
    assert console.control.calls == [("start", "sort", {"a": 1}, {"n": 2}, None)]


async def test_runs_are_cancelled_and_resolved_and_the_daemon_stopped(console: Console):
    assert (await console.call("POST", "/api/runs/run-a/cancel", json={}))[1] == {
        "state": "cancelled"
    }
    assert (await console.call("POST", "/api/runs/other/cancel", json={}))[0] == 404
    console.control.reader.runs.append(a_run("run-d", state="needs_attention"))
    body = {"choice": "done", "result": {"id": 7}}
    assert (await console.call("POST", "/api/runs/run-d/resolve", json=body))[0] == 200
    assert (await console.call("POST", "/api/stop", json={}))[0] == 202
    told = ("resolve", "run-d", "done", "léa", {"id": 7})
    assert console.control.calls[-2:] == [told, ("stop",)]


async def test_a_caller_cannot_speak_in_the_name_of_another(console: Console):
    body = {"choice": "done", "author": "marie"}
    status, _, _ = await console.call("POST", "/api/runs/run-a/resolve", json=body)
    assert status == 400
    assert console.control.calls == []


async def test_there_is_nothing_to_settle_in_a_run_without_a_doubt(console: Console):
    status, body, _ = await console.call(
        "POST", "/api/runs/run-a/resolve", json={"choice": "retry"}
    )
    assert (status, body["error"]["code"]) == (409, "not_in_doubt")
    assert (await console.call("POST", "/api/runs/none/resolve", json={"choice": "retry"}))[
        0
    ] == 404
    wrong = {"choice": "retry", "result": 1}
    assert (await console.call("POST", "/api/runs/run-a/resolve", json=wrong))[0] == 400
    assert console.control.calls == []


async def test_a_run_is_done_again_from_where_the_caller_says(console: Console):
    body = {"from": "failed", "recipe": "now"}
    status, answer, _ = await console.call("POST", "/api/runs/run-b/rerun", json=body)
    assert (status, answer) == (202, {"run": "run-c", "replay_of": "run-b"})
    assert console.control.calls == [("replay", "run-b", "failed", "now", "léa")]
    assert (await console.call("POST", "/api/runs/none/rerun", json={}))[0] == 404
    for wrong in ({"from": ""}, {"from": 1}, {"recipe": "later"}, {"keep": []}):
        assert (await console.call("POST", "/api/runs/run-b/rerun", json=wrong))[0] == 400, wrong


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (StepError(Text("no recipe", "aucune recette")), 422, "refused"),
        (JournalError("full"), 503, "journal"),
        (Overloaded("later", retry_after_seconds=7), 503, "overloaded"),
        (RuntimeError("/secret/path"), 500, "internal"),
    ],
)
async def test_faults_become_answers_without_inner_details(
    console: Console, fault: Exception, status: int, code: str
):
    console.control.fault = fault
    answered, body, headers = await console.call("POST", "/api/recipes/sort/run", json={})
    assert (answered, body["error"]["code"]) == (status, code)
    assert "/secret/path" not in str(body)
    assert headers.get("Retry-After") == ("7" if code == "overloaded" else None)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_change_from_a_foreign_page_is_refused(console: Console, headers: dict[str, str]):
    status, body, _ = await console.call("POST", "/api/stop", json={}, headers=headers)
    assert (status, body["error"]["code"]) == (403, "foreign_origin")
    assert console.control.calls == []


async def test_a_change_from_the_console_itself_is_taken(console: Console):
    headers = {"Origin": f"http://127.0.0.1:{console.port}", "Sec-Fetch-Site": "same-origin"}
    assert (await console.call("POST", "/api/stop", json={}, headers=headers))[0] == 202


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", None]
)
async def test_a_change_must_be_json(console: Console, kind: str | None):
    headers = {"Content-Type": kind} if kind else {}
    status, _, _ = await console.call("POST", "/api/stop", data=b"{}", headers=headers)
    assert status == 415
    assert console.control.calls == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"data": NaN}',
        b'{"other": 1}',
        b'{"inputs": 3}',
        b'{"trigger": 3}',
        b"\xff",
        b'{"data": ' + b"[" * 70 + b"]" * 70 + b"}",
        b'{"data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=lambda body: str(body[:16]),
)
async def test_a_body_that_is_not_a_plain_object_is_refused(console: Console, body: bytes):
    headers = {"Content-Type": "application/json"}
    status, answer, _ = await console.call(
        "POST", "/api/recipes/sort/run", data=body, headers=headers
    )
    assert (status, answer["error"]["code"]) == (400, "bad_request")
    assert console.control.calls == []


async def test_a_body_beyond_the_limit_is_refused(console: Console):
    body = b'{"data": "' + b"x" * (1 << 20) + b'"}'
    headers = {"Content-Type": "application/json"}
    status, answer, _ = await console.call(
        "POST", "/api/recipes/sort/run", data=io.BytesIO(body), headers=headers
    )
    assert (status, answer["error"]["code"]) == (413, "too_large")


async def test_an_unknown_field_is_not_echoed(console: Console):
    _, body, _ = await console.call("POST", "/api/stop", json={"<script>": 1})
    assert "script" not in str(body)


def test_every_route_has_its_right_in_the_table():
    check_rights(make_application(RecordingControl(), token=TOKEN), ROUTES)
    assert [(r.method, r.path) for r in ROUTES if r.right == "public"] == [("GET", "/healthz")]
    assert {r.method for r in ROUTES if r.right == "change"} == {"POST"}


async def _secret_page(request: web.Request) -> web.Response:
    return web.json_response({"leak": True})


@pytest.mark.parametrize("path", ["/new", "/healthz/more", "/healthz", "/api/{tail:.*}"])
def test_a_route_without_an_entry_stops_the_start(path: str):
    application = make_application(RecordingControl(), token=TOKEN)
    application.router.add_route("PUT", path, _secret_page)
    with pytest.raises(RuntimeError):
        check_rights(application, ROUTES)


async def test_a_route_that_slipped_in_is_refused_all_the_same(aiohttp_free_server):
    application = make_application(RecordingControl(), token=TOKEN)
    application.router.add_route("GET", "/new", _secret_page)
    async with aiohttp_free_server(application) as url, aiohttp.ClientSession() as http:
        async with http.get(f"{url}/new") as reply:
            assert reply.status == 401
        async with http.get(f"{url}/new", headers=AUTHORIZATION) as reply:
            assert reply.status == 403


@pytest.fixture
def aiohttp_free_server():
    """Serve an application on a free port of this machine."""

    @contextlib.asynccontextmanager
    async def serve(application: web.Application):
        runner = web.AppRunner(application)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            yield site.name
        finally:
            await runner.cleanup()

    return serve


async def test_a_taken_port_is_told_with_the_way_out(console: Console):
    second = ConsoleServer(RecordingControl(), token=TOKEN)
    with pytest.raises(Exception, match=str(console.port)) as caught:
        await second.start(["127.0.0.1"], console.port)
    assert "--port" in str(caught.value.render_hint("en"))  # type: ignore[attr-defined]
    await second.stop()


async def test_raw_nonsense_gets_an_answer_without_echo(console: Console):
    reader, writer = await asyncio.open_connection("127.0.0.1", console.port)
    writer.write(b"NON SENSE <marker>\r\n\r\n")
    answer = await reader.read(4096)
    assert b"marker" not in answer
    assert b"aiohttp" not in answer
    assert b"Python" not in answer
    writer.close()
    await writer.wait_closed()


def test_the_table_cannot_name_a_route_twice():
    twice = (*ROUTES, Route(method="GET", path="/healthz", right="public", handler=Api.health))
    with pytest.raises(RuntimeError):
        make_application(RecordingControl(), token=TOKEN, routes=twice)


def test_a_refusal_is_an_exception_of_its_own():
    assert str(Refused(400, "bad_request", "no")) == "bad_request"
