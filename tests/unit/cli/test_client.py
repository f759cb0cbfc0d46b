"""The command line talks to a real listener on this machine."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from rouage.cli.client import Client, NotRunning, find_daemon
from rouage.errors import RouageError
from rouage.settings import Places
from rouage.web.server import ConsoleServer

TOKEN = "t" * 43


class NoQuestions:
    """A journal in which nothing waits."""

    async def list_waits(self, **_: Any) -> tuple[Any, ...]:
        return ()


class Control:
    """A daemon that knows its state and nothing else."""

    owner = "léa"
    reader: Any = NoQuestions()

    def status(self) -> Any:
        return {"state": "ok"}

    def is_ready(self) -> tuple[bool, str | None]:
        return True, None

    async def start_run(self, recipe_id: str, *, data: Any, inputs: Any, trigger: Any) -> Any:
        raise RouageError("no {braces}", hint="look {there}")

    async def cancel(self, run_id: str, author: str) -> Any:
        return None

    async def shutdown(self) -> None:
        return None


@pytest.fixture
async def port() -> AsyncIterator[int]:
    server = ConsoleServer(Control(), token=TOKEN)
    yield await server.start(["127.0.0.1"], 0)
    await server.stop()


@pytest.fixture
def places(workspace: Path, port: int) -> Places:
    places = Places(workspace)
    places.token.write_text(TOKEN + "\n")
    places.daemon.write_text(json.dumps({"pid": os.getpid(), "console_port": port}))
    return places


async def test_the_running_daemon_is_found_and_asked(places: Places):
    client = find_daemon(places, language="fr")
    assert await asyncio.to_thread(client.get, "/status") == {"state": "ok", "approvals": 0}


async def test_a_refusal_is_told_in_the_daemons_words(places: Places):
    client = find_daemon(places, language="fr")
    with pytest.raises(RouageError) as caught:
        await asyncio.to_thread(client.get, "/api/nothing")
    assert caught.value.render("en") == "il n’y a rien ici"
    with pytest.raises(RouageError) as caught:
        await asyncio.to_thread(client.post, "/api/recipes/x/run", {})
    assert caught.value.render("en") == "no {braces}"
    assert caught.value.render_hint("en") == "look {there}"


async def test_a_wrong_token_is_refused(places: Places):
    places.token.write_text("other")
    with pytest.raises(RouageError):
        await asyncio.to_thread(find_daemon(places, language="en").get, "/status")


def test_a_daemon_that_was_killed_is_not_asked(workspace: Path):
    places = Places(workspace)
    places.token.write_text(TOKEN)
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        pass
    wrong: list[Any] = [
        {"pid": gone.pid, "console_port": 1},
        {"pid": "x", "console_port": 1},
        {},
        [],
    ]
    for facts in wrong:
        places.daemon.write_text(json.dumps(facts))
        with pytest.raises(NotRunning):
            find_daemon(places, language="en")
    places.daemon.write_text("{")
    with pytest.raises(NotRunning) as caught:
        find_daemon(places, language="en")
    assert "rouage up" in str(caught.value.render_hint("fr"))


def test_a_daemon_without_a_token_is_not_asked(workspace: Path):
    places = Places(workspace)
    places.daemon.write_text(json.dumps({"pid": os.getpid(), "console_port": 1}))
    with pytest.raises(NotRunning):
        find_daemon(places, language="en")


def test_a_daemon_that_was_killed_and_not_yet_buried_is_not_asked(workspace: Path):
    places = Places(workspace)
    places.token.write_text(TOKEN)
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        places.daemon.write_text(json.dumps({"pid": ended.pid, "console_port": 1}))
        # It has ended, but nobody has asked how: the system still knows its number.
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        with pytest.raises(NotRunning):
            find_daemon(places, language="en")


async def test_where_nobody_listens_any_more_no_daemon_runs(places: Places):
    async with await asyncio.start_server(lambda *_: None, "127.0.0.1", 0) as server:
        free = server.sockets[0].getsockname()[1]
    places.daemon.write_text(json.dumps({"pid": os.getpid(), "console_port": free}))
    with pytest.raises(NotRunning):
        await asyncio.to_thread(find_daemon(places, language="en").get, "/status")


async def test_silence_is_told_as_silence(workspace: Path):
    async def slam(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(slam, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        client = Client(pid=7, port=port, host="127.0.0.1", token=TOKEN, workspace=workspace)
        with pytest.raises(RouageError, match="process 7"):
            await asyncio.to_thread(client.get, "/status")
