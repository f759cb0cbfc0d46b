"""The seal of the secrets: what opens them, where the key lies, and a new key."""

import base64
import json
import stat
import threading
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.null import Keyring as NullKeyring

from rouage.errors import WorkspaceError
from rouage.secrets import SecretStore, has_keyring

VALUE = "marker-7f3a9c"


class KeyringInMemory(KeyringBackend):
    """A keyring of these tests: the machine may have none, or the reader's own."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".rouage" / "secrets.json"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / "config"))
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    return tmp_path / "home"


@pytest.fixture
def ring() -> "object":
    before = keyring.get_keyring()
    ours = KeyringInMemory()
    keyring.set_keyring(ours)
    yield ours
    keyring.set_keyring(before)


def _clear(path: Path, values: dict[str, str]) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps({"format": 1, "secrets": values}))


def _key_file(path: Path) -> Path:
    (found,) = path.parent.glob("secrets-*.key")
    return found


def test_secrets_of_an_earlier_version_are_read_and_sealed_once(path: Path):
    _clear(path, {"shop": VALUE})
    store = SecretStore(path)
    assert store.load() == {"shop": VALUE}
    assert store.keeping().keeper is None
    assert store.seal() is True
    assert store.seal() is False
    assert VALUE not in path.read_text()
    assert SecretStore(path).load() == {"shop": VALUE}
    assert store.keeping().keeper == "workspace"


def test_the_first_change_seals_what_was_in_clear(path: Path):
    _clear(path, {"shop": VALUE})
    SecretStore(path).set("other", "x")
    assert VALUE not in path.read_text()
    assert SecretStore(path).load() == {"shop": VALUE, "other": "x"}


def test_nothing_is_made_where_there_is_no_secret(path: Path):
    assert SecretStore(path).seal() is False
    assert not path.parent.exists()


def test_the_same_values_are_sealed_differently_each_time(path: Path):
    store = SecretStore(path)
    store.set("a", VALUE)
    first = json.loads(path.read_text())["sealed"]
    store.set("a", "x")
    store.set("a", VALUE)
    assert json.loads(path.read_text())["sealed"] != first


@pytest.mark.parametrize("place", [0, 20, -1])
def test_a_changed_byte_is_noticed(path: Path, place: int):
    SecretStore(path).set("a", VALUE)
    data = json.loads(path.read_text())
    sealed = bytearray(base64.b64decode(data["sealed"]))
    sealed[place] ^= 1
    path.write_text(json.dumps({**data, "sealed": base64.b64encode(sealed).decode()}))
    with pytest.raises(WorkspaceError, match="cannot be opened") as caught:
        SecretStore(path).load()
    assert caught.value.render_hint("fr")


def test_the_key_of_another_workspace_does_not_open_the_file(path: Path, tmp_path: Path):
    other = tmp_path / "other" / "secrets.json"
    SecretStore(path).set("a", VALUE)
    SecretStore(other).set("a", "x")
    _key_file(path).write_bytes(_key_file(other).read_bytes())
    with pytest.raises(WorkspaceError, match="cannot be opened"):
        SecretStore(path).load()


def test_a_missing_key_is_named_and_nothing_is_overwritten(path: Path):
    SecretStore(path).set("a", VALUE)
    before = path.read_bytes()
    key = _key_file(path)
    key.unlink()
    for use in (SecretStore(path).load, lambda: SecretStore(path).set("b", VALUE)):
        with pytest.raises(WorkspaceError) as caught:
            use()
        assert str(key) in caught.value.render("fr")
    assert path.read_bytes() == before


def test_a_key_that_others_can_read_is_refused(path: Path):
    SecretStore(path).set("a", VALUE)
    assert stat.S_IMODE(_key_file(path).stat().st_mode) == 0o600
    _key_file(path).chmod(0o644)
    with pytest.raises(WorkspaceError) as caught:
        SecretStore(path).load()
    assert "chmod 600" in str(caught.value.render_hint("en"))


@pytest.mark.parametrize(
    "damage", [{"key": "moon"}, {"key_id": "../x"}, {"sealed": 1}, {"sealed": "é"}]
)
def test_a_damaged_sealed_file_is_refused(path: Path, damage: dict[str, object]):
    SecretStore(path).set("a", VALUE)
    path.write_text(json.dumps({**json.loads(path.read_text()), **damage}))
    with pytest.raises(WorkspaceError, match="damaged"):
        SecretStore(path).load()


def test_a_new_key_leaves_the_values_and_makes_the_old_key_useless(path: Path):
    reader, store = SecretStore(path), SecretStore(path)
    store.set("a", VALUE)
    assert reader.load() == {"a": VALUE}
    old_key, old_file = _key_file(path), path.read_bytes()
    assert store.rotate().keeper == "workspace"
    assert _key_file(path) != old_key
    assert reader.load() == {"a": VALUE}
    path.write_bytes(old_file)
    with pytest.raises(WorkspaceError):
        SecretStore(path).load()


def test_a_key_in_the_home_folder_is_out_of_the_workspace(path: Path, home: Path):
    store = SecretStore(path)
    store.set("a", VALUE)
    keeping = store.rotate("home")
    assert keeping.keeper == "home"
    assert Path(str(keeping.where)).is_relative_to(home)
    assert [one.name for one in path.parent.iterdir()] == ["secrets.json"]
    store.set("b", VALUE)
    assert SecretStore(path).load() == {"a": VALUE, "b": VALUE}
    store.rotate("workspace")
    assert not [one for one in home.rglob("*") if one.is_file()]


def test_a_key_in_the_keyring_is_in_no_file(path: Path, ring: KeyringInMemory):
    store = SecretStore(path)
    store.set("a", VALUE)
    assert store.rotate("keyring").keeper == "keyring"
    assert len(ring.kept) == 1
    assert [one.name for one in path.parent.iterdir()] == ["secrets.json"]
    assert SecretStore(path).load() == {"a": VALUE}
    store.rotate("workspace")
    assert ring.kept == {}
    assert SecretStore(path).load() == {"a": VALUE}


@pytest.mark.usefixtures("ring")
def test_a_keyring_that_keeps_a_key_is_noticed():
    assert has_keyring()
    keyring.set_keyring(NullKeyring())
    assert not has_keyring()


def test_a_keyring_that_lost_the_key_is_told(path: Path, ring: KeyringInMemory):
    store = SecretStore(path)
    store.set("a", VALUE)
    store.rotate("keyring")
    ring.kept.clear()
    with pytest.raises(WorkspaceError, match="not where it should be"):
        SecretStore(path).load()


@pytest.mark.usefixtures("ring")
def test_a_keyring_that_keeps_nothing_is_refused_and_changes_nothing(path: Path):
    store = SecretStore(path)
    store.set("a", VALUE)
    before = path.read_bytes()
    keyring.set_keyring(NullKeyring())
    with pytest.raises(WorkspaceError, match=r"null\.Keyring") as caught:
        store.rotate("keyring")
    assert "--key workspace" in str(caught.value.render_hint("fr"))
    assert path.read_bytes() == before
    assert SecretStore(path).load() == {"a": VALUE}


def test_a_service_manager_may_hand_the_key_in(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    SecretStore(path).set("a", VALUE)
    handed = tmp_path / "credentials"
    handed.mkdir()
    key = _key_file(path)
    (handed / "rouage-secrets.key").write_bytes(key.read_bytes())
    key.unlink()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(handed))
    assert SecretStore(path).load() == {"a": VALUE}
    (handed / "rouage-secrets.key").write_text("no key")
    with pytest.raises(WorkspaceError):
        SecretStore(path).load()


def test_a_daemon_reads_on_while_keys_and_values_change(path: Path):
    writer, reader = SecretStore(path), SecretStore(path)
    writer.set("a", VALUE)
    failures: list[Exception] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                assert reader.load()["a"] == VALUE
            except Exception as error:  # noqa: BLE001 - told to the test
                failures.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    for number in range(15):
        writer.set("b", str(number))
        writer.rotate()
    done.set()
    thread.join()
    assert failures == []
