"""The command as a whole: help, version, mistakes, languages, speed."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rouage import __version__
from rouage.cli.main import COMMANDS

Rouage = Callable[..., Any]


def test_the_version_is_printed(rouage: Rouage):
    assert rouage("--version").out == f"rouage {__version__}\n"
    assert rouage("--version", "--json").data == {"version": __version__}


def test_without_a_command_the_help_lists_them_all(rouage: Rouage):
    for answer in (rouage(), rouage("--help"), rouage("-h")):
        assert answer.code == 0
        assert all(f"  {name} " in answer.out for name in COMMANDS)


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"demo"}))
def test_each_command_explains_itself_in_both_languages(rouage: Rouage, name: str):
    english, french = rouage(name, "--help"), rouage("--lang", "fr", name, "--help")
    assert english.code == french.code == 0
    assert COMMANDS[name].en in english.out
    assert COMMANDS[name].fr in french.out
    assert "--json" in english.out
    assert "--workspace" in english.out


def test_an_unknown_command_names_the_nearest_one(rouage: Rouage):
    answer = rouage("--lang", "fr", "chek")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        "erreur : commande inconnue « chek »\nconseil : vouliez-vous dire « rouage check » ?\n"
    )


def test_a_wrong_call_is_exit_code_2_and_data_under_json(rouage: Rouage):
    answer = rouage("show", "--json")
    assert answer.code == 2
    assert set(answer.data["error"]) == {"message", "hint"}
    assert "Traceback" not in answer.err


def test_outside_a_workspace_the_way_out_is_told(rouage: Rouage):
    answer = rouage("runs")
    assert answer.code == 1
    assert "rouage init" in answer.err


def test_global_options_may_stand_before_or_after_the_command(rouage: Rouage, tmp_path: Path):
    (tmp_path / "w" / "recipes").mkdir(parents=True)
    before = rouage("--workspace", "w", "paths", "--json")
    after = rouage("paths", "--workspace=w", "--json")
    by_variable = rouage("paths", "--json", more={"ROUAGE_WORKSPACE": "w"})
    assert before.data == after.data == by_variable.data


def test_a_reader_that_has_enough_is_no_fault(tmp_path: Path):
    (tmp_path / "rouage.yaml").touch()
    done = subprocess.run(
        ["/bin/sh", "-c", f"{sys.executable} -m rouage paths | true"],
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""


def test_a_fault_of_ours_is_a_short_sentence_and_the_details_are_kept_privately(
    rouage: Rouage, tmp_path: Path
):
    rouage("init", "w")
    journal = tmp_path / "w" / ".rouage" / "journal.db"
    journal.mkdir()
    answer = rouage("--workspace", "w", "runs")
    assert answer.code in {1, 3}
    assert "Traceback" not in answer.err + answer.out


def test_light_commands_load_nothing_heavy():
    heavy = {"aiohttp", "jsonschema", "watchdog", "croniter", "rich", "rouage.daemon"}
    program = (
        "import sys; from rouage.cli.main import main; main(['runs']);"
        f"print(sorted({heavy!r} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    assert done.stdout == "[]\n"
