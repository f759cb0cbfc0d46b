"""A small client of the language server protocol, over the pipes of a real process."""

import contextlib
import json
import os
import subprocess
import threading
from collections import deque
from pathlib import Path
from typing import Any

DEADLINE_SECONDS = 20.0

SNIPPETS = {
    "textDocument": {
        "completion": {
            "completionItem": {"snippetSupport": True, "documentationFormat": ["markdown"]},
        },
        "hover": {"contentFormat": ["markdown", "plaintext"]},
        "publishDiagnostics": {"relatedInformation": True, "versionSupport": True},
    },
}


class ServerGoneError(Exception):
    """The process has ended, or does not answer."""


class EditorClient:
    """Starts a server and speaks with it; answers of the server are kept until asked for."""

    def __init__(self, command: list[str], *, environment: dict[str, str], folder: Path) -> None:
        self.process = subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._count = 0
        self._condition = threading.Condition()
        self._answers: dict[int, dict[str, Any]] = {}
        self.notices: deque[dict[str, Any]] = deque(maxlen=5000)
        self._is_over = False
        self.versions: dict[str, int] = {}
        self.settings: dict[str, Any] = {}
        self.stderr = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()
        self._listener.start()

    # -- messages ------------------------------------------------------------------------------

    def send_bytes(self, body: bytes) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
            self.process.stdin.flush()
        except (BrokenPipeError, OSError) as error:
            raise ServerGoneError(self.stderr.decode(errors="replace")) from error

    def _send(self, message: dict[str, Any]) -> None:
        self.send_bytes(json.dumps({"jsonrpc": "2.0", **message}).encode())

    def notify(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def ask(self, method: str, params: Any) -> dict[str, Any]:
        """Return the whole answer, which may hold an error."""
        self._count += 1
        number = self._count
        self._send({"id": number, "method": method, "params": params})
        with self._condition:
            self._condition.wait_for(
                lambda: number in self._answers or self._is_over, DEADLINE_SECONDS
            )
            if number not in self._answers:
                raise ServerGoneError(method + "\n" + self.stderr.decode(errors="replace"))
            return self._answers.pop(number)

    def request(self, method: str, params: Any) -> Any:
        """Return the result of a request that must work."""
        answer = self.ask(method, params)
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def _listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.stderr += line

    def _read(self) -> None:
        assert self.process.stdout is not None
        stream = self.process.stdout
        while True:
            length = 0
            while (line := stream.readline()) not in {b"\r\n", b"\n", b""}:
                name, _, value = line.partition(b":")
                if name.strip().lower() == b"content-length":
                    length = int(value)
            if not length:
                break
            message = json.loads(stream.read(length))
            self._take(message)
        with self._condition:
            self._is_over = True
            self._condition.notify_all()

    def _take(self, message: dict[str, Any]) -> None:
        if "method" in message and "id" in message:
            self._reply(message)
            return
        with self._condition:
            if "id" in message and message["id"] is not None:
                self._answers[message["id"]] = message
            else:
                self.notices.append(message)
            self._condition.notify_all()

    def _reply(self, message: dict[str, Any]) -> None:
        """Answer what a server may ask an editor."""
        result: Any = None
        if message["method"] == "workspace/configuration":
            wanted = message["params"]["items"]
            result = [self.settings.get(item.get("section", "")) for item in wanted]
        self._send({"id": message["id"], "result": result})

    # -- the life of a session -----------------------------------------------------------------

    def begin(
        self,
        root: Path,
        *,
        locale: str | None = None,
        capabilities: dict[str, Any] | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        params: dict[str, Any] = {
            "processId": os.getpid(),
            "rootUri": root.as_uri(),
            "workspaceFolders": [{"uri": root.as_uri(), "name": root.name}],
            "capabilities": SNIPPETS if capabilities is None else capabilities,
            **more,
        }
        if locale is not None:
            params["locale"] = locale
        result: dict[str, Any] = self.request("initialize", params)
        self.notify("initialized", {})
        return result

    def open(self, path: Path | str, text: str) -> str:
        uri = path if isinstance(path, str) else path.as_uri()
        self.versions[uri] = 1
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})
        return uri

    def change(self, uri: str, text: str) -> int:
        self.versions[uri] += 1
        self.notify(
            "textDocument/didChange",
            {
                "textDocument": {"uri": uri, "version": self.versions[uri]},
                "contentChanges": [{"text": text}],
            },
        )
        return self.versions[uri]

    def diagnostics(self, uri: str, version: int | None = None) -> list[dict[str, Any]]:
        """Return the first problems published for *uri* that are not older than *version*."""

        def found() -> list[dict[str, Any]] | None:
            for notice in reversed(self.notices):
                if notice.get("method") != "textDocument/publishDiagnostics":
                    continue
                params = notice["params"]
                if params["uri"] == uri and (
                    version is None or (params.get("version") or 0) >= version
                ):
                    listed: list[dict[str, Any]] = params["diagnostics"]
                    return listed
            return None

        with self._condition:
            self._condition.wait_for(lambda: found() is not None or self._is_over, DEADLINE_SECONDS)
            result = found()
        if result is None:
            raise ServerGoneError(self.stderr.decode(errors="replace"))
        return result

    def at(self, uri: str, line: int, character: int) -> dict[str, Any]:
        return {
            "textDocument": {"uri": uri},
            "position": {"line": line, "character": character},
        }

    def complete(self, uri: str, line: int, character: int) -> list[dict[str, Any]]:
        result = self.request("textDocument/completion", self.at(uri, line, character))
        items: list[dict[str, Any]] = result["items"] if isinstance(result, dict) else result
        return items

    def hover(self, uri: str, line: int, character: int) -> str:
        result = self.request("textDocument/hover", self.at(uri, line, character))
        if result is None:
            return ""
        contents = result["contents"]
        return str(contents["value"] if isinstance(contents, dict) else contents)

    def end(self) -> int:
        """Leave as an editor does, and return the exit code of the server."""
        if self.process.poll() is None:
            self.ask("shutdown", None)
            self.notify("exit", None)
        return self.close()

    def close(self) -> int:
        """End the process, whatever state it is in."""
        try:
            code = self.process.wait(DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        for thread in (self._reader, self._listener):
            thread.join(DEADLINE_SECONDS)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        return code
