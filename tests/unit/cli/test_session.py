"""Which workspace, which language, and how errors are told."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rouage.errors import RouageError, SettingsError, WorkspaceError
from rouage.language import Text
from rouage.secrets import SecretStore

Make = Callable[..., Any]


def test_the_workspace_is_found_from_a_folder_below_it(workspace: Path, make_session: Make):
    deep = workspace / "recipes" / "deep"
    deep.mkdir()
    assert make_session(deep).session.workspace == workspace


def test_the_option_wins_over_the_environment_and_that_over_the_folder(
    workspace: Path, tmp_path: Path, make_session: Make
):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rouage.yaml").touch()
    environment = {"ROUAGE_WORKSPACE": str(tmp_path / "one")}
    assert make_session(workspace, environment=environment).session.workspace.name == "one"
    both = make_session(workspace, environment=environment, workspace="../two")
    assert both.session.workspace.name == "two"


def test_a_service_works_in_the_folder_that_systemd_keeps_for_it(
    workspace: Path, tmp_path: Path, make_session: Make
):
    outside = tmp_path / "outside"
    outside.mkdir()
    kept = {"STATE_DIRECTORY": f"{workspace}:{tmp_path / 'second'}"}
    assert make_session(outside, environment=kept).session.workspace == workspace
    # A service that is told where to work, or starts there, minds no other folder.
    empty = {"STATE_DIRECTORY": str(outside)}
    assert make_session(workspace, environment=empty).session.workspace == workspace
    with pytest.raises(WorkspaceError, match="outside is not a workspace"):
        _ = make_session(outside, environment=empty).session.workspace


@pytest.mark.parametrize("wish", [None, "missing", "."])
def test_a_folder_that_is_no_workspace_is_told_with_the_way_out(
    tmp_path: Path, make_session: Make, wish: str | None
):
    with pytest.raises(WorkspaceError) as caught:
        _ = make_session(tmp_path, workspace=wish).session.workspace
    assert "rouage init" in str(caught.value.render_hint("fr"))
    assert not make_session(tmp_path, workspace=wish).session.has_workspace()


def test_a_named_folder_with_recipes_will_do(tmp_path: Path, make_session: Make):
    (tmp_path / "recipes").mkdir()
    assert make_session(tmp_path, workspace=".").session.settings.port == 8470


@pytest.mark.parametrize(
    ("options", "language"),
    [
        ({}, "en"),
        ({"language": "fr"}, "fr"),
        ({"environment": {"ROUAGE_LANG": "fr"}}, "fr"),
        ({"language": "en", "environment": {"ROUAGE_LANG": "fr"}}, "en"),
        ({"environment": {"LANG": "fr_FR.UTF-8"}}, "en"),
    ],
)
def test_the_language_is_asked_for_in_order(
    workspace: Path, make_session: Make, options: dict[str, object], language: str
):
    session = make_session(workspace, **options).session
    assert session.language == language
    assert session.settings.language == language


def test_outside_a_workspace_the_locale_decides(tmp_path: Path, make_session: Make):
    spoken = make_session(tmp_path, environment={"LANG": "fr_FR.UTF-8"})
    assert spoken.session.language == "fr"


def test_a_wrong_setting_is_told_with_its_line_and_column(workspace: Path, make_session: Make):
    (workspace / "rouage.yaml").write_text("language: fr\n\nhook_port: 3\n", encoding="utf-8")
    spoken = make_session(workspace)
    with pytest.raises(SettingsError) as caught:
        _ = spoken.session.settings
    assert caught.value.render("fr") == "rouage.yaml:3:1 : réglage inconnu « hook_port »"
    assert "hooks_port" in str(caught.value.render_hint("fr"))
    assert spoken.session.language == "en"


def test_a_settings_file_that_is_not_yaml_is_told_with_its_place(
    workspace: Path, make_session: Make
):
    (workspace / "rouage.yaml").write_text("port: 1\nport: 2\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"rouage\.yaml:2:1: ") as caught:
        _ = make_session(workspace).session.settings
    assert caught.value.render("fr") != caught.value.render("en")


def test_a_huge_or_unreadable_settings_file_is_refused(workspace: Path, make_session: Make):
    path = workspace / "rouage.yaml"
    path.write_bytes(b"#" * 300_000)
    with pytest.raises(SettingsError):
        _ = make_session(workspace).session.settings
    path.unlink()
    path.mkdir()
    (workspace / "x").touch()
    with pytest.raises(SettingsError):
        _ = make_session(workspace, workspace=".").session.settings


def test_an_error_is_a_sentence_and_a_hint_on_standard_error(workspace: Path, make_session: Make):
    error = RouageError(Text("no {x}", "pas de {x}"), hint=Text("try {x}", "essayez {x}"), x="é")
    spoken = make_session(workspace, language="fr")
    spoken.session.complain(error)
    assert spoken.err == "erreur : pas de é\nconseil : essayez é\n"
    assert spoken.out == ""


def test_under_json_an_error_is_also_data_on_standard_output(workspace: Path, make_session: Make):
    spoken = make_session(workspace, is_json=True)
    spoken.session.complain(RouageError("it failed"))
    assert json.loads(spoken.out) == {"error": {"message": "it failed", "hint": None}}
    assert spoken.err == "error: it failed\n"


def test_secrets_of_the_workspace_are_masked_in_what_is_printed(
    workspace: Path, make_session: Make
):
    SecretStore(workspace / ".rouage" / "secrets.json").set("key", "marker-7f3a9c")
    spoken = make_session(workspace)
    spoken.session.output.line("the key is marker-7f3a9c")
    spoken.session.output.data({"a": ["marker-7f3a9c"]})
    assert "marker-7f3a9c" not in spoken.out


def test_secrets_that_others_can_read_stop_the_output(workspace: Path, make_session: Make):
    path = workspace / ".rouage" / "secrets.json"
    SecretStore(path).set("key", "marker-7f3a9c")
    path.chmod(0o644)
    spoken = make_session(workspace, is_json=True)
    with pytest.raises(WorkspaceError) as caught:
        spoken.session.output.line("anything")
    spoken.session.complain(caught.value)
    assert "chmod 600" in spoken.err
    assert "chmod 600" in json.loads(spoken.out)["error"]["hint"]


def test_file_names_that_are_not_utf8_can_be_printed(workspace: Path, make_session: Make):
    name = os.fsdecode(b"caf\xe9.pdf")
    spoken = make_session(workspace)
    spoken.session.output.line(name)
    assert spoken.out == "caf\\xe9.pdf\n"
