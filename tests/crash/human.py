"""The owner: answers every question that runs ask, and logs each answer with its own fsync.

A process apart from the daemon. An answer whose acknowledgement was lost is given again, the
same, until it is accepted or found to have been. Every seventh order is refused.

    python -m tests.crash.human --workspace DIR --log answers.log
"""

import argparse
import contextlib
import http.client
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any, Final

REFUSE_EVERY: Final = 7
_PAUSE_SECONDS = 0.05
_ANSWER_SECONDS = 10.0
_LOST = (OSError, http.client.HTTPException, ValueError, KeyError)


def choice_of(order: str) -> str:
    """Return what the owner decides about an order."""
    return "refuse" if int(order[2:]) % REFUSE_EVERY == 0 else "approve"


class Owner:
    """Looks at the questions again and again."""

    def __init__(self, workspace: Path, log: Path) -> None:
        self._state = workspace / ".rouage"
        self._log = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        self._answered: set[str] = set()
        self.is_closing = False
        self.counts = {"answers": 0, "answered_before": 0}

    def work(self) -> None:
        """Answer until told to close."""
        while not self.is_closing:
            with contextlib.suppress(*_LOST):
                self._look()
            time.sleep(_PAUSE_SECONDS)

    def _look(self) -> None:
        for question in self._ask("GET", "/api/approvals")[1]["approvals"]:
            order = str(question["ask"])
            if order not in self._answered:
                self._decide(order, question)

    def _decide(self, order: str, question: dict[str, Any]) -> None:
        choice = choice_of(order)
        body = {"path": question["path"], "choice": choice, "shown": question["digest"]}
        status, answer = self._ask("POST", f"/api/runs/{question['run']}/answer", body)
        if status in {200, 409}:
            os.write(self._log, f"{order} {choice}\n".encode())
            os.fsync(self._log)
            self._answered.add(order)
            self.counts["answers" if status == 200 else "answered_before"] += 1
        elif status < 500 and status != 404:
            raise SystemExit(f"unexpected answer: {status} {answer}")

    def _ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        port = int(json.loads((self._state / "daemon.json").read_text())["console_port"])
        token = (self._state / "token").read_text().strip()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_ANSWER_SECONDS)
        try:
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()


def main() -> None:
    """Answer as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--log", type=Path, required=True)
    options = parser.parse_args()
    owner = Owner(options.workspace, options.log)
    signal.signal(signal.SIGTERM, lambda *_: setattr(owner, "is_closing", True))
    owner.work()
    sys.stdout.write(json.dumps(owner.counts) + "\n")


if __name__ == "__main__":
    main()
