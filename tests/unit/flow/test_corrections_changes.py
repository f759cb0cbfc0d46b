"""What a correction changes in its recipe: folders, names, maps; what is in doubt gives nothing."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rouage.flow.corrections.changes import Taken, changes_for, place_of
from rouage.flow.corrections.rows import Change, Correction

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAME = "${{ inputs.who }}_x.pdf"


@pytest.fixture
def change_of(tmp_path: Path) -> Callable[..., dict[str, Change]]:
    def change(
        target: str,
        value: str,
        old: str,
        new: str,
        *,
        recipe: dict[str, Any] | None = None,
        **more: str,
    ) -> dict[str, Change]:
        given = {"target": target, **dict.fromkeys(more, "${{ event.file.path }}")}
        data = {"do": [{"files.move": given, "id": "filed"}], **(recipe or {})}
        one = Correction(
            run="run",
            recipe="r",
            step="do.0",
            old=str(tmp_path / old),
            new=str(tmp_path / new),
            noticed=NOON,
        )
        taken = Taken(action="files.move", parameters={"target": value, **more})
        return {found.kind: found for found in changes_for(one, taken, data, tmp_path)}

    return change


def test_a_folder_that_is_written_out_is_replaced(change_of):
    found = change_of("out/", "out/", "out/a.pdf", "done/a.pdf")["folder"]
    assert (found.before, found.after, found.old, found.new) == ("out/", "done/", "out", "done")
    assert found.path == ("do", 0, "files.move", "target")
    named = change_of("out/2026/a.pdf", "out/2026/a.pdf", "out/2026/a.pdf", "done/2026/a.pdf")
    assert named["folder"].after == "done/2026/a.pdf"


def test_what_an_expression_gave_of_the_folder_stays(change_of):
    target, value = "out/${{ inputs.year }}/${{ inputs.who }}", "out/2026/a.pdf"
    found = change_of(target, value, "out/2026/a.pdf", "done/2026/a.pdf")["folder"]
    assert found.after == "done/${{ inputs.year }}/${{ inputs.who }}"
    deeper = change_of(target, value, "out/2026/a.pdf", "out/2026/paid/a.pdf")["folder"]
    assert deeper.after == "out/${{ inputs.year }}/paid/${{ inputs.who }}"
    assert change_of(target, value, "out/2026/a.pdf", "done/a.pdf") == {}, "the year is lost"
    sly = "out/2026/${{ secrets.key }}"
    assert change_of(target, value, "out/2026/a.pdf", f"{sly}/a.pdf") == {}
    assert change_of("out/", "out/", "out/a.pdf", f"{sly}/a.pdf") == {}
    assert change_of(target, value, "out/2026/a.pdf", "out/2025/a.pdf") == {}, "the wrong year"


def test_a_folder_of_the_home_is_written_as_its_owner_does(change_of, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    found = change_of("~/out/", "~/out/", "home/out/a.pdf", "home/done/a.pdf")["folder"]
    assert found.after == "~/done/"
    abroad = change_of("~/out/", "~/out/", "home/out/a.pdf", "far/a.pdf")["folder"]
    assert abroad.after == f"{tmp_path}/far/"


def test_a_file_that_goes_back_to_where_it_came_from_is_no_wish(change_of, tmp_path):
    (tmp_path / "in").mkdir()
    moved = "out/", "out/", "out/a.pdf", "in/a.pdf"
    assert change_of(*moved, source=str(tmp_path / "in" / "a.pdf")) == {}
    watched = {"when": [{"folder.file": {"path": "in", "match": "*.pdf"}}]}
    assert change_of(*moved, recipe=watched) == {}
    assert set(change_of(*moved)) == {"folder"}


def test_a_word_in_the_name_is_replaced_where_it_comes_from(change_of):
    renamed = f"out/{NAME}", "out/EDF SA_x.pdf", "out/EDF SA_x.pdf", "out/EDF_x.pdf"
    found = change_of(*renamed)["word"]
    assert found.after == "out/${{ inputs.who | replace('EDF SA', 'EDF') }}_x.pdf"
    assert (found.old, found.new) == ("EDF SA", "EDF")


def test_a_name_that_was_given_another_number_is_not_read(change_of):
    value, old = "out/EDF_x.pdf", "out/EDF_x (2).pdf"
    assert change_of(f"out/{NAME}", value, old, "out/EDF_x.pdf") == {}


@pytest.mark.parametrize(
    ("expression", "names", "change"),
    [
        ("vars.names[inputs.who]", {"edf": "EDF SA"}, ("edf", "EDF SA")),
        (
            "vars.names[inputs.who] | default(inputs.who)",
            {"o": "Orange"},
            ("EDF SA", None),
        ),
        ("vars.names[inputs.who]", {"o": "Orange"}, None),
        ("vars.names[inputs.who]", {"a": "EDF SA", "b": "EDF SA"}, None),
        ("vars.names[inputs.who] | default('x')", {}, None),
    ],
)
def test_an_entry_of_a_map_is_changed_or_added_where_the_map_decides(
    change_of, expression, names, change
):
    found = change_of(
        f"out/${{{{ {expression} }}}}_x.pdf",
        "out/EDF SA_x.pdf",
        "out/EDF SA_x.pdf",
        "out/EDF_x.pdf",
        recipe={"vars": {"names": names}},
    )
    if change is None:
        assert "map" not in found
    else:
        key, before = change
        assert found["map"].path == ("vars", "names", key)
        assert (found["map"].before, found["map"].after) == (before, "EDF")


def test_two_parameters_that_might_be_meant_decide_nothing(change_of, tmp_path):
    moved = "out/", "out/", "out/a.pdf", "done/a.pdf"
    assert change_of(*moved, other="out/") == {}


def test_where_a_step_stands_is_read_from_its_path():
    assert place_of("do.1") == ("do", 1)
    assert place_of("do.0[12].for_each.do.2") == ("do", 0, "for_each", "do", 2)
    assert place_of("do.0#2.on_error.1") == ("do", 0, "on_error", 1)
    assert place_of("undo.do.1") is None
