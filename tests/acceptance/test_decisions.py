"""Decisions of people: by command, by link, too late, twice; and runs done again or settled."""

import json
import re
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

Rouage = Callable[..., Any]
Start = Callable[..., Any]
Eventually = Callable[..., Any]
Look = Callable[[str], Any]

INVOICE = """\
name: Invoice
inputs:
  total: {type: number, default: 12}
when:
  - manual.start: {}
do:
  - files.write:
      path: files/invoice.txt
      text: total ${{ inputs.total }}
      on_conflict: overwrite
    id: made
  - approve:
      ask: Send an invoice of ${{ inputs.total }}?
      show: ["${{ steps.made.path }}"]
      fields:
        amount: {type: number, default: 12, min: 1}
    id: ok
  - files.append:
      path: files/sent.txt
      text: "sent ${{ steps.ok.fields.amount }} by ${{ steps.ok.by }}\\n"
finally:
  - files.append: {path: files/ends.txt, text: "end\\n"}
"""
LATE = """\
name: Late
when:
  - manual.start: {}
do:
  - approve: {ask: Send it?, timeout: 1s, on_timeout: refuse}
  - files.append: {path: files/late.txt, text: "sent\\n"}
"""
FRAGILE = """\
name: Fragile
when:
  - manual.start: {}
do:
  - files.append: {path: files/steps.txt, text: "first\\n"}
    id: first
  - for_each:
      in: ["a", "b", "c"]
      on_item_error: collect
      do:
        - files.copy: {source: "files/${{ item }}.txt", target: "files/done-${{ item }}.txt"}
        - files.append: {path: files/steps.txt, text: "${{ item }}\\n"}
    id: each
  - files.append: {path: files/steps.txt, text: "last\\n"}
    id: last
"""
SLOW = """\
name: Slow
when:
  - manual.start: {}
do:
  - shell.run: {command: [/bin/sleep, "30"]}
    id: slow
  - files.append: {path: files/slow.txt, text: "${{ steps.slow.code }}\\n"}
"""
FILES = {"invoice": INVOICE, "late": LATE, "fragile": FRAGILE, "slow": SLOW}


@pytest.fixture
def workspace(rouage: Rouage, tmp_path: Path) -> Path:
    assert rouage("init", "w").code == 0
    folder = tmp_path / "w"
    (folder / "recipes" / "first.yaml").unlink()
    for name, text in FILES.items():
        (folder / "recipes" / f"{name}.yaml").write_text(text, encoding="utf-8")
    checked = rouage("--workspace", folder, "check")
    assert checked.code == 0, checked.out
    return folder


@pytest.fixture
def on(rouage: Rouage, workspace: Path) -> Rouage:
    """Return a function that runs a command on the workspace."""

    def run(*arguments: str | Path, **options: Any) -> Any:
        return rouage("--workspace", workspace, *arguments, **options)

    return run


@pytest.fixture
def look(workspace: Path) -> Callable[[str], Any]:
    """Return a function that gets the detail of a run from the running daemon."""
    state = workspace / ".rouage"

    def get(run: str) -> Any:
        port = json.loads((state / "daemon.json").read_text())["console_port"]
        request = urllib.request.Request(f"http://127.0.0.1:{port}/api/runs/{run}")
        request.add_header("Authorization", f"Bearer {(state / 'token').read_text().strip()}")
        with urllib.request.urlopen(request, timeout=10) as reply:  # noqa: S310 - our own
            return json.load(reply)

    return get


@pytest.fixture
def asked(on: Rouage, look: Look, eventually: Eventually) -> Callable[..., str]:
    """Return a function that starts a run and waits until it is in a state."""

    def ask(recipe: str, *arguments: str, state: str = "waiting") -> str:
        run = on("run", recipe, *arguments, "--json").data["runs"][0]
        eventually(lambda: look(run)["state"] == state)
        return str(run)

    return ask


@pytest.fixture
def ended(look: Look, eventually: Eventually) -> Look:
    """Return a function that returns a run once it is over."""

    def find(run: str) -> Any:
        found = look(run)
        return found if found["ended"] else None

    return lambda run: eventually(lambda: find(run))


