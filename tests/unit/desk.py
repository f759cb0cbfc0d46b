"""A console over a real engine and journal, whose one recipe asks a question."""

import asyncio
import hashlib
import json
import os
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import aiohttp

from rouage.control import Control, Life
from rouage.durable.embedded import EmbeddedEngine
from rouage.durable.port import Attempt, RunContext, RunOutcome, StepSpec, WaitSpec, WaitTimeout
from rouage.durable.sqlite import open_engine
from rouage.model.event import Admission, Event, Verdict
from rouage.model.ids import new_event_id
from rouage.model.run import FINAL_STATES
from rouage.safety.paths import Folders
from rouage.settings import Places, Settings
from rouage.web.links import Grant, Links
from rouage.web.server import ConsoleServer

TOKEN = "t" * 43
DEFINITION = b'{"id":"invoices","name":"Invoices","do":[]}'
DIGEST = "d1" * 32
NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


class Hours:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.instant = NOON

    def now(self) -> datetime:
        return self.instant

    def monotonic_seconds(self) -> float:
        return (self.instant - NOON).total_seconds()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 3600))


class Desk:
    """The console, the engine below it, and a browser that knows nothing but addresses."""

    def __init__(self, folder: Path) -> None:
        self.clock = Hours()
        self.folder = folder
        self.question: dict[str, Any] = {
            "ask": {"en": "Send invoice <b>7</b>?", "fr": "Envoyer la facture <b>7</b> ?"},
            "show": [{"text": "To: <script>alert(1)</script>"}, {"table": [["Total", "1 450 €"]]}],
            "fields": {},
            "from": [],
            "then": [],
            "need": 1,
            "timeout_at": None,
            "digest": DIGEST,
        }
        self.engine: EmbeddedEngine
        self.control: Control
        self.port = 0
        self.http: aiohttp.ClientSession

    async def open(self) -> None:
        self.places = Places(self.folder)
        self.places.state.mkdir(mode=0o700, exist_ok=True)
        (self.folder / "rouage.yaml").write_text("language: en\ntimezone: Europe/Paris\n")
        self.engine = open_engine(self.places.journal, clock=self.clock)
        await self.engine.put_definition("invoices", DEFINITION)
        await self.engine.open(self._execute)
        settings = Settings(workspace=self.folder, timezone="Europe/Paris")
        parts: Any = None
        self.control = Control(
            engine=self.engine,
            listener=parts,
            recipes=parts,
            catalog=parts,
            safeguards=parts,
            settings=settings,
            clock=self.clock,
            files=Folders(workspace=self.folder),
            links=Links(b"k" * 32),
            life=Life(),
            owner="léa",
            undos=parts,
            corrections=parts,
            stop=lambda: None,
            reload=lambda: None,
            pauses=parts,
            notices=parts,
        )
        self._server = ConsoleServer(self.control, token=TOKEN, language="en")
        self.port = await self._server.start(["127.0.0.1"], 0)
        self.control.links.base = f"http://127.0.0.1:{self.port}"
        self.http = aiohttp.ClientSession()
        # What commands look for.
        self.places.token.write_text(TOKEN + "\n")
        facts = {"pid": os.getpid(), "console_port": self.port}
        self.places.daemon.write_text(json.dumps(facts))

    async def close(self) -> None:
        await self.http.close()
        await self._server.stop()
        await self.engine.close(0.0)

    async def _execute(self, context: RunContext, definition: bytes) -> RunOutcome:
        closing = self.question["timeout_at"]
        deadline = None if closing is None else datetime.fromisoformat(closing)
        spec = WaitSpec(kind="approval", name="do.0", action="approve", question=self.question)
        try:
            answers = await context.wait_signal(
                "do.0", spec, deadline=deadline, after=self.question["need"] - 1
            )
            result: Any = [answer.payload for answer in answers]
        except WaitTimeout:
            result = "too late"

        async def tell(_: Attempt) -> Any:
            return result

        await context.step("do.0", StepSpec(action="approve", effect="none"), tell)
        return RunOutcome(state="succeeded", outputs=result)

    async def ask(self, **changes: Any) -> str:
        """Have a run wait with the question; return its id."""
        self.question |= changes
        event = Event(
            id=new_event_id(self.clock.now()),
            source="invoices/hand",
            time=self.clock.now(),
            data={},
            key=new_event_id(self.clock.now()),
        )
        verdict = Verdict(
            recipe="invoices",
            outcome="matched",
            definition=hashlib.sha256(DEFINITION).hexdigest(),
            admission=Admission(mode="parallel"),
        )
        accepted: Any = await self.engine.accept(event, [verdict])
        await self.engine.wait_idle()
        return str(accepted.runs[0])

    def deadline(self, hours: float) -> str:
        return (self.clock.now() + timedelta(hours=hours)).isoformat()

    def link(self, run: str, *, person: str = "marie@exemple.fr", **changes: Any) -> str:
        """Return the path of a link of our own making."""
        facts = {
            "run": run,
            "path": "do.0",
            "digest": DIGEST,
            "person": person,
            "expires": self.clock.now() + timedelta(hours=24),
        }
        return "/approve/" + self.control.links.token(Grant(**(facts | changes)))

    async def signals(self, run: str) -> list[tuple[str, Any]]:
        found = await self.engine.list_signals(run)
        return [(signal.author, signal.payload) for signal in found]

    async def outcome(self, run: str) -> Any:
        """Return the outputs of the run, which must be over."""
        await self.engine.wait_idle()
        record = await self.engine.get_run(run)
        assert record is not None
        assert record.state in FINAL_STATES
        return record.outputs

    async def api(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {TOKEN}", **options.pop("headers", {})}
        url = f"http://127.0.0.1:{self.port}{path}"
        async with self.http.request(method, url, headers=headers, **options) as reply:
            return reply.status, await reply.json()

    async def visit(self, path: str, method: str = "GET", **options: Any) -> "Seen":
        """Open an address as a browser does: without any token."""
        url = f"http://127.0.0.1:{self.port}{path}"
        options.setdefault("allow_redirects", False)
        async with self.http.request(method, url, **options) as reply:
            return Seen(reply.status, await reply.read(), reply.headers)

    async def press(self, path: str, choice: str, **fields: str) -> "Seen":
        """Open the page, then press one of its buttons."""
        seen = await self.visit(path)
        assert seen.status == 200, seen.text
        return await self.visit(path, "POST", data=seen.form | fields | {"choice": choice})


class Seen:
    """What a browser got."""

    def __init__(self, status: int, body: bytes, headers: Any) -> None:
        self.status = status
        self.body = body
        self.headers = headers

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def form(self) -> dict[str, str]:
        """Return what the form would send without its buttons."""
        found = re.findall(r'<input [^>]*name="([^"]+)"[^>]*value="([^"]*)"', self.text)
        areas = re.findall(
            r'<textarea [^>]*name="([^"]+)"[^>]*>\n(.*?)</textarea>', self.text, re.S
        )
        chosen = re.findall(
            r'<select [^>]*name="([^"]+)".*?<option value="([^"]*)" selected', self.text, re.S
        )
        return {name: unescape(value) for name, value in [*found, *areas, *chosen]}
