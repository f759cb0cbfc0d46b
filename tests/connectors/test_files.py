"""The connector `files`: real folders, every conflict, odd names, repetitions after a crash."""

import asyncio
import errno
import os
import unicodedata

import pytest

from rouage.errors import RetryableError, StepError
from rouage.safety.paths import Folders
from rouage.sdk.testing import run_action, simulate_action
from rouage_connectors.files import connector


@pytest.fixture
def workspace(folders):
    return folders.workspace


def _names(folder):
    return sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith(".rouage"))


async def test_a_file_is_moved_into_a_folder_that_is_made(workspace, context_for):
    source = workspace / "a.txt"
    source.write_text("hello")
    result = await run_action(
        connector, "files.move", {"source": "a.txt", "target": "sorted/2026/"}, context_for()
    )
    assert result == {"path": str(workspace / "sorted/2026/a.txt"), "skipped": False}
    assert (workspace / "sorted/2026/a.txt").read_text() == "hello"
    assert not source.exists()


@pytest.mark.parametrize("action", ["files.move", "files.copy"])
async def test_an_existing_target_is_an_error_unless_told_otherwise(workspace, context_for, action):
    (workspace / "a.txt").write_text("new")
    (workspace / "b.txt").write_text("old")
    with pytest.raises(StepError, match="exists already") as caught:
        await run_action(connector, action, {"source": "a.txt", "target": "b.txt"}, context_for())
    assert "on_conflict" in (caught.value.render_hint("fr") or "")
    assert (workspace / "a.txt").read_text() == "new"
    assert (workspace / "b.txt").read_text() == "old"


@pytest.mark.parametrize(
    ("policy", "name", "at_target", "skipped"),
    [
        ("skip", "b.txt", "old", True),
        ("overwrite", "b.txt", "new", False),
        ("rename", "b (2).txt", "old", False),
    ],
)
async def test_each_conflict_policy_does_what_it_says(
    workspace, context_for, policy, name, at_target, skipped
):
    (workspace / "a.txt").write_text("new")
    (workspace / "b.txt").write_text("old")
    parameters = {"source": "a.txt", "target": "b.txt", "on_conflict": policy}
    expected = {"path": str(workspace / name), "skipped": skipped}
    assert await simulate_action(connector, "files.move", parameters, context_for()) == expected
    assert _names(workspace) == ["a.txt", "b.txt"]
    assert await run_action(connector, "files.move", parameters, context_for()) == expected
    assert (workspace / "b.txt").read_text() == at_target
    assert (workspace / "a.txt").exists() is skipped


async def test_a_second_move_to_a_taken_name_gets_the_next_number(workspace, context_for):
    for number in range(3):
        (workspace / "in").mkdir(exist_ok=True)
        (workspace / "in" / "scan.pdf").write_text(str(number))
        await run_action(
            connector,
            "files.move",
            {"source": "in/scan.pdf", "target": "out/", "on_conflict": "rename"},
            context_for(f"key-{number}"),
        )
    assert _names(workspace / "out") == ["scan (2).pdf", "scan (3).pdf", "scan.pdf"]


async def test_many_moves_to_one_name_at_once_lose_nothing(workspace, context_for):
    for number in range(40):
        (workspace / f"{number}.txt").write_text(str(number))

    async def move(number):
        return await run_action(
            connector,
            "files.move",
            {"source": f"{number}.txt", "target": "out/x.txt", "on_conflict": "rename"},
            context_for(f"key-{number}"),
        )

    await asyncio.gather(*(move(number) for number in range(40)))
    found = {path.read_text() for path in (workspace / "out").iterdir()}
    assert found == {str(number) for number in range(40)}