class Browser:
    """What a person with a link can do: no token, no redirects followed."""

    def __init__(self) -> None:
        self._opener = urllib.request.build_opener(NoRedirect())

    def ask(
        self, url: str, form: dict[str, str] | None = None, *, method: str | None = None
    ) -> tuple[int, str, Any]:
        data = None if form is None else urlencode(form).encode()
        request = urllib.request.Request(url, data, method=method)  # noqa: S310 - our own
        try:
            with self._opener.open(request, timeout=10) as reply:
                return reply.status, reply.read().decode(), reply.headers
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode(), error.headers

    def form(self, url: str) -> dict[str, str]:
        status, text, _ = self.ask(url)
        assert status == 200, text
        found = re.findall(r'<input [^>]*name="([^"]+)"[^>]*value="([^"]*)"', text)
        return {name: unescape(value) for name, value in found}


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def link_of(on: Rouage, run: str) -> str:
    (entry,) = [one for one in on("approvals", "--json").data["approvals"] if one["run"] == run]
    return str(entry["links"][0]["link"])


def test_who_waits_for_a_run_is_told_when_it_asks(
    on: Rouage, workspace: Path, start_daemon: Start
) -> None:
    start_daemon(workspace)
    told = on("run", "invoice", "--wait")
    assert told.code == 1, "it has not succeeded (yet)"
    assert "rouage approve" in told.out


def test_an_approval_lets_the_run_go_on_with_what_was_corrected(
    on: Rouage, start_daemon: Start, asked: Any, workspace: Path, ended: Look
):
    start_daemon(workspace)
    run = asked("invoice", "--input", "total=80")
    listed = on("approvals")
    assert "Send an invoice of 80?" in listed.out
    assert "1 waiting for a decision" in on("status").out
    assert on("status", "--json").data["approvals"] == 1
    wrong = on("approve", run, "--field", "amount=0")
    assert (wrong.code, "amount" in wrong.err) == (1, True)
    said = on("approve", run, "--field", "amount=75.5", "--reason", "agreed")
    assert said.code == 0, said.err
    found = ended(run)
    assert found["state"] == "succeeded"
    sent = (workspace / "files" / "sent.txt").read_text()
    assert sent.startswith("sent 75.5 by ")
    (answer,) = found["answers"]
    assert answer["payload"]["reason"] == "agreed"
    again = on("approve", run)
    assert again.code == 1
    assert "answered already: approved by" in again.err
    assert (workspace / "files" / "sent.txt").read_text() == sent


def test_a_refusal_ends_the_run_without_its_effect(
    on: Rouage, start_daemon: Start, asked: Any, workspace: Path, ended: Look
):
    start_daemon(workspace)
    run = asked("invoice")
    assert on("refuse", run, "--reason", "not now").code == 0
    found = ended(run)
    assert found["state"] == "cancelled"
    assert not (workspace / "files" / "sent.txt").exists()
    assert (workspace / "files" / "ends.txt").read_text() == "end\n"
    assert "not now" in on("show", run).out


def test_the_clock_refuses_and_never_approves(
    on: Rouage, start_daemon: Start, workspace: Path, ended: Look
):
    start_daemon(workspace)
    run = on("run", "late", "--json").data["runs"][0]
    found = ended(run)
    assert found["state"] == "cancelled"
    assert not (workspace / "files" / "late.txt").exists()
    late = on("approve", run)
    assert late.code == 1
    assert "the time to answer was over" in late.err


