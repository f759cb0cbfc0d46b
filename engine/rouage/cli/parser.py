"""Arguments of the command line, explained in the reader's language."""

import argparse
import re
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from rouage.errors import UsageError
from rouage.language import Language, Text

_USAGE: Final = Text("Usage: ", "Usage : ")
_OPTIONS: Final = Text("options", "options")
_ARGUMENTS: Final = Text("arguments", "arguments")
_HELP: Final = Text("show this help and exit", "affiche cette aide et termine")
_JSON: Final = Text("print the result as JSON", "affiche le résultat en JSON")
_WORKSPACE: Final = Text(
    "the workspace (default: ROUAGE_WORKSPACE, else this folder or one above it)",
    "l’espace de travail (par défaut : ROUAGE_WORKSPACE, sinon ce dossier ou un parent)",
)
_LANG: Final = Text("language of the messages", "langue des messages")
_SEE_HELP: Final = Text("see `{command} --help`", "voyez « {command} --help »")

# What argparse says, and how we say it. The sentences of argparse are English only.
_PHRASES: Final[Mapping[str, Text]] = {
    r"the following arguments are required: (?P<names>.+)": Text(
        "missing: {names}", "il manque : {names}"
    ),
    r"unrecognized arguments: (?P<names>.+)": Text(
        "unknown arguments: {names}", "arguments inconnus : {names}"
    ),
    r"argument (?P<name>.+?): expected (?:one|\d+|at least one) arguments?": Text(
        "{name} needs a value", "{name} demande une valeur"
    ),
    r"argument (?P<name>.+?): invalid choice: (?P<value>.+?) \(choose from (?P<all>.+)\)": Text(
        "{name} cannot be {value}; choose from {all}",
        "{name} ne peut pas être {value} ; choisissez parmi {all}",
    ),
    r"argument (?P<name>.+?): invalid \S+ value: (?P<value>.+)": Text(
        "{name} cannot be {value}", "{name} ne peut pas être {value}"
    ),
    r"one of the arguments (?P<names>.+) is required": Text(
        "missing: one of {names}", "il manque : l’un de {names}"
    ),
    r"argument (?P<name>.+?): not allowed with argument (?P<other>.+)": Text(
        "{name} does not go with {other}", "{name} ne va pas avec {other}"
    ),
}


class Parser(argparse.ArgumentParser):
    """An argument parser that speaks both languages and raises instead of exiting."""

    def __init__(self, *, prog: str, about: Text, language: Language) -> None:
        super().__init__(
            prog=prog,
            description=about.render(language),
            add_help=False,
            allow_abbrev=False,
            formatter_class=_Formatter,
        )
        self.language: Language = language
        self._positionals.title = _ARGUMENTS.render(language)
        self._optionals.title = _OPTIONS.render(language)

    def say(self, text: Text) -> str:
        """Return *text* in the reader's language, safe inside a help text."""
        return text.render(self.language).replace("%", "%%")

    def take(self, *names: str, about: Text, **options: Any) -> argparse.Action:
        """Add an argument that *about* explains."""
        return self.add_argument(*names, help=self.say(about), **options)

    def take_common(self) -> None:
        """Add what every command takes."""
        self.take("--json", about=_JSON, action="store_true")
        self.take("--workspace", about=_WORKSPACE, metavar=self.say(Text("DIR", "DOSSIER")))
        self.take("--lang", about=_LANG, choices=("en", "fr"))
        self.take("-h", "--help", about=_HELP, action="help")

    def format_usage(self) -> str:
        """Return the line that shows how to call the command."""
        formatter = self._get_formatter()
        prefix = _USAGE.render(self.language)
        formatter.add_usage(self.usage, self._actions, self._mutually_exclusive_groups, prefix)
        return formatter.format_help()

    def format_help(self) -> str:
        """Return the whole help."""
        text = super().format_help()
        return text.replace("usage: ", _USAGE.render(self.language), 1)

    def error(self, message: str) -> NoReturn:
        """Raise what argparse found, in the reader's words.

        Raises:
            UsageError: always.
        """
        for pattern, text in _PHRASES.items():
            found = re.fullmatch(pattern, message)
            if found is not None:
                raise UsageError(text, hint=_SEE_HELP, command=self.prog, **found.groupdict())
        raise UsageError("{words}", hint=_SEE_HELP, command=self.prog, words=message)


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Room for the longest option before its explanation."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=32, width=100)