async def test_a_move_repeated_after_a_crash_finds_its_own_effect(workspace, context_for, tmp_path):
    (workspace / "a.txt").write_text("hello")
    parameters = {"source": "a.txt", "target": "out/", "on_conflict": "rename"}
    first = await run_action(connector, "files.move", parameters, context_for())
    # The result was never recorded; another process reads the notes from the disk.
    again = Folders(workspace=workspace, home=tmp_path)
    assert await run_action(connector, "files.move", parameters, context_for(files=again)) == first
    assert _names(workspace / "out") == ["a.txt"]


async def test_a_repeated_move_never_takes_a_file_of_the_same_name_for_its_own(
    workspace, context_for
):
    (workspace / "a.txt").write_text("first")
    parameters = {"source": "a.txt", "target": "out/a.txt"}
    await run_action(connector, "files.move", parameters, context_for())
    (workspace / "out/a.txt").rename(workspace / "elsewhere.txt")
    (workspace / "out/a.txt").write_text("other")
    with pytest.raises(StepError, match="moved or replaced"):
        await run_action(connector, "files.move", parameters, context_for())


async def test_a_missing_source_is_never_guessed_to_be_moved(workspace, context_for):
    (workspace / "out").mkdir()
    (workspace / "out/a.txt").write_text("other")
    with pytest.raises(StepError, match="does not exist"):
        await run_action(
            connector, "files.move", {"source": "a.txt", "target": "out/a.txt"}, context_for()
        )


async def test_a_move_across_file_systems_copies_then_removes(workspace, context_for, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.EXDEV, "another file system")

    monkeypatch.setattr("rouage.safety.transfer.publishing", _only_first_time(refuse))
    (workspace / "a.txt").write_text("hello")
    os.utime(workspace / "a.txt", (1_000_000, 1_000_000))
    parameters = {"source": "a.txt", "target": "out/"}
    result = await run_action(connector, "files.move", parameters, context_for())
    moved = workspace / "out/a.txt"
    assert result["path"] == str(moved)
    assert (moved.read_text(), moved.stat().st_mtime) == ("hello", 1_000_000)
    assert not (workspace / "a.txt").exists()
    assert _names(workspace / "out") == ["a.txt"]
    assert await run_action(connector, "files.move", parameters, context_for()) == result


def _only_first_time(refuse):
    from rouage.safety.atomic import publishing

    calls = []

    def choose(*arguments, **named):
        calls.append(1)
        return refuse() if len(calls) == 1 else publishing(*arguments, **named)

    return choose


async def test_a_copy_repeated_after_a_crash_makes_no_second_copy(workspace, context_for):
    (workspace / "a.txt").write_text("hello")
    parameters = {"source": "a.txt", "target": "out/", "on_conflict": "rename"}
    first = await run_action(connector, "files.copy", parameters, context_for())
    assert await run_action(connector, "files.copy", parameters, context_for()) == first
    assert _names(workspace / "out") == ["a.txt"]
    second = await run_action(connector, "files.copy", parameters, context_for("other"))
    assert second["path"].endswith("a (2).txt")


ODD_NAMES = [
    unicodedata.normalize("NFC", "Éléonore à l’été.txt"),
    unicodedata.normalize("NFD", "Éléonore à l’été.txt"),
    "new\nline.txt",
    "x" * 251 + ".txt",
    os.fsdecode(b"facture_\xe9t\xe9.txt"),
    "trailing dot.",
    "CON",
    "-rf",
]


@pytest.mark.parametrize("name", ODD_NAMES, ids=range(len(ODD_NAMES)))
@pytest.mark.parametrize("action", ["files.move", "files.copy"])
async def test_a_file_keeps_its_own_name_however_odd(workspace, context_for, name, action):
    (workspace / "in").mkdir()
    (workspace / "in" / name).write_text("kept")
    result = await run_action(
        connector, action, {"source": f"in/{name}", "target": "out/"}, context_for()
    )
    assert result["path"] == f"{workspace}/out/{name}"
    assert (workspace / "out" / name).read_text() == "kept"


