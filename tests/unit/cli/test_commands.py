"""The commands that need no daemon, on a workspace with a real journal."""

import asyncio
import io
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rouage.catalog.discovery import discover
from rouage.cli.main import main
from rouage.durable.port import Attempt, RunContext, RunOutcome, StepFailed, StepSpec
from rouage.durable.sqlite import open_engine
from rouage.errors import StepError
from rouage.language import Text
from rouage.model.event import Event, Verdict
from rouage.recipes.checker import check
from rouage.sdk.json import JSON
from rouage.settings import Places

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
CONDITION: JSON = {
    "expression": "event.file.size > 3",
    "value": True,
    "values": {"event.file.size": 9},
}
REFUSAL: JSON = {
    "expression": "event.file.size > 3",
    "value": False,
    "values": {"event.file.size": 1},
}
ABSENT = Text("{path} is absent", "{path} est absent")
RECIPE = """\
name: Sorting
when:
  - folder.file: {path: files/inbox}
if: event.file.size > 3
do:
  - log.write: {message: hello}
    id: said
  - log.write: {message: again}
"""


@dataclass(frozen=True, kw_only=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


Rouage = Callable[..., Said]


@pytest.fixture
def rouage(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Rouage]:
    """Return a function that runs a command in this process, standing in the workspace."""
    monkeypatch.chdir(workspace)
    for name in ("ROUAGE_WORKSPACE", "ROUAGE_LANG"):
        monkeypatch.delenv(name, raising=False)
    handlers = list(logging.getLogger().handlers)

    def run(*words: str, stdin: str = "") -> Said:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        capsys.readouterr()
        code = main(words)
        said = capsys.readouterr()
        return Said(code=code, out=said.out, err=said.err)

    yield run
    logging.getLogger().handlers[:] = handlers


@pytest.fixture
def past(workspace: Path) -> dict[str, str]:
    """Fill the journal: a good run, a failed one, a refused event. Return run ids by name."""
    (workspace / "recipes" / "sorting.yaml").write_text(RECIPE, encoding="utf-8")
    return asyncio.run(_live(workspace))


async def _live(workspace: Path) -> dict[str, str]:
    checked = check(RECIPE.encode(), file="sorting.yaml", catalog=discover())
    assert checked.recipe is not None
    engine = open_engine(Places(workspace).journal)
    await engine.open(_execute)
    digest = await engine.put_definition("sorting", checked.recipe.definition)
    runs: dict[str, str] = {}
    for name, size in (("good", 9), ("bad", 8), ("tiny", 1)):
        path = str(workspace / "files" / "inbox" / f"{name}.txt")
        event = Event(
            id=f"0{name:a<25}",
            source="sorting/trigger_1",
            time=NOON,
            data={"file": {"path": path, "size": size}},
            key=name,
        )
        verdict = Verdict(
            recipe="sorting",
            outcome="refused" if size == 1 else "matched",
            definition=digest,
            conditions=(REFUSAL if size == 1 else CONDITION,),
        )
        accepted = await engine.accept(event, (verdict,))
        runs |= dict.fromkeys([name], *accepted.runs) if size > 1 else {}  # type: ignore[union-attr]
        await engine.wait_idle()
    await engine.close()
    return runs


async def _execute(context: RunContext, definition: bytes) -> RunOutcome:
    """Do two steps; the run of `bad.txt` fails at the second."""
    data: Any = context.event.data

    async def call(_: Attempt) -> JSON:
        if "bad" in data["file"]["path"]:
            raise StepError(ABSENT, path="x\x1b[2J")
        return {"text": "hello"}

    spec = StepSpec(action="log.write", effect="none", parameters={"message": "hello"})
    try:
        await context.step("do.0", spec, call)
    except StepFailed as failed:
        return RunOutcome(state="failed", error=failed.error)
    context.skip("do.1", "log.write", (REFUSAL,))
    return RunOutcome(state="succeeded")


def test_runs_are_listed_newest_first(rouage: Rouage, past: dict[str, str]):
    listed = rouage("runs", "--json").data["runs"]
    assert [run["id"] for run in listed] == [past["bad"], past["good"]]
    assert listed[0]["error"]["message"] == "x\x1b[2J is absent"
    assert [one["id"] for one in rouage("runs", "--limit", "1", "--json").data["runs"]] == [
        past["bad"]
    ]
    failed = rouage("runs", "--state", "failed", "--lang", "fr")
    assert past["good"] not in failed.out
    assert "échouée" in failed.out
    assert "x\\x1b[2J est absent" in failed.out


def test_a_run_is_shown_by_id_prefix_or_last(rouage: Rouage, past: dict[str, str]):
    for wish in (past["good"], past["good"][:12]):
        shown = rouage("show", wish, "--json").data
        assert shown["id"] == past["good"]
        assert [(one["path"], one["id"], one["state"]) for one in shown["steps"]] == [
            ("do.0", "said", "done"),
            ("do.1", None, "skipped"),
        ]
        assert shown["conditions"] == [CONDITION]
    last = rouage("show", "last", "--lang", "fr").out
    assert past["bad"] in last
    assert "si event.file.size > 3  → true" in last
    assert "erreur : x\\x1b[2J est absent" in last


def test_a_run_that_is_not_there_is_told(rouage: Rouage, past: dict[str, str]):
    for wish in ("zzzz", "zz"):
        answer = rouage("show", wish)
        assert answer.code == 1
        assert "rouage runs" in answer.err


def test_nothing_to_show_before_the_first_start(rouage: Rouage):
    assert rouage("runs", "--json").data == {"runs": []}
    assert rouage("runs").out == "no run matches\n"
    assert rouage("show", "last").code == 1


def test_why_tells_who_took_and_who_left_a_file(rouage: Rouage, past: dict[str, str]):
    taken = rouage("why", "files/inbox/good.txt", "--json").data["findings"][0]
    assert (taken["outcome"], taken["run"], taken["state"]) == (
        "matched",
        past["good"],
        "succeeded",
    )
    left = rouage("why", "files/inbox/../inbox/tiny.txt", "--lang", "fr")
    assert "sorting l’a vu le 2026-07-01 12:00:00 et l’a laissé" in left.out
    assert "event.file.size = 1" in left.out
    failed = rouage("why", "files/inbox/bad.txt")
    assert "error: x\\x1b[2J is absent" in failed.out


def test_why_asks_the_last_good_version_of_a_recipe_that_is_broken_now(
    rouage: Rouage, past: dict[str, str], workspace: Path
):
    (workspace / "recipes" / "sorting.yaml").write_text("name: [", encoding="utf-8")
    findings = rouage("why", "files/inbox/new.txt", "--json").data["findings"]
    assert [one["trigger"] for one in findings] == ["trigger_1"]


def test_why_says_when_nobody_watches(rouage: Rouage):
    answer = rouage("why", "files/new.txt", "--lang", "fr")
    assert (answer.code, answer.out.count("\n")) == (0, 3)


def test_a_workspace_is_made_and_checks_itself(rouage: Rouage, workspace: Path):
    made = rouage("init", "new", "--lang", "fr")
    assert made.code == 0, made.err
    assert rouage("init", "new").code == 1
    assert rouage("check", "new").code == 0
    assert rouage("init", "rouage.yaml/new").code == 1


def test_check_prints_frames_and_counts(rouage: Rouage, workspace: Path):
    (workspace / "recipes" / "wrong.yaml").write_text(
        RECIPE.replace("message: again", "mesage: again"), encoding="utf-8"
    )
    answer = rouage("check", "--lang", "fr")
    assert answer.code == 1
    assert "recipes/wrong.yaml:8:17" in answer.out
    assert "1 erreur(s)" in answer.out
    data = rouage("check", "recipes/wrong.yaml", "--json").data
    assert data["diagnostics"][0]["file"] == "recipes/wrong.yaml"
    assert rouage("check", "none.yaml").code == 2


def test_an_empty_folder_has_nothing_to_check(rouage: Rouage):
    assert rouage("check").out == "there is no recipe to check\n"


def test_an_expression_is_evaluated_or_explained(rouage: Rouage, workspace: Path):
    (workspace / "event.json").write_text('{"a": [1, 2]}', encoding="utf-8")
    assert rouage("eval", "event.a", "--event", "event.json").out == "[\n  1,\n  2\n]\n"
    assert rouage("eval", "now()", "--json").data["type"] == "datetime"
    wrong = rouage("eval", "event.a | uper", "--event", "event.json", "--json")
    assert (wrong.code, wrong.data["error"]["column"]) == (1, 11)
    assert "^" in rouage("eval", "1 +").err
    for event in ("none.json", "."):
        assert rouage("eval", "1", "--event", event).code == 2
    for text in ("{", "[" * 100_000):
        assert rouage("eval", "1", "--event", "-", stdin=text).code == 2


def test_secrets_go_in_and_stay_in(rouage: Rouage):
    assert rouage("secrets", "list").out == "there is no secret yet\n"
    assert rouage("secrets", "set", "key", stdin="marker-7f3a9c\n").code == 0
    assert rouage(
        "secrets",
        "set",
        "key",
        stdin="abc\n",
    ).err.startswith("note:")
    assert rouage("secrets", "set", "key", "--json", stdin="marker-7f3a9c").data == {
        "name": "key",
        "is_new": False,
    }
    assert rouage("secrets", "list").out == "key\n"
    assert rouage("eval", "secrets.key").out == "•••\n"
    assert rouage("eval", "'marker-7f3a9c'").out == "•••\n"
    for words in (("set",), ("list", "x"), ("set", "A")):
        assert rouage("secrets", *words).code == 2
    assert rouage("secrets", "remove", "key").code == 0
    assert rouage("secrets", "remove", "key").code == 1


def test_the_schemas_are_printed(rouage: Rouage):
    assert rouage("schema", "--language", "fr").data["title"] == "Recette"
    assert "draft-07" in rouage("schema", "--draft", "draft-07").data["$schema"]
    assert "hooks_port" in rouage("schema", "--settings").data["properties"]


def test_paths_say_what_is_not_made_yet(rouage: Rouage):
    assert "(pas encore créé)" in rouage("paths", "--lang", "fr").out


def test_paths_and_the_doctor_name_the_folders_of_a_service(
    rouage: Rouage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in ("STATE", "RUNTIME", "CONFIGURATION", "CREDENTIALS"):
        monkeypatch.setenv(f"{name}_DIRECTORY", str(tmp_path / name))
    paths = rouage("paths", "--json").data
    checks = {check["name"]: check for check in rouage("doctor", "--json").data["checks"]}
    for name in ("state", "runtime", "configuration", "credentials"):
        assert paths[f"{name}_directory"] == str(tmp_path / name.upper())
    assert all(path in checks["paths"]["sentence"] for path in paths.values())


def test_without_a_daemon_the_status_says_so(rouage: Rouage):
    assert rouage("status").code == 2
    assert rouage("status", "--json").data == {"running": False, "state": "stopped"}
    assert rouage("run", "sorting").code == 1
