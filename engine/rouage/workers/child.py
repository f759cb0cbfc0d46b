"""The program of a worker process: load one connector, then serve one call after the other.

It talks with the daemon over the socket that it finds as its standard input; what connectors
print goes to a pipe of its own. The daemon trusts nothing that is said here: each limit that
is kept here for the sake of a clear message is enforced on the other side, or by the system.
"""

import asyncio
import logging
import os
import socket
import sys
import threading
import traceback
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from rouage.errors import StepError
from rouage.language import Text
from rouage.sdk.connector import ActionSpec, Connector
from rouage.sdk.context import Context
from rouage.sdk.json import JSON
from rouage.workers import texts
from rouage.workers.confinement import allow_processor, confine
from rouage.workers.facts import business_of, error_facts, error_of, rebuilt, zone_named
from rouage.workers.frames import HEADER, pack, unpack

if TYPE_CHECKING:
    from aiohttp import ClientSession

_LONGEST_TRACE: Final = 4_000
_LONGEST_LINE: Final = 8_000


class _Line:
    """The connection to the daemon. Only one question is under way at any time."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def tell(self, message: Any) -> None:
        """Send one message."""
        self.send(pack(message))

    def send(self, frame: bytes) -> None:
        """Send one frame."""
        with self._lock:
            self._connection.sendall(frame)

    def next(self) -> Any:
        """Return the next message, or None when the daemon has gone."""
        header = self._read(HEADER.size)
        return None if header is None else unpack(self._read(HEADER.unpack(header)[0]) or b"null")

    def ask(self, question: str, **facts: Any) -> Any:
        """Return the answer of the daemon.

        Raises:
            StepError: the daemon refuses.
        """
        frame = pack({"ask": question, "with": facts})
        with self._lock:
            self._connection.sendall(frame)
            answer = self.next()
        if answer is None:
            os._exit(0)
        if "error" in answer:
            raise error_of(answer["error"])
        return answer["answer"]

    def _read(self, size: int) -> bytes | None:
        data = bytearray()
        while len(data) < size:
            chunk = self._connection.recv(min(size - len(data), 1 << 20))
            if not chunk:
                return None
            data += chunk
        return bytes(data)


class _Notes:
    """Intents for `Folders`, kept by the daemon: there is one ledger of them per workspace."""

    def __init__(self, line: _Line) -> None:
        self._line = line

    def find(self, key: str) -> Any:
        return self._line.ask("find", key=key)

    def note(self, key: str, intent: Any) -> None:
        self._line.ask("note", notes=[[key, intent]])

    def note_all(self, notes: Any) -> None:
        self._line.ask("note", notes=[list(note) for note in notes])


class _Appends:
    """Appends for `Folders`, made by the daemon: it knows who else adds to the file."""

    def __init__(self, line: _Line) -> None:
        self._line = line

    def take_note(self, key: str) -> None:
        del key

    async def append(self, opener: object, path: str, what: Any, *, key: str) -> Any:
        del opener
        if not isinstance(what, bytes):
            raise StepError(texts.NO_COMPOSING)
        return await asyncio.to_thread(
            self._line.ask, "append", path=path, data=what.decode("latin-1"), key=key
        )


class _Accounts:
    """The accounts of the workspace, told by the daemon one at a time."""

    def __init__(self, line: _Line) -> None:
        self._line = line

    def find(self, kind: str, name: str | None = None) -> Mapping[str, JSON]:
        account: Mapping[str, JSON] = self._line.ask("account", kind=kind, name=name)
        return account


class _Log(logging.Handler):
    """Pass log lines on, as many as may be; count the others."""

    def __init__(self, line: _Line) -> None:
        super().__init__()
        self._line = line
        self._lines = self._bytes = self.dropped = 0

    def begin(self, limits: Mapping[str, Any]) -> None:
        """Begin to count anew, for the next call."""
        self._lines, self._bytes = limits["log_lines"], limits["log_bytes"]
        self.dropped = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Pass *record* on."""
        try:
            text = record.getMessage()[:_LONGEST_LINE]
            if record.exc_info:
                text += "\n" + "".join(traceback.format_exception(*record.exc_info))
                text = text[: _LONGEST_TRACE + _LONGEST_LINE]
        except Exception:  # noqa: BLE001 - a line that cannot be formatted is the author's slip
            text = str(record.msg)[:_LONGEST_LINE]
        self._lines, self._bytes = self._lines - 1, self._bytes - len(text)
        if self._lines < 0 or self._bytes < 0:
            self.dropped += 1
        else:
            self._line.tell({"log": [record.levelno, text]})


class _Http:
    """The HTTP client of one call, opened at its first use."""

    def __init__(self) -> None:
        self._session: ClientSession | None = None

    def open(self) -> "ClientSession":
        if self._session is None:
            # aiohttp takes a third of a second to load: only those who use it wait.
            from rouage.safety.network import open_session

            self._session = open_session()
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