async def test_a_name_of_255_bytes_is_numbered_within_the_limit(workspace, context_for):
    name = "é" * 125 + "a.txt"
    for folder in ("in", "out"):
        (workspace / folder).mkdir()
        (workspace / folder / name).write_text(folder)
    result = await run_action(
        connector,
        "files.move",
        {"source": f"in/{name}", "target": "out/", "on_conflict": "rename"},
        context_for(),
    )
    assert result["path"].endswith(" (2).txt")
    assert len(_names(workspace / "out")) == 2


@pytest.mark.parametrize(
    "name", ["a\tb.txt", "a\u202etxt.exe", "nul.txt", "end. ", "end.", "x" * 201, "back\\slash"]
)
async def test_a_new_name_that_is_unsafe_is_refused_with_the_remedy(workspace, context_for, name):
    (workspace / "a.txt").write_text("x")
    with pytest.raises(StepError) as caught:
        await run_action(connector, "files.rename", {"path": "a.txt", "name": name}, context_for())
    assert "safe_filename" in (caught.value.render_hint("en") or "")
    assert _names(workspace) == ["a.txt"]


async def test_a_new_name_is_composed(workspace, context_for):
    (workspace / "a.txt").write_text("x")
    decomposed = unicodedata.normalize("NFD", "été.txt")
    await run_action(
        connector, "files.rename", {"path": "a.txt", "name": decomposed}, context_for()
    )
    assert _names(workspace) == [unicodedata.normalize("NFC", "été.txt")]


async def test_rename_refuses_a_path(workspace, context_for):
    (workspace / "a.txt").write_text("x")
    with pytest.raises(StepError, match="not a name"):
        await run_action(
            connector, "files.rename", {"path": "a.txt", "name": "../b.txt"}, context_for()
        )


async def test_moving_a_file_to_itself_changes_nothing(workspace, context_for):
    (workspace / "a.txt").write_text("x")
    result = await run_action(
        connector, "files.move", {"source": "a.txt", "target": "./a.txt"}, context_for()
    )
    assert result == {"path": str(workspace / "a.txt"), "skipped": False}


async def test_overwriting_another_name_of_the_same_file_leaves_one(workspace, context_for):
    (workspace / "a.txt").write_text("x")
    (workspace / "b.txt").hardlink_to(workspace / "a.txt")
    await run_action(
        connector,
        "files.move",
        {"source": "a.txt", "target": "b.txt", "on_conflict": "overwrite"},
        context_for(),
    )
    assert _names(workspace) == ["b.txt"]


async def test_a_folder_as_target_without_slash_is_explained(workspace, context_for):
    (workspace / "a.txt").write_text("x")
    (workspace / "out").mkdir()
    with pytest.raises(StepError, match="is a folder") as caught:
        await run_action(
            connector,
            "files.move",
            {"source": "a.txt", "target": "out", "on_conflict": "overwrite"},
            context_for(),
        )
    assert "/" in (caught.value.render_hint("fr") or "")


async def test_a_link_a_pipe_and_a_folder_are_not_moved(workspace, context_for):
    (workspace / "real.txt").write_text("x")
    (workspace / "link").symlink_to("real.txt")
    os.mkfifo(workspace / "pipe")
    (workspace / "folder").mkdir()
    for name in ("link", "pipe", "folder"):
        with pytest.raises(StepError):
            await run_action(
                connector, "files.move", {"source": name, "target": "out/"}, context_for(name)
            )
        with pytest.raises(StepError):
            await run_action(connector, "files.read", {"path": name}, context_for())


async def test_a_deleted_file_lies_in_the_trash_with_its_origin(workspace, tmp_path, context_for):
    (workspace / "é.txt").write_text("old")
    result = await run_action(connector, "files.delete", {"path": "é.txt"}, context_for())
    trash = tmp_path / ".local/share/Trash"
    assert result == {"path": str(workspace / "é.txt"), "trash": str(trash / "files/é.txt")}
    assert (trash / "files/é.txt").read_text() == "old"
    assert "%C3%A9.txt" in (trash / "info/é.txt.trashinfo").read_text()
    assert await run_action(connector, "files.delete", {"path": "é.txt"}, context_for()) == result


