"""Where the parts of a workspace lie."""

from pathlib import Path
from typing import Final

from rouage.records import dataclass

FILE_NAME: Final = "rouage.yaml"


@dataclass(frozen=True, slots=True)
class Places:
    """Where the parts of the workspace *root* lie."""

    root: Path

    @property
    def settings_file(self) -> Path:
        """Return the settings file, which also marks a folder as a workspace."""
        return self.root / FILE_NAME

    @property
    def recipes(self) -> Path:
        """Return the folder of recipes."""
        return self.root / "recipes"

    @property
    def files(self) -> Path:
        """Return the folder for the user's own files."""
        return self.root / "files"

    @property
    def state(self) -> Path:
        """Return the private folder: everything below is the owner's alone."""
        return self.root / ".rouage"

    @property
    def journal(self) -> Path:
        """Return the file of the journal."""
        return self.state / "journal.db"

    @property
    def lock(self) -> Path:
        """Return the file whose lock a daemon holds for life."""
        return self.state / "lock"

    @property
    def daemon(self) -> Path:
        """Return the file that tells where the running daemon listens."""
        return self.state / "daemon.json"

    @property
    def token(self) -> Path:
        """Return the file of the bearer token of the local API."""
        return self.state / "token"

    @property
    def link_key(self) -> Path:
        """Return the file of the key that signs links to approvals."""
        return self.state / "links.key"

    @property
    def secrets(self) -> Path:
        """Return the file of secrets."""
        return self.state / "secrets.json"

    @property
    def recipe_schema(self) -> Path:
        """Return the JSON Schema that editors use for recipes."""
        return self.state / "recipe.schema.json"

    @property
    def logs(self) -> Path:
        """Return the folder of log files."""
        return self.state / "logs"

    @property
    def known_hooks(self) -> Path:
        """Return the file that remembers which hooks were served."""
        return self.state / "hooks.json"

    @property
    def received(self) -> Path:
        """Return the folder of files that came with events."""
        return self.state / "received"

    @property
    def scratch(self) -> Path:
        """Return the folder under which runs get private folders."""
        return self.state / "scratch"
