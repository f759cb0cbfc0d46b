"""Sealed secrets are opened in a process of its own, and here where that cannot be."""

import subprocess
import sys
from pathlib import Path

import pytest

from rouage.errors import WorkspaceError
from rouage.secrets import SecretStore, unseal_apart

VALUES = {"a": "marker-7f3a9c", "b": "é\n\t“x”"}
OPEN = """
import sys
from pathlib import Path
from rouage.secrets import SecretStore, unseal_apart
print(SecretStore(Path(sys.argv[1]), opens=unseal_apart).load()["a"])
print("cryptography" in sys.modules)
"""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    sealed = tmp_path / ".rouage" / "secrets.json"
    for name, value in VALUES.items():
        SecretStore(sealed).set(name, value)
    return sealed


def test_the_package_that_opens_secrets_is_not_loaded_here(path: Path):
    boot = f"import sys; sys.path[:] = {sys.path!r}"
    command = [sys.executable, "-c", boot + OPEN, str(path)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert answer.stdout.split() == [VALUES["a"], "False"]


def test_every_value_comes_back(path: Path):
    assert SecretStore(path, opens=unseal_apart).load() == VALUES


def test_a_key_of_another_file_opens_nothing(path: Path, tmp_path: Path):
    other = tmp_path / "other" / "secrets.json"
    SecretStore(other).set("a", "another")
    (key,), (wrong,) = path.parent.glob("*.key"), other.parent.glob("*.key")
    key.write_bytes(wrong.read_bytes())
    with pytest.raises(WorkspaceError, match="cannot be opened"):
        SecretStore(path, opens=unseal_apart).load()


@pytest.mark.parametrize("interpreter", ["/nowhere/python", "/bin/false", "/bin/true"])
def test_without_a_process_they_are_opened_here(
    path: Path, monkeypatch: pytest.MonkeyPatch, interpreter: str
):
    monkeypatch.setattr(sys, "executable", interpreter)
    assert SecretStore(path, opens=unseal_apart).load() == VALUES


def test_what_cannot_be_opened_yet_is_not_lost(path: Path):
    """A store that failed looks again: the daemon says what is wrong when it loads them."""
    store = SecretStore(path, opens=unseal_apart)
    path.chmod(0o644)
    with pytest.raises(WorkspaceError):
        store.load()
    path.chmod(0o600)
    assert store.load() == VALUES
