"""Versions of a recipe: found by a prefix, compared, and brought back without losing anything."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rouage.cli.diff.command import difference, tell, texts_to_compare
from rouage.cli.history import restore
from rouage.cli.versions import source_of, version_named
from rouage.durable.port import DefinitionRecord
from rouage.errors import UsageError, WorkspaceError

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
OLD, MIDDLE, NEW = b"name: Old\n", b"name: Middle\n", b"name: New\n"


def version(digest: str, source: bytes | None, file: str | None = "sort.yaml") -> DefinitionRecord:
    return DefinitionRecord(
        recipe="sort", hash=digest * 16, accepted=NOON, file=file, source=source
    )


VERSIONS = (version("cccc", NEW), version("abcd", MIDDLE), version("abff", OLD))


@pytest.fixture
def file(workspace: Path) -> Path:
    path = workspace / "recipes" / "sort.yaml"
    path.write_bytes(NEW)
    path.chmod(0o640)
    return path


@pytest.fixture
def spoken(make_session: Callable[..., Any], workspace: Path) -> Any:
    return make_session(workspace, language="en")


@pytest.mark.parametrize(("wish", "found"), [("abcd", MIDDLE), ("ABFFAB", OLD), ("cccc" * 16, NEW)])
def test_a_version_is_named_by_the_first_letters_of_its_hash(wish: str, found: bytes) -> None:
    assert version_named(VERSIONS, wish).source == found


@pytest.mark.parametrize("wish", ["", "ab", "abc", "zzzz", "cccc" * 17])
def test_a_name_of_no_version_or_of_several_is_refused(wish: str) -> None:
    with pytest.raises(UsageError) as caught:
        version_named(VERSIONS, wish)
    assert "rouage history sort" in (caught.value.render_hint("en") or "")


def test_a_version_that_came_twice_is_one_version() -> None:
    assert version_named((version("abcd", MIDDLE), *VERSIONS), "abcd").source == MIDDLE


def test_a_text_that_was_not_kept_is_told_as_such() -> None:
    with pytest.raises(WorkspaceError):
        source_of(version("abcd", None))


def test_a_version_is_brought_back_whole(spoken: Any, file: Path) -> None:
    assert restore(spoken.session, VERSIONS, "abff") == 0
    assert file.read_bytes() == OLD
    assert file.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in file.parent.iterdir()] == ["sort.yaml"]
    assert not (spoken.session.places.state / "replaced").exists()
    assert "recipes/sort.yaml is version abffabffabff again" in spoken.out


def test_what_was_never_accepted_is_kept_aside(spoken: Any, file: Path) -> None:
    file.write_bytes(b"name: [half\n")
    assert restore(spoken.session, VERSIONS, "cccc") == 0
    assert file.read_bytes() == NEW
    (kept,) = (spoken.session.places.state / "replaced").iterdir()
    assert kept.read_bytes() == b"name: [half\n"
    assert kept.stat().st_mode & 0o077 == 0
    assert str(kept) in spoken.out


def test_a_file_that_is_the_version_already_is_left_alone(spoken: Any, file: Path) -> None:
    before = file.stat().st_mtime_ns
    assert restore(spoken.session, VERSIONS, "cccc") == 0
    assert file.stat().st_mtime_ns == before
    assert "already" in spoken.out


def test_a_deleted_recipe_comes_back(spoken: Any, file: Path) -> None:
    file.unlink()
    assert restore(spoken.session, VERSIONS, "abcd") == 0
    assert file.read_bytes() == MIDDLE


def test_a_recipe_in_a_folder_goes_back_there(spoken: Any, workspace: Path) -> None:
    versions = (version("abcd", OLD, "bills/sort.yaml"),)
    assert restore(spoken.session, versions, "abcd") == 0
    assert (workspace / "recipes" / "bills" / "sort.yaml").read_bytes() == OLD


def test_without_a_known_file_nothing_is_written(spoken: Any) -> None:
    with pytest.raises(WorkspaceError):
        restore(spoken.session, (version("abcd", OLD, None),), "abcd")


def compared(session: Any, old: str | None = None, new: str | None = None) -> Any:
    pair = texts_to_compare(session, VERSIONS, old, new)
    assert pair is not None
    return pair[0].text, pair[1].text


def test_without_names_the_last_two_versions_are_compared(spoken: Any, file: Path) -> None:
    assert compared(spoken.session) == (MIDDLE, NEW)


def test_a_file_that_was_changed_since_is_compared_with_the_newest(spoken: Any, file: Path) -> None:
    file.write_bytes(b"name: Draft\n")
    assert compared(spoken.session) == (NEW, b"name: Draft\n")
    assert compared(spoken.session, "abff") == (OLD, b"name: Draft\n")


def test_two_versions_or_the_file_can_be_named(spoken: Any, file: Path) -> None:
    assert compared(spoken.session, "abff", "abcd") == (OLD, MIDDLE)
    assert compared(spoken.session, "file", "abcd") == (NEW, MIDDLE)
    file.unlink()
    assert compared(spoken.session, "abff") == (OLD, NEW)


def test_one_version_has_nothing_to_be_compared_with(spoken: Any, file: Path) -> None:
    assert texts_to_compare(spoken.session, VERSIONS[:1], None, None) is None


def test_a_difference_is_a_unified_diff_with_names() -> None:
    lines = difference(source_of(VERSIONS[1]), source_of(VERSIONS[0]))
    assert lines[0] == "--- sort abcdabcdabcd"
    assert lines[1] == "+++ sort cccccccccccc"
    assert lines[3:] == ["-name: Middle", "+name: New"]


def recipe(text: str, limit: int) -> bytes:
    return (
        f"name: Sort\nif: event.file.size > {limit}\n"
        f"when:\n  - folder.file: {{path: files/in}}\ndo:\n  - log.write: {{message: {text}}}\n"
    ).encode()


def told_of(make_session: Callable[..., Any], workspace: Path, new: bytes, **options: Any) -> Any:
    """Return what `rouage diff` says of two versions, the older of them in the journal."""
    spoken = make_session(workspace, **options)
    old = version("abcd", recipe("a", 0))
    pair = (source_of(old), source_of(version("cccc", new)))
    tell(spoken.session, "sort", pair)
    return spoken


def test_the_meaning_comes_before_the_lines(
    make_session: Callable[..., Any], workspace: Path
) -> None:
    out = told_of(make_session, workspace, recipe("b", 100), language="fr").out
    meaning, lines = out.index("Ce qui change"), out.index("Ligne par ligne")
    assert meaning < out.index("est supérieure à 100") < lines < out.index("+if: event.file.size")


def test_a_comment_changes_no_meaning(make_session: Callable[..., Any], workspace: Path) -> None:
    new = b"# why\n" + recipe("a", 0)
    assert "The meaning is the same" in told_of(make_session, workspace, new, language="en").out


def test_a_broken_text_is_compared_by_its_lines(
    make_session: Callable[..., Any], workspace: Path
) -> None:
    out = told_of(make_session, workspace, b"name: [\n", language="en").out
    assert "cannot be read as a recipe" in out
    assert "+name: [" in out


def test_programs_get_the_changes_as_data(
    make_session: Callable[..., Any], workspace: Path
) -> None:
    told = json.loads(told_of(make_session, workspace, recipe("b", 0), is_json=True).out)
    assert [one["path"] for one in told["changes"]] == ["do.0.log.write.message"]
    assert (told["changes"][0]["before"], told["changes"][0]["after"]) == ("a", "b")
    assert "+  - log.write: {message: b}" in told["diff"]
    broken = json.loads(told_of(make_session, workspace, b"- a\n", is_json=True).out)
    assert broken["changes"] is None