def test_a_link_shows_decides_once_and_then_shows_the_decision(
    on: Rouage, start_daemon: Start, asked: Any, workspace: Path, look: Look, ended: Look
):
    start_daemon(workspace)
    run, browser = asked("invoice"), Browser()
    link = link_of(on, run)
    for method in ("GET", "HEAD", "GET"):
        status, _, headers = browser.ask(link, method=method)
        assert status == 200
        assert "script" not in headers["Content-Security-Policy"].partition("require-")[0]
    assert look(run)["state"] == "waiting"
    form = browser.form(link)
    file = (workspace / "files" / "invoice.txt").read_text()
    (digest,) = re.findall(
        re.escape(link.rpartition("/")[2]) + "/([0-9a-f]{64})", browser.ask(link)[1]
    )
    assert browser.ask(f"{link}/{digest}")[1] == file
    status, text, _ = browser.ask(link, form | {"choice": "approve", "field.amount": "none"})
    assert (status, "a number" in text) == (422, True)
    status, _, headers = browser.ask(link, form | {"choice": "approve", "field.amount": "11,5"})
    assert (status, headers["Location"]) == (303, "/approve/" + link.rpartition("/")[2])
    assert ended(run)["state"] == "succeeded"
    assert (workspace / "files" / "sent.txt").read_text().startswith("sent 11.5 by ")
    assert browser.ask(link, form | {"choice": "refuse"})[0] == 303
    assert "Approved by" in browser.ask(link)[1]
    assert len(look(run)["answers"]) == 1


def test_a_forged_link_decides_nothing_and_a_link_outlives_a_restart(
    on: Rouage, start_daemon: Start, asked: Any, workspace: Path, ended: Look
):
    daemon = start_daemon(workspace)
    run, browser = asked("invoice"), Browser()
    link = link_of(on, run)
    form = browser.form(link)
    base, _, token = link.rpartition("/")
    for forged in (token[:-2] + "AA", "x" + token, token + "A", token.partition(".")[0], ""):
        assert browser.ask(f"{base}/{forged}", form | {"choice": "approve"})[0] in {401, 404}
    daemon.stop(by=signal.SIGKILL)
    daemon = start_daemon(workspace)
    moved = f"http://127.0.0.1:{daemon.console_port}/approve/{token}"
    assert browser.ask(moved, form | {"choice": "refuse"})[0] == 303
    assert ended(run)["state"] == "cancelled"


def test_what_was_approved_is_byte_for_byte_what_was_shown(
    on: Rouage, start_daemon: Start, asked: Any, workspace: Path, look: Look
):
    start_daemon(workspace)
    run = asked("invoice")
    (workspace / "files" / "invoice.txt").write_text("total 9999")
    said = on("approve", run)
    assert said.code == 1
    assert "invoice.txt has changed since" in said.err
    assert look(run)["state"] == "waiting"


def test_a_run_that_failed_goes_on_with_what_failed_only(
    on: Rouage, start_daemon: Start, workspace: Path, look: Look, ended: Look
):
    files = workspace / "files"
    for name in ("a", "c"):
        (files / f"{name}.txt").write_text(name)
    start_daemon(workspace)
    run = on("run", "fragile", "--wait", "--json").data["runs"][0]
    assert look(run)["state"] == "failed"
    assert (files / "steps.txt").read_text() == "first\na\nc\n"
    (files / "b.txt").write_text("b")
    again = on("rerun", run, "--from", "failed", "--json").data["run"]
    assert ended(again)["state"] == "succeeded"
    assert (files / "steps.txt").read_text() == "first\na\nc\nb\nlast\n"
    third = on("rerun", again, "--from", "last", "--json").data["run"]
    ended(third)
    assert (files / "steps.txt").read_text() == "first\na\nc\nb\nlast\nlast\n"
    assert f"does {run} again" in on("show", again).out
    nothing = on("rerun", again, "--from", "failed")
    assert (nothing.code, "no step of this run failed" in nothing.err) == (1, True)


def test_a_refused_run_can_be_asked_again(
    on: Rouage,
    start_daemon: Start,
    asked: Any,
    eventually: Eventually,
    workspace: Path,
    look: Look,
    ended: Look,
):
    start_daemon(workspace)
    run = asked("invoice")
    assert on("refuse", run).code == 0
    ended(run)
    again = on("rerun", run, "--from", "failed", "--json").data["run"]
    eventually(lambda: look(again)["state"] == "waiting")
    assert on("approve", again).code == 0
    assert ended(again)["state"] == "succeeded"
    assert (workspace / "files" / "ends.txt").read_text() == "end\nend\n"