async def test_two_deleted_files_of_one_name_are_both_kept(workspace, tmp_path, context_for):
    for key in ("one", "two"):
        (workspace / "a.txt").write_text(key)
        await run_action(connector, "files.delete", {"path": "a.txt"}, context_for(key))
    assert _names(tmp_path / ".local/share/Trash/files") == ["a (2).txt", "a.txt"]
    assert len(_names(tmp_path / ".local/share/Trash/info")) == 2


async def test_deleting_for_good_spares_a_newer_file_when_repeated(workspace, context_for):
    (workspace / "a.txt").write_text("old")
    parameters = {"path": "a.txt", "to_trash": False}
    gone = {"path": str(workspace / "a.txt"), "trash": None}
    assert await run_action(connector, "files.delete", parameters, context_for()) == gone
    (workspace / "keep.txt").write_text("keeps the old inode away")
    (workspace / "a.txt").write_text("newer, longer")
    assert await run_action(connector, "files.delete", parameters, context_for()) == gone
    assert (workspace / "a.txt").read_text() == "newer, longer"


async def test_deleting_what_is_not_there_is_an_error(context_for):
    for to_trash in (True, False):
        with pytest.raises(StepError, match="does not exist"):
            await run_action(
                connector, "files.delete", {"path": "no.txt", "to_trash": to_trash}, context_for()
            )


async def test_writing_is_whole_and_keeps_the_permissions(workspace, context_for):
    path = workspace / "report.txt"
    path.write_text("old")
    path.chmod(0o640)
    parameters = {"path": "report.txt", "text": "Éte\n", "on_conflict": "overwrite"}
    result = await run_action(connector, "files.write", parameters, context_for())
    assert result == {"path": str(path), "skipped": False}
    assert path.read_bytes() == "Éte\n".encode()
    assert path.stat().st_mode & 0o777 == 0o640
    assert _names(workspace) == ["report.txt"]


async def test_a_repeated_write_is_done_once(workspace, context_for):
    parameters = {"path": "a.txt", "text": "x", "on_conflict": "rename"}
    first = await run_action(connector, "files.write", parameters, context_for())
    assert await run_action(connector, "files.write", parameters, context_for()) == first
    assert _names(workspace) == ["a.txt"]


async def test_a_failed_write_can_be_tried_again_under_its_key(workspace, context_for):
    (workspace / "a.txt").write_text("in the way")
    parameters = {"path": "a.txt", "text": "x"}
    with pytest.raises(StepError):
        await run_action(connector, "files.write", parameters, context_for())
    (workspace / "a.txt").unlink()
    await run_action(connector, "files.write", parameters, context_for())
    assert (workspace / "a.txt").read_text() == "x"


async def test_appended_texts_become_lines(workspace, context_for):
    (workspace / "log.txt").write_text("no line break")
    for key in ("one", "two"):
        await run_action(
            connector, "files.append", {"path": "log.txt", "text": key}, context_for(key)
        )
    assert (workspace / "log.txt").read_text() == "no line break\none\ntwo\n"


async def test_raw_text_is_appended_as_it_is(workspace, context_for):
    for key in ("one", "two"):
        await run_action(
            connector,
            "files.append",
            {"path": "log.txt", "text": key, "line": False},
            context_for(key),
        )
    assert (workspace / "log.txt").read_text() == "onetwo"


async def test_many_appends_at_once_are_all_there_once(workspace, context_for):
    async def append(number):
        await run_action(
            connector,
            "files.append",
            {"path": "files/log.txt", "text": f"line {number}"},
            context_for(f"key-{number}"),
        )

    await asyncio.gather(*(append(number) for number in range(500)))
    lines = (workspace / "files/log.txt").read_text().splitlines()
    assert sorted(lines) == sorted(f"line {number}" for number in range(500))


