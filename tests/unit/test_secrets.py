"""The file of secrets: private, whole, and never quoted."""

import json
import os
import stat
import threading
from pathlib import Path

import pytest

from rouage.errors import UsageError, WorkspaceError
from rouage.secrets import SecretStore

VALUE = "marker-7f3a9c"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".rouage" / "secrets.json"


def test_a_workspace_without_a_file_has_no_secret(path: Path):
    assert SecretStore(path).names() == ()


def test_a_secret_is_set_changed_and_removed(path: Path):
    store = SecretStore(path)
    assert store.set("shop_key", VALUE) is True
    assert store.set("shop_key", "other-value") is False
    assert store.set("a", "é\n\t“x”") is True
    assert SecretStore(path).load() == {"shop_key": "other-value", "a": "é\n\t“x”"}
    assert store.names() == ("a", "shop_key")
    assert store.remove("a") is True
    assert store.remove("a") is False
    assert SecretStore(path).names() == ("shop_key",)


def test_the_file_and_its_folder_are_the_owners_alone_whatever_the_umask(path: Path):
    before = os.umask(0)
    try:
        SecretStore(path).set("key", VALUE)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_can_read_is_refused_with_the_command_that_repairs_it(
    path: Path, mode: int
):
    SecretStore(path).set("key", VALUE)
    path.chmod(mode)
    for use in (SecretStore(path).load, lambda: SecretStore(path).set("b", VALUE)):
        with pytest.raises(WorkspaceError) as caught:
            use()
        assert caught.value.render_hint("fr") == f"lancez : chmod 600 '{path}'"
    path.chmod(0o600)
    assert SecretStore(path).names() == ("key",)


def test_a_folder_that_others_can_enter_is_refused_before_writing(path: Path):
    path.parent.mkdir(mode=0o755)
    path.parent.chmod(0o755)
    with pytest.raises(WorkspaceError) as caught:
        SecretStore(path).set("key", VALUE)
    assert "chmod 700" in str(caught.value.render_hint("en"))


def test_a_link_in_place_of_the_file_is_refused(path: Path, tmp_path: Path):
    other = tmp_path / "other.json"
    other.write_text('{"secrets": {"a": "b"}}')
    other.chmod(0o600)
    path.parent.mkdir(mode=0o700)
    path.symlink_to(other)
    with pytest.raises(WorkspaceError):
        SecretStore(path).load()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", '{"secrets": []}', '{"secrets": {"a": 1}}', "[" * 100_000, "\xff"]
)
def test_a_damaged_file_is_refused_without_quoting_it(path: Path, text: str):
    path.parent.mkdir(mode=0o700)
    path.touch(mode=0o600)
    path.write_bytes(text.encode("latin-1") + VALUE.encode())
    with pytest.raises(WorkspaceError) as caught:
        SecretStore(path).load()
    assert VALUE not in caught.value.render("fr")
    assert caught.value.__cause__ is None
    with pytest.raises(WorkspaceError):
        SecretStore(path).set("key", "value")
    assert path.read_bytes().endswith(VALUE.encode())


@pytest.mark.parametrize("name", ["", "A", "1a", "a-b", "a.b", "é", "a b", "a" * 64, "a\n"])
def test_a_name_that_recipes_could_not_write_is_refused(path: Path, name: str):
    with pytest.raises(UsageError):
        SecretStore(path).set(name, VALUE)
    assert not path.exists()


@pytest.mark.parametrize("value", ["", "x" * 65_537])
def test_an_empty_or_endless_value_is_refused(path: Path, value: str):
    with pytest.raises(UsageError):
        SecretStore(path).set("key", value)


def test_a_new_value_is_seen_without_a_restart_and_an_unchanged_file_is_not_read_again(
    path: Path,
):
    writer, reader = SecretStore(path), SecretStore(path)
    writer.set("key", VALUE)
    first = reader.load()
    assert reader.load() is first
    writer.set("key", "another")
    assert reader.load() == {"key": "another"}
    path.unlink()
    assert reader.load() == {}


def test_a_draft_left_by_a_crash_does_not_block(path: Path):
    path.parent.mkdir(mode=0o700)
    (path.parent / f"secrets.json.{os.getpid()}.new").write_text("half")
    SecretStore(path).set("key", VALUE)
    names = sorted(one.name for one in path.parent.iterdir())
    assert names[1] == "secrets.json"
    assert [name.rpartition(".")[2] for name in names] == ["key", "json"]


def test_two_writers_at_once_lose_nothing(path: Path):
    def write(first: int) -> None:
        store = SecretStore(path)
        for number in range(first, first + 20):
            store.set(f"key_{number}", VALUE)

    SecretStore(path).set("base", VALUE)
    threads = [threading.Thread(target=write, args=(start,)) for start in (0, 100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(SecretStore(path).load()) == 41


def test_the_file_says_where_its_key_lies_and_nothing_else(path: Path):
    SecretStore(path).set("shop_key", VALUE)
    data = json.loads(path.read_text())
    assert (data["format"], data["key"]) == (2, "workspace")
    assert set(data) == {"format", "key", "key_id", "sealed"}
    for one in path.parent.iterdir():
        assert VALUE not in one.read_text()
        assert "shop_key" not in one.read_text()