def test_the_present_recipe_goes_on_only_if_what_was_done_is_the_same(
    on: Rouage, start_daemon: Start, eventually: Eventually, workspace: Path, ended: Look
):
    files, path = workspace / "files", workspace / "recipes" / "fragile.yaml"
    for name in ("a", "b", "c"):
        (files / f"{name}.txt").write_text(name)
    start_daemon(workspace)
    run = on("run", "fragile", "--wait", "--json").data["runs"][0]

    def save(text: str) -> None:
        versions = len(on("history", "fragile", "--json").data["versions"])
        path.write_text(text)
        eventually(lambda: len(on("history", "fragile", "--json").data["versions"]) > versions)

    save(FRAGILE.replace('"last\\n"', '"better\\n"'))
    again = on("rerun", run, "--from", "last", "--recipe", "now", "--json")
    assert again.code == 0, again.out
    ended(again.data["run"])
    assert (files / "steps.txt").read_text().endswith("last\nbetter\n")
    save(FRAGILE.replace('"first\\n"', '"other\\n"'))
    refused = on("rerun", run, "--from", "last", "--recipe", "now")
    assert refused.code == 1
    assert "do.0" in refused.err
    assert "--recipe then" in refused.err


@pytest.mark.slow
def test_a_step_in_doubt_is_settled_by_a_person(
    on: Rouage,
    start_daemon: Start,
    eventually: Eventually,
    workspace: Path,
    look: Look,
    ended: Look,
):
    daemon = start_daemon(workspace)
    run = on("run", "slow", "--json").data["runs"][0]

    def has_started() -> bool:
        steps = look(run)["steps"]
        return any(step["state"] == "started" for step in steps)

    eventually(has_started)
    daemon.stop(by=signal.SIGKILL)
    start_daemon(workspace)
    eventually(lambda: look(run)["state"] == "needs_attention")
    said = on("resolve", run, "--done", "--result", '{"code": 5}')
    assert said.code == 0, said.err
    found = ended(run)
    assert found["state"] == "succeeded"
    assert (workspace / "files" / "slow.txt").read_text() == "5\n"
    (settled,) = [step for step in found["steps"] if step["resolution"]]
    assert settled["path"] == "do.0"
    assert "settled as done by" in on("show", run).out
    assert "settled as" not in json.dumps(on("resolve", run, "--retry").err)


def test_versions_are_kept_compared_and_brought_back(
    on: Rouage, start_daemon: Start, eventually: Eventually, workspace: Path
):
    path = workspace / "recipes" / "late.yaml"
    daemon = start_daemon(workspace)

    def versions() -> list[Any]:
        return list(on("history", "late", "--json").data["versions"])

    (first,) = versions()
    changed = LATE.replace("Send it?", "Really send it?") + "# a remark\n"
    path.write_text(changed)
    eventually(lambda: len(versions()) == 2)
    diff = on("diff", "late")
    assert "-  - approve: {ask: Send it?, timeout: 1s, on_timeout: refuse}" in diff.out
    assert "+  - approve: {ask: Really send it?, timeout: 1s, on_timeout: refuse}" in diff.out
    assert "+# a remark" in diff.out
    path.write_text("name: [broken")
    assert "+name: [broken" in on("diff", "late").out
    back = on("history", "late", "--restore", first["hash"][:8], "--json")
    assert back.code == 0, back.err
    assert path.read_text() == LATE
    assert Path(back.data["kept"]).read_text() == "name: [broken"
    eventually(lambda: versions()[0]["hash"] == first["hash"])
    daemon.stop()
    second = on("history", "late", "--json").data["versions"][1]["hash"]
    assert on("history", "late", "--restore", second).code == 0
    assert path.read_text() == changed
    assert on("history", "late", "--restore", "zzzz").code == 2
    assert on("history", "nothing").code == 2


def test_a_run_that_waits_is_cancelled(
    on: Rouage, start_daemon: Start, asked: Any, workspace: Path
):
    start_daemon(workspace)
    run = asked("invoice")
    began = time.monotonic()
    assert on("cancel", run, "--json").data["state"] == "cancelled"
    assert time.monotonic() - began < 60
    assert on("approvals", "--json").data["approvals"] == []
    late = on("refuse", run)
    assert (late.code, "is over" in late.err) == (1, True)