async def test_an_append_repeated_after_a_crash_adds_nothing(workspace, tmp_path, context_for):
    parameters = {"path": "log.txt", "text": "same text"}
    for key in ("one", "two"):
        await run_action(connector, "files.append", parameters, context_for(key))
    again = Folders(workspace=workspace, home=tmp_path)
    for key in ("two", "one"):
        await run_action(connector, "files.append", parameters, context_for(key, files=again))
    assert (workspace / "log.txt").read_text() == "same text\nsame text\n"


async def test_an_append_that_did_not_reach_the_file_is_made_when_repeated(
    workspace, tmp_path, context_for
):
    parameters = {"path": "log.txt", "text": "same text"}
    for key in ("one", "two"):
        await run_action(connector, "files.append", parameters, context_for(key))
    # As if the process had died between the note and the write of the second one.
    with (workspace / "log.txt").open("r+") as file:
        file.truncate(len("same text\n"))
    again = Folders(workspace=workspace, home=tmp_path)
    await run_action(connector, "files.append", parameters, context_for("three", files=again))
    await run_action(connector, "files.append", parameters, context_for("two", files=again))
    await run_action(connector, "files.append", parameters, context_for("one", files=again))
    assert (workspace / "log.txt").read_text() == "same text\n" * 3


async def test_a_repeated_append_to_a_replaced_file_says_that_it_cannot_tell(
    workspace, context_for
):
    parameters = {"path": "log.txt", "text": "text"}
    await run_action(connector, "files.append", parameters, context_for())
    (workspace / "log.txt").write_text("edited, and longer\n")
    with pytest.raises(StepError, match="cannot be told"):
        await run_action(connector, "files.append", parameters, context_for())


async def test_an_append_that_is_cancelled_does_not_disturb_the_others(workspace, context_for):
    async def append(number):
        await run_action(
            connector,
            "files.append",
            {"path": "log.txt", "text": str(number)},
            context_for(f"key-{number}"),
        )

    tasks = [asyncio.ensure_future(append(number)) for number in range(20)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert sum(isinstance(outcome, asyncio.CancelledError) for outcome in done) == 1
    await append(99)
    lines = (workspace / "log.txt").read_text().splitlines()
    assert set(map(str, range(1, 20))) <= set(lines)


@pytest.mark.parametrize(("policy", "content"), [("skip", "old\n"), ("fail", "old\n")])
async def test_append_can_leave_an_existing_file_alone(workspace, context_for, policy, content):
    (workspace / "a.txt").write_text("old\n")
    parameters = {"path": "a.txt", "text": "x", "on_conflict": policy}
    if policy == "fail":
        with pytest.raises(StepError, match="exists already"):
            await run_action(connector, "files.append", parameters, context_for())
    else:
        result = await run_action(connector, "files.append", parameters, context_for())
        assert result["skipped"] is True
    assert (workspace / "a.txt").read_text() == content


async def test_a_text_that_the_encoding_lacks_is_refused(context_for):
    parameters = {"path": "a.txt", "text": "☃", "encoding": "cp1252"}
    with pytest.raises(StepError, match="does not exist in cp1252"):
        await run_action(connector, "files.write", parameters, context_for())


async def test_an_undecodable_name_is_written_visibly(workspace, context_for):
    name = os.fsdecode(b"\xe9t\xe9")
    await run_action(connector, "files.append", {"path": "a.txt", "text": name}, context_for())
    assert (workspace / "a.txt").read_text() == "\\xe9t\\xe9\n"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("été".encode(), "été"),
        ("été".encode("utf-8-sig"), "été"),
        ("été €".encode("cp1252"), "été €"),
        (b"\x81\x8d", "\x81\x8d"),
    ],
)
async def test_a_text_is_read_in_the_encoding_it_has(workspace, context_for, data, text):
    (workspace / "a.txt").write_bytes(data)
    result = await run_action(connector, "files.read", {"path": "a.txt"}, context_for())
    assert (result["text"], result["size"]) == (text, len(data))


