"""One call of the command: its streams, its language, its workspace."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TextIO

from rouage.cli.output import Output
from rouage.cli.workspace import find_workspace, load_settings, named_workspace
from rouage.errors import RouageError
from rouage.language import Language, Text, choose_language
from rouage.settings import Places, Settings, locale_wishes

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
BROKEN: Final = 3
"""Exit codes: done; a problem was found or something failed; wrong call; inner fault or lock."""

_ERROR: Final = Text("error: {sentence}", "erreur : {sentence}")
_HINT: Final = Text("hint: {sentence}", "conseil : {sentence}")


class Session:
    """What a command is given. Settings and secrets are read when first asked for."""

    def __init__(
        self,
        *,
        environment: Mapping[str, str],
        here: Path,
        workspace: str | None = None,
        language: str | None = None,
        is_json: bool = False,
        stdin: TextIO | None = None,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
    ) -> None:
        self.environment = environment
        self.here = here
        self.is_json = is_json
        self.stdin = stdin or sys.stdin
        self._workspace_wish = workspace
        self._language_wish = language
        self._mask: Any = None
        self.output = Output(stdout or sys.stdout, stderr or sys.stderr, self.mask)

    @cached_property
    def workspace(self) -> Path:
        """Return the workspace.

        Raises:
            WorkspaceError: there is none.
        """
        return find_workspace(self._workspace_wish, self.environment, self.here)

    @cached_property
    def settings(self) -> Settings:
        """Return the settings of the workspace, with the language of this call.

        Raises:
            WorkspaceError: there is no workspace.
            SettingsError: its settings cannot be used.
        """
        settings = load_settings(self.workspace, self.environment)
        return replace(settings, language=choose_language(self._language_wish, settings.language))

    @cached_property
    def language(self) -> Language:
        """Return the language to speak: what was asked for, then the settings, then the locale."""
        wishes = (self._language_wish, self.environment.get("ROUAGE_LANG"))
        if not any(wish and wish[:2].lower() in {"en", "fr"} for wish in wishes):
            try:
                return self.settings.language
            except RouageError:
                pass
        return choose_language(*wishes, *locale_wishes(self.environment))

    @property
    def places(self) -> Places:
        """Return where the parts of the workspace lie."""
        return Places(self.workspace)

    def use_workspace(self, folder: str) -> None:
        """Work on *folder*, whatever else was asked for.

        Raises:
            WorkspaceError: it is no workspace.
        """
        self.workspace = named_workspace(self.here / Path(folder).expanduser())
        for name in ("settings", "language"):
            self.__dict__.pop(name, None)
        self._mask = None

    def elsewhere(self, here: Path, environment: Mapping[str, str] | None = None) -> "Session":
        """Return a call with the same wishes made from the folder *here*."""
        variables = dict(self.environment if environment is None else environment)
        named = variables.get("ROUAGE_WORKSPACE")
        if named:
            variables["ROUAGE_WORKSPACE"] = str(self.here / Path(named).expanduser())
        wish = self._workspace_wish
        return Session(
            environment=variables,
            here=here,
            workspace=None if wish is None else str(self.here / Path(wish).expanduser()),
            language=self._language_wish,
        )

    def has_workspace(self) -> bool:
        """Say whether there is a workspace, for commands that can do without."""
        try:
            return self.workspace is not None
        except RouageError:
            return False

    def say(self, text: Text, **facts: object) -> str:
        """Return *text* in the language of this call."""
        return text.render(self.language, facts)

    def tell(self, text: Text, **facts: object) -> None:
        """Print *text*, except under `--json`, where standard output is for data."""
        if not self.is_json:
            self.output.line(self.say(text, **facts))

    def mask(self, value: Any) -> Any:
        """Return *value* with every secret of the workspace hidden."""
        if self._mask is None:
            self._mask = self._make_mask()
        return self._mask(value)

    def use_mask(self, mask: Callable[[Any], Any]) -> None:
        """Hide secrets with *mask* from now on: whoever has opened them need not do it twice."""
        self._mask = mask

    def complain(self, error: RouageError) -> None:
        """Report *error*: a sentence and a hint; under `--json` also as data."""
        message, hint = error.render(self.language), error.render_hint(self.language)
        self.output.talk(self.say(_ERROR, sentence=message))
        if hint is not None:
            self.output.talk(self.say(_HINT, sentence=hint))
        if self.is_json:
            self._mask = self._mask or _unchanged
            self.output.data({"error": {"message": message, "hint": hint}})

    def _make_mask(self) -> Any:
        if not self.has_workspace() or not self.places.secrets.exists():
            return _unchanged
        from rouage.safety.redaction import Redactor
        from rouage.secrets import SecretStore

        return Redactor(SecretStore(self.places.secrets).load().values()).mask_json


def _unchanged(value: Any) -> Any:
    return value
