"""Which paths a recipe may touch, and that links and tricks lead nowhere."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rouage.errors import StepError
from rouage.safety.paths import Folders


def test_paths_start_at_the_workspace_or_at_home(folders, workspace, tmp_path):
    assert folders.resolve("files/a.txt") == workspace / "files/a.txt"
    assert folders.resolve("./files//a.txt/") == workspace / "files/a.txt"
    assert folders.resolve("~/a.txt") == tmp_path / "home/a.txt"
    assert folders.resolve("~") == tmp_path / "home"
    assert str(folders.resolve("/a/./b")) == "/a/b"
    assert folders.resolve("../beside/a.txt") == tmp_path / "beside/a.txt"


@pytest.mark.parametrize(
    "path", ["", "  ", "a\0b", "a/../b", "/a/../b", "a/..", "~root/x", "~/../x"]
)
def test_a_path_that_says_two_things_is_refused(folders, path):
    with pytest.raises(StepError):
        folders.resolve(path)


def test_the_refusal_names_the_line_to_add(folders):
    with pytest.raises(StepError, match="outside the folders") as caught:
        folders.check("/srv/photos/a.jpg", "read")
    for language in ("en", "fr"):
        hint = caught.value.render_hint(language)
        assert "folders:" in hint
        assert "- /srv/photos" in hint


def test_more_folders_can_be_allowed(folders, tmp_path):
    shared = tmp_path / "home/shared"
    wider = folders.also(["~/shared"])
    assert wider.check("~/shared/a.txt", "write") == shared / "a.txt"
    assert wider.intents is folders.intents
    with pytest.raises(StepError):
        wider.check(tmp_path / "home/shared2/a.txt", "write")
    with pytest.raises(StepError):
        folders.check("~/shared/a.txt", "write")


def test_a_neighbour_whose_name_begins_alike_is_outside(folders, workspace):
    with pytest.raises(StepError):
        folders.check(f"{workspace}-copy/a.txt", "read")


OWN = ["recipes/a.yaml", "recipes", "rouage.yaml", "Recipes/a.yaml", "ROUAGE.yaml"]
PRIVATE = [".rouage/token", ".rouage", ".ROUAGE/journal.db", "./.rouage//secrets.json"]


@pytest.mark.parametrize("path", OWN)
def test_recipes_and_settings_may_be_read_but_never_written(folders, path):
    folders.check(path, "read")
    with pytest.raises(StepError, match="belongs to Rouage"):
        folders.check(path, "write")


@pytest.mark.parametrize("path", PRIVATE)
@pytest.mark.parametrize("access", ["read", "write"])
def test_private_data_may_not_even_be_read(folders, path, access):
    with pytest.raises(StepError, match="private data"):
        folders.check(path, access)


def test_private_data_is_safe_from_an_allowed_folder_around_it(workspace, tmp_path):
    folders = Folders(workspace=workspace, allowed=[tmp_path, "/", workspace / ".rouage"])
    for access in ("read", "write"):
        with pytest.raises(StepError):
            folders.check(workspace / ".rouage/token", access)


def test_private_data_is_safe_from_an_allowed_link_to_it(workspace, tmp_path):
    (workspace / ".rouage/token").write_text("t")
    (tmp_path / "door").symlink_to(workspace / ".rouage")
    folders = Folders(workspace=workspace, allowed=[tmp_path / "door", tmp_path])
    with pytest.raises(StepError, match="private data"):
        folders.open_read(tmp_path / "door/token")
    (tmp_path / "around").symlink_to(workspace)
    folders = Folders(workspace=workspace, allowed=[tmp_path / "around"])
    with pytest.raises(StepError, match="private data"):
        folders.open_read(tmp_path / "around/.rouage/token")


def test_a_workspace_reached_through_a_link_is_as_safe(workspace, tmp_path):
    (tmp_path / "alias").symlink_to(workspace)
    folders = Folders(workspace=tmp_path / "alias")
    (workspace / "a.txt").write_text("x")
    assert folders.read_bytes("a.txt", limit=9) == b"x"
    for path in (".rouage/token", workspace / ".rouage/token"):
        with pytest.raises(StepError):
            folders.check(path, "read")
    with pytest.raises(StepError), folders.place("recipes/a.yaml", "write"):
        pass


def test_an_allowed_folder_may_itself_be_a_link(workspace, tmp_path):
    real = tmp_path / "disk"
    real.mkdir()
    (real / "a.txt").write_text("x")
    (workspace / "files").symlink_to(real)
    with pytest.raises(StepError, match="symbolic link") as caught:
        Folders(workspace=workspace).open_read("files/a.txt")
    assert "folders:" in caught.value.render_hint("fr")
    with Folders(workspace=workspace, allowed=["files"]).open_read("files/a.txt") as file:
        assert file.read() == b"x"


def test_a_link_below_is_never_followed(folders, workspace, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.txt").write_text("x")
    (workspace / "folder").symlink_to(outside)
    (workspace / "file").symlink_to(outside / "a.txt")
    for path in ("folder/a.txt", "file", "folder/new/b.txt"):
        with pytest.raises(StepError, match="symbolic link"):
            folders.open_read(path)
    with (
        pytest.raises(StepError, match="symbolic link"),
        folders.place("folder/new/b.txt", "write", create=True),
    ):
        pass
    assert sorted(path.name for path in outside.iterdir()) == ["a.txt"]


def test_only_regular_files_are_opened(folders, workspace):
    os.mkfifo(workspace / "pipe")
    (workspace / "folder").mkdir()
    for path in ("pipe", "folder"):
        with pytest.raises(StepError):
            folders.open_read(path)
    (workspace / "plain").write_text("x")
    with pytest.raises(StepError, match="not a folder"):
        folders.open_read("plain/a.txt")


def test_a_planted_hard_link_is_not_taken_from_a_shared_folder(folders, workspace):
    secret = workspace / "secret"
    secret.write_text("mine")
    shared = workspace / "shared"
    shared.mkdir()
    (shared / "bait").hardlink_to(secret)
    folders.open_read("shared/bait").close()
    shared.chmod(0o777)
    with pytest.raises(StepError, match="second name"):
        folders.open_read("shared/bait")


def test_missing_folders_are_made_with_safe_names_only(folders, workspace):
    with folders.place("a/b/c.txt", "write", create=True) as place:
        assert place.path == str(workspace / "a/b/c.txt")
    assert (workspace / "a/b").is_dir()
    with (
        pytest.raises(StepError, match="control character"),
        folders.place("a/x\ny/c.txt", "write", create=True),
    ):
        pass
    with pytest.raises(StepError, match="does not exist"), folders.place("none/c", "write"):
        pass


def test_an_allowed_folder_that_is_missing_is_made(workspace, tmp_path):
    folders = Folders(workspace=workspace, allowed=[tmp_path / "new/deep"])
    with folders.place(tmp_path / "new/deep/a/b.txt", "write", create=True):
        pass
    assert (tmp_path / "new/deep/a").is_dir()


def test_reading_is_bounded(folders, workspace):
    (workspace / "a").write_bytes(b"12345")
    assert folders.read_bytes("a", limit=5) == b"12345"
    with pytest.raises(StepError, match="larger than 4"):
        folders.read_bytes("a", limit=4)


@given(
    st.lists(
        st.sampled_from(
            ["..", ".", "", "a", "recipes", ".rouage", "~", "link", "é", "\n", "x" * 300]
        ),
        min_size=1,
        max_size=6,
    ).map("/".join)
)
@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_nothing_outside_or_private_is_ever_opened(folders, workspace, tmp_path, path):
    link = workspace / "link"
    if not link.is_symlink():
        link.symlink_to(tmp_path)
    try:
        with folders.place(path, "write", create=True) as place:
            where = os.path.realpath(f"/proc/self/fd/{place.folder}")
    except StepError:
        return
    root = os.path.realpath(workspace)
    if f"{where}/{place.name}" == root:
        return  # the workspace itself: its own name, and nothing beside it
    assert where == root or where.startswith(root + "/")
    assert not where.startswith((root + "/.rouage", root + "/recipes"))
    assert f"{where}/{place.name}" not in {f"{root}/.rouage", f"{root}/recipes"}