class _Worker:
    """One connector, and the calls of its actions."""

    def __init__(self, line: _Line, actions: Mapping[str, ActionSpec]) -> None:
        self._line = line
        self._actions = actions
        self._handler = _Log(line)
        logging.getLogger().addHandler(self._handler)
        self._log = logging.getLogger("rouage.action")

    def serve(self, task: Mapping[str, Any]) -> None:
        """Do one call and tell how it ended."""
        limits = task["limits"]
        self._handler.begin(limits)
        logging.getLogger().setLevel(task["facts"]["level"])
        allow_processor(limits["processor_seconds"])
        outcome = self._outcome(task)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        self._line.send(outcome)

    def _outcome(self, task: Mapping[str, Any]) -> bytes:
        """Return the frame that tells how the call ended."""
        try:
            result = asyncio.run(self._call(task))
        except StepError as error:
            return self._pack({"error": error_facts(error)})
        except MemoryError:
            return self._pack({"stopped": "memory"})
        except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001 - foreign code
            return self._pack(_explained(texts.UNEXPECTED, task["action"], error))
        return self._packed(task, result)

    def _packed(self, task: Mapping[str, Any], result: JSON) -> bytes:
        try:
            frame = self._pack({"result": result})
        except MemoryError:
            return self._pack({"stopped": "memory"})
        except (TypeError, ValueError, RecursionError) as error:
            return self._pack(_explained(texts.NOT_JSON, task["action"], error))
        if len(frame) > task["limits"]["result_bytes"]:
            return self._pack({"stopped": "result"})
        return frame

    def _pack(self, outcome: Mapping[str, Any]) -> bytes:
        return pack({**outcome, "dropped": self._handler.dropped})

    async def _call(self, task: Mapping[str, Any]) -> JSON:
        spec, http = self._actions[task["action"]], _Http()
        context = self._context(task["facts"], http)
        try:
            result: JSON = await _part(spec, task["part"])(self._argument(spec, task), context)
            return result
        finally:
            await http.close()

    def _argument(self, spec: ActionSpec, task: Mapping[str, Any]) -> Any:
        return task["given"] if task["part"] == "apply" else spec.parameters.cls(**task["given"])

    def _context(self, facts: Mapping[str, Any], http: _Http) -> Context:
        return rebuilt(
            facts,
            intents=_Notes(self._line),
            appender=_Appends(self._line),
            log=self._log,
            open_http=http.open,
            scratch=lambda: Path(self._line.ask("scratch")),
            render=_renderer(facts),
            wrote=lambda path: self._line.tell({"wrote": path}),
            accounts=_Accounts(self._line),
        )


def _part(spec: ActionSpec, part: str) -> Any:
    if part in {"prepare", "apply"}:
        return getattr(spec.undo, part)
    return getattr(spec, part)


def _renderer(facts: Mapping[str, Any]) -> Any:
    def render(template: str, data: Mapping[str, JSON]) -> str:
        # Here and not in the daemon: a template file is untrusted too.
        import json
        from datetime import datetime

        from rouage.expressions import compile_template, mask
        from rouage.expressions.filters import BUSINESS

        now = datetime.now(zone_named(facts["zone"]))
        known = {**data, "now": now, BUSINESS: business_of(facts)}
        rendered = mask(compile_template(template).render(known))
        return rendered if isinstance(rendered, str) else json.dumps(rendered, ensure_ascii=False)

    return render


def _explained(text: Text, action: str, error: BaseException) -> dict[str, Any]:
    trace = "".join(traceback.format_exception(error))[-_LONGEST_TRACE:]
    explained = StepError(text, action=action, kind=type(error).__name__)
    return {"error": error_facts(explained), "trace": trace}


def _load(target: str) -> dict[str, ActionSpec]:
    module, _, attribute = target.partition(":")
    loaded: Any = import_module(module)
    for part in attribute.split(".") if attribute else ():
        loaded = getattr(loaded, part)
    found = [loaded] if isinstance(loaded, Connector) else vars(loaded).values()
    found = [one for one in found if isinstance(one, Connector)]
    return {id_: spec for one in found for id_, spec in one.actions.items()}


def main() -> None:
    """Serve the daemon at the other end of standard input until it hangs up."""
    line = _Line(socket.socket(fileno=os.dup(0)))
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.close(nothing)
    start = cast("Mapping[str, Any] | None", line.next())
    if start is None:
        return
    confine(memory_bytes=start["memory_bytes"], is_foreign=start["is_foreign"])
    try:
        worker = _Worker(line, _load(start["target"]))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - foreign code: the border of one connector
        line.tell({"broken": f"{type(error).__name__}: {error}"[:500]})
        return
    line.tell({"ready": True})
    while (task := line.next()) is not None:
        worker.serve(task)