async def test_a_file_that_is_too_large_is_not_read(workspace, context_for):
    with (workspace / "big").open("wb") as file:
        file.truncate((1 << 20) + 1)
    with pytest.raises(StepError, match="larger than"):
        await run_action(connector, "files.read", {"path": "big"}, context_for())


async def test_files_are_listed_sorted_without_hidden_ones_and_links(workspace, context_for):
    for name in ("b.pdf", "a.pdf", ".hidden.pdf", "c.txt", "sub/d.pdf"):
        (workspace / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (workspace / "in" / name).write_text("x")
    (workspace / "in/link.pdf").symlink_to("a.pdf")
    parameters = {"path": "in", "match": "*.pdf"}
    result = await run_action(connector, "files.list", parameters, context_for())
    assert [file["name"] for file in result["files"]] == ["a.pdf", "b.pdf"]
    deep = await run_action(
        connector, "files.list", {**parameters, "recursive": True}, context_for()
    )
    assert [file["name"] for file in deep["files"]] == ["a.pdf", "b.pdf", "d.pdf"]
    assert deep["count"] == 3


async def test_a_folder_is_made_once(workspace, context_for):
    parameters = {"path": "a/b/c"}
    expected = {"path": str(workspace / "a/b/c"), "created": True}
    assert await simulate_action(connector, "files.mkdir", parameters, context_for()) == expected
    assert await run_action(connector, "files.mkdir", parameters, context_for()) == expected
    again = await run_action(connector, "files.mkdir", parameters, context_for())
    assert again == {**expected, "created": False}


@pytest.mark.parametrize(
    ("action", "parameters"),
    [
        ("files.write", {"path": "recipes/evil.yaml", "text": "x"}),
        ("files.append", {"path": "rouage.yaml", "text": "x"}),
        ("files.write", {"path": ".rouage/secrets.json", "text": "x"}),
        ("files.read", {"path": ".rouage/secrets.json"}),
        ("files.copy", {"source": ".rouage/token", "target": "out/"}),
        ("files.write", {"path": "/etc/rouage-test", "text": "x"}),
        ("files.write", {"path": "../outside.txt", "text": "x"}),
        ("files.write", {"path": "out/../recipes/x.yaml", "text": "x"}),
        ("files.read", {"path": "/etc/hostname"}),
        ("files.mkdir", {"path": "recipes/x"}),
        ("files.list", {"path": ".rouage"}),
        ("files.write", {"path": "~other/x", "text": "x"}),
    ],
)
async def test_what_is_not_allowed_is_refused(workspace, context_for, action, parameters):
    (workspace / ".rouage").mkdir()
    (workspace / ".rouage/secrets.json").write_text("{}")
    (workspace / ".rouage/token").write_text("t")
    before = sorted(path.name for path in workspace.rglob("*"))
    with pytest.raises(StepError):
        await run_action(connector, action, parameters, context_for())
    assert sorted(path.name for path in workspace.rglob("*")) == before


async def test_a_full_disk_is_worth_another_try(workspace, context_for, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fdatasync", full)
    with pytest.raises(RetryableError, match="disk is full"):
        await run_action(connector, "files.append", {"path": "a.txt", "text": "x"}, context_for())
    monkeypatch.undo()
    await run_action(connector, "files.append", {"path": "a.txt", "text": "x"}, context_for())
    assert (workspace / "a.txt").read_text() == "x\n"


async def test_what_is_on_another_disk_goes_to_the_trash_of_the_workspace(
    workspace, context_for, monkeypatch
):
    monkeypatch.setattr("rouage.safety.trash._is_on", lambda *_: False)
    (workspace / "a.txt").write_text("x")
    result = await run_action(connector, "files.delete", {"path": "a.txt"}, context_for())
    assert result["trash"] == str(workspace / ".rouage/trash/files/a.txt")
    assert (workspace / ".rouage/trash/info/a.txt.trashinfo").exists()


async def test_a_very_long_name_fits_into_the_trash(workspace, tmp_path, context_for):
    name = "é" * 125 + ".txt"
    (workspace / name).write_text("x")
    await run_action(connector, "files.delete", {"path": name}, context_for())
    assert _names(tmp_path / ".local/share/Trash/files") == [name]
    assert len(_names(tmp_path / ".local/share/Trash/info")) == 1


async def test_simulations_touch_nothing_and_say_the_same(workspace, context_for):
    (workspace / "a.txt").write_text("x")
    for action, parameters in (
        ("files.copy", {"source": "a.txt", "target": "new/"}),
        ("files.rename", {"path": "a.txt", "name": "b.txt"}),
        ("files.write", {"path": "new/c.txt", "text": "x"}),
        ("files.append", {"path": "d.txt", "text": "x"}),
    ):
        expected = await simulate_action(connector, action, parameters, context_for(action))
        assert _names(workspace) == ["a.txt"]
        assert await run_action(connector, action, parameters, context_for(action)) == expected
        for path in ("b.txt", "d.txt"):
            if (workspace / path).exists():
                (workspace / path).rename(workspace / "a.txt")
        for path in sorted(workspace.glob("new/*")):
            path.unlink()
        if (workspace / "new").exists():
            (workspace / "new").rmdir()


async def test_simulations_fail_where_the_action_would(workspace, context_for):
    (workspace / "a.txt").write_text("x")
    for action, parameters in (
        ("files.move", {"source": "none.txt", "target": "b.txt"}),
        ("files.copy", {"source": "a.txt", "target": "a\tb.txt"}),
        ("files.write", {"path": "a.txt", "text": "x"}),
        ("files.append", {"path": "a.txt", "text": "x", "on_conflict": "fail"}),
        ("files.delete", {"path": "none.txt"}),
        ("files.delete", {"path": "rouage.yaml"}),
    ):
        with pytest.raises(StepError):
            await simulate_action(connector, action, parameters, context_for())
    gone = await simulate_action(connector, "files.delete", {"path": "a.txt"}, context_for())
    assert gone == {"path": str(workspace / "a.txt"), "trash": None}
    assert (workspace / "a.txt").exists()


async def test_appends_to_more_files_than_are_remembered(workspace, context_for):
    async def append(number, key):
        await run_action(
            connector,
            "files.append",
            {"path": f"logs/{number}.txt", "text": key},
            context_for(f"{key}-{number}"),
        )

    for key in ("one", "two"):
        await asyncio.gather(*(append(number, key) for number in range(300)))
    assert {path.read_text() for path in (workspace / "logs").iterdir()} == {"one\ntwo\n"}


async def test_a_folder_nested_without_end_is_refused(workspace, context_for):
    deep = workspace / "deep" / "/".join("d" * 70)
    deep.mkdir(parents=True)
    with pytest.raises(StepError, match="levels of folders"):
        await run_action(
            connector, "files.list", {"path": "deep", "recursive": True}, context_for()
        )
    with pytest.raises(StepError, match="does not exist"):
        await run_action(connector, "files.list", {"path": "none"}, context_for())


async def test_a_decomposed_path_is_found_again_where_the_result_says(workspace, context_for):
    folder = unicodedata.normalize("NFD", "été")
    for action in ("files.write", "files.append"):
        path = f"{folder}/{unicodedata.normalize('NFD', 'Noël')}-{action}.txt"
        result = await run_action(
            connector, action, {"path": path, "text": "x"}, context_for(action)
        )
        with open(result["path"]) as file:
            assert file.read().strip() == "x"
