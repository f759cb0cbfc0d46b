"""`rouage import`: files, reports, exit codes; nothing is overwritten and nothing starts."""

import json
from argparse import Namespace
from pathlib import Path

import pytest

from rouage.cli import importing
from rouage.errors import UsageError, WorkspaceError
from rouage.recipes.reader import read

FOREIGN = Path(__file__).parents[1] / "analysis" / "importing" / "foreign"


@pytest.fixture
def imported(make_session, workspace):
    def run(file, **options):
        flags = {"kind": None, "to": None, "enable": False, "dry_run": False}
        flags |= {name: options.pop(name) for name in list(options) if name in flags}
        spoken = make_session(options.pop("here", workspace), **options)
        return importing.run(spoken.session, Namespace(file=str(file), **flags)), spoken

    return run


def names(workspace: Path) -> list[str]:
    return sorted(path.name for path in (workspace / "recipes").iterdir())


def test_a_crontab_becomes_recipes_that_do_not_start_by_themselves(imported, workspace):
    code, spoken = imported(FOREIGN / "crontab.txt", language="fr")
    assert code == 1
    assert names(workspace) == [
        "cd.yaml", "echo.yaml", "mail.yaml", "mon.yaml", "sauvegarde-de-la-nuit.yaml", "tmux.yaml",
    ]  # fmt: skip
    for name in names(workspace):
        assert read((workspace / "recipes" / name).read_bytes()).data["enabled"] is False
    assert "repris : 2   à compléter : 0   non pris en charge : 0" in spoken.out
    assert "zoe@exemple.fr" in spoken.out


def test_what_was_taken_over_whole_may_be_switched_on(imported, workspace):
    (workspace / "cron").write_text("0 1 * * * /bin/true\n@reboot /bin/false\n")
    assert imported("cron", enable=True)[0] == 1
    kept, lost = (read((workspace / "recipes" / f"{name}.yaml").read_bytes()).data
                  for name in ("true", "false"))  # fmt: skip
    assert "enabled" not in kept
    assert lost["enabled"] is False


def test_the_exit_code_is_zero_when_nothing_is_left_to_do(imported, workspace):
    (workspace / "cron").write_text("0 1 * * * /bin/true\n")
    assert imported("cron")[0] == 0


def test_a_second_import_takes_other_names(imported, workspace):
    (workspace / "cron").write_text("0 1 * * * /bin/true\n")
    imported("cron")
    imported("cron")
    assert names(workspace) == ["true-2.yaml", "true.yaml"]


def test_programs_get_the_report_as_data(imported, workspace):
    code, spoken = imported(FOREIGN / "workflows.json", is_json=True)
    told = json.loads(spoken.out)
    assert code == 1
    assert told["from"] == "n8n"
    by_name = {one["name"]: one for one in told["recipes"]}
    assert by_name["Chaque matin"]["complete"] is True
    code_ = by_name["Code"]
    assert [one["what"] for one in code_["unsupported"]] == ["Calcul"]
    assert [one["what"] for one in code_["to_finish"]] == ["Suite"]
    text = Path(code_["file"]).read_text(encoding="utf-8").splitlines()
    assert "TODO" in text[code_["unsupported"][0]["line"] - 1]
    assert by_name["Commande"]["secrets"] == ["hook_commande"]


def test_a_dry_run_writes_nothing_and_needs_no_workspace(imported, tmp_path):
    code, spoken = imported(FOREIGN / "automations.yaml", dry_run=True, here=tmp_path)
    assert code == 1
    assert "name: Rapport du matin" in spoken.out
    assert list(tmp_path.iterdir()) == [] or all(one.is_dir() for one in tmp_path.iterdir())


def test_standard_input_is_read(imported, workspace):
    assert imported("-", stdin="0 1 * * * /bin/true\n")[0] == 0
    assert names(workspace) == ["true.yaml"]


def test_another_folder_may_be_chosen(imported, workspace, tmp_path):
    (tmp_path / "cron").write_text("0 1 * * * /bin/true\n")
    assert imported("cron", to="out", here=tmp_path)[0] == 0
    assert (tmp_path / "out" / "true.yaml").exists()


def test_what_is_no_file_of_anybody_is_a_wrong_call(imported, workspace, tmp_path):
    with pytest.raises(UsageError):
        imported("absent")
    (workspace / "x").write_text("hello\n")
    with pytest.raises(UsageError) as caught:
        imported("x")
    assert "--from" in (caught.value.render_hint("en") or "")
    with pytest.raises(UsageError):
        imported("x", kind="n8n")
    with pytest.raises(WorkspaceError):
        imported(FOREIGN / "crontab.txt", here=tmp_path)


def test_the_kind_may_be_said(imported, workspace):
    (workspace / "jobs").write_text("0 1 * * * /bin/true\nL 1 * * * /bin/odd\n")
    with pytest.raises(UsageError):
        imported("jobs")
    assert imported("jobs", kind="crontab")[0] == 1
    assert len(names(workspace)) == 2
