"""Talk to the running daemon of a workspace, over its local API."""

import http.client
import json
import os
import time
from pathlib import Path
from typing import Any, Final

from rouage.errors import RouageError, WorkspaceError
from rouage.language import Language, Text
from rouage.records import dataclass
from rouage.settings import Places

_TIMEOUT_SECONDS: Final = 15.0
_DYING_SECONDS: Final = 1.0

_NOT_RUNNING: Final = Text(
    "no daemon works on {workspace}", "aucun service ne travaille sur {workspace}"
)
_START_IT: Final = Text("start it with `rouage up`", "lancez-le avec « rouage up »")
_NO_ANSWER: Final = Text(
    "the daemon (process {pid}) does not answer", "le service (processus {pid}) ne répond pas"
)
_LOOK: Final = Text(
    "its log in .rouage/logs may tell why", "son journal technique dans .rouage/logs dira pourquoi"
)


class NotRunning(WorkspaceError):  # noqa: N818 - a state, not a fault
    """No daemon works on the workspace."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Client:
    """The way to one running daemon."""

    pid: int
    port: int
    host: str
    token: str
    workspace: Path
    language: Language = "en"

    def get(self, path: str) -> Any:
        """Return what GET *path* answers.

        Raises:
            RouageError: the daemon refused, or does not answer.
        """
        return self._call("GET", path, None)

    def post(
        self, path: str, body: dict[str, Any], *, within_seconds: float = _TIMEOUT_SECONDS
    ) -> Any:
        """Return what POST *path* answers.

        Raises:
            RouageError: the daemon refused, or does not answer.
        """
        return self._call("POST", path, json.dumps(body).encode(), within_seconds)

    def _call(
        self, method: str, path: str, body: bytes | None, seconds: float = _TIMEOUT_SECONDS
    ) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", "Accept-Language": self.language}
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection = http.client.HTTPConnection(self.host, self.port, timeout=seconds)
        try:
            connection.request(method, path, body, headers)
            reply = connection.getresponse()
            status, data = reply.status, json.loads(reply.read())
        except ConnectionRefusedError as error:
            # A daemon that was killed leaves its file; its number may be another's by now.
            raise NotRunning(_NOT_RUNNING, hint=_START_IT, workspace=self.workspace) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            if isinstance(error, OSError | http.client.HTTPException) and _dies(self.pid):
                raise NotRunning(_NOT_RUNNING, hint=_START_IT, workspace=self.workspace) from error
            raise RouageError(_NO_ANSWER, hint=_LOOK, pid=self.pid) from error
        finally:
            connection.close()
        if status >= http.client.BAD_REQUEST:
            raise _refusal(data, self.pid)
        return data


def find_daemon(places: Places, *, language: Language, host: str = "127.0.0.1") -> Client:
    """Return the way to the daemon of the workspace.

    Raises:
        NotRunning: there is none.
    """
    facts = _facts(places.daemon)
    if facts is None or not _is_alive(facts[0]):
        raise NotRunning(_NOT_RUNNING, hint=_START_IT, workspace=places.root)
    try:
        token = places.token.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise NotRunning(_NOT_RUNNING, hint=_START_IT, workspace=places.root) from error
    return Client(
        pid=facts[0],
        port=facts[1],
        host=host,
        token=token,
        workspace=places.root,
        language=language,
    )


def _facts(path: Path) -> tuple[int, int] | None:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return int(data["pid"]), int(data["console_port"])
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _dies(pid: int) -> bool:
    """Say whether the process ends now: a killed one takes a moment to be gone."""
    end = time.monotonic() + _DYING_SECONDS
    while _is_alive(pid):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def _is_alive(pid: int) -> bool:
    """Say whether the process exists: a killed daemon leaves its file, and its port to others."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Say whether the process has ended and only waits to be noticed by its parent (Linux)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state in {b"Z", b"X"}


def _refusal(data: Any, pid: int) -> RouageError:
    error = data.get("error") if isinstance(data, dict) else None
    if not isinstance(error, dict):
        return RouageError(_NO_ANSWER, hint=_LOOK, pid=pid)
    # Facts, so that braces in the daemon's sentence are not taken for places.
    advice = error.get("hint")
    hint = None if advice is None else "{advice}"
    return RouageError("{sentence}", hint=hint, sentence=error.get("message"), advice=advice)
