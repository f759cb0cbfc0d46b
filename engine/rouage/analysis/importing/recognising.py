"""Which program a file is from, and what it becomes."""

import json
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Final

from rouage.analysis.importing import crontab, github
from rouage.analysis.importing.foreign import ForeignError, Imported
from rouage.analysis.importing.foreign_yaml import MAX_BYTES, read_foreign
from rouage.analysis.importing.home_assistant import automations
from rouage.analysis.importing.n8n import workflows
from rouage.language import Text

KINDS: Final = ("home-assistant", "n8n", "crontab", "github-actions")
_DEEPEST: Final = 100

_UNKNOWN: Final = Text(
    "this is no crontab, no automation of Home Assistant, no workflow of n8n or GitHub Actions",
    "ce n’est ni un crontab, ni une automatisation de Home Assistant, ni un workflow de n8n ou "
    "de GitHub Actions",
)
_UNKNOWN_HINT: Final = Text(
    "if it is one all the same, say which with --from",
    "si c’en est un quand même, dites lequel avec --from",
)
_TOO_LARGE: Final = Text("this file is larger than 1 MiB", "ce fichier dépasse 1 Mio")
_NOT_TEXT: Final = Text("this file is not text in UTF-8", "ce fichier n’est pas du texte en UTF-8")
_NOT_JSON: Final = Text(
    "line {line} cannot be read as JSON", "la ligne {line} ne se lit pas comme du JSON"
)
_DEEP: Final = Text("this file is nested too deeply", "ce fichier est trop imbriqué")
_NOT_THIS: Final = Text(
    "nothing of {kind} was found in this file", "rien de {kind} n’a été trouvé dans ce fichier"
)


def recognise(source: bytes, name: str, kind: str | None = None) -> Imported:
    """Return what the file *name* holds; *kind* says which program it is from.

    Raises:
        ForeignError: it cannot be read, or is of no program we know.
    """
    text = _decode(source)
    imported = _as(kind, text, name) if kind is not None else _guess(text, name)
    if not imported.drafts:
        raise ForeignError(_NOT_THIS, kind=imported.program)
    return imported


def _decode(source: bytes) -> str:
    if len(source) > MAX_BYTES:
        raise ForeignError(_TOO_LARGE)
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ForeignError(_NOT_TEXT) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _as(kind: str, text: str, name: str) -> Imported:
    if kind == "crontab":
        return crontab.translate(text, is_system=_is_system(name))
    if kind == "n8n":
        return workflows.translate(_json(text))
    data = read_foreign(text)
    if kind == "home-assistant":
        return automations.translate(data)
    if not github.looks_like(data):
        raise ForeignError(_NOT_THIS, kind=github.PROGRAM)
    return github.translate(data)


def _guess(text: str, name: str) -> Imported:
    if text.lstrip()[:1] in {"{", "["}:
        data = _json(text)
        if workflows.looks_like(data):
            return workflows.translate(data)
        return _of_data(data)
    if crontab.looks_like(text):
        return crontab.translate(text, is_system=_is_system(name))
    return _of_data(read_foreign(text))


def _of_data(data: Any) -> Imported:
    if github.looks_like(data):
        return github.translate(data)
    if automations.looks_like(data):
        return automations.translate(data)
    raise ForeignError(_UNKNOWN, hint=_UNKNOWN_HINT)


def _is_system(name: str) -> bool:
    """Say whether a crontab is one of the system, where each job names a user."""
    path = PurePath(name)
    return "cron.d" in path.parts or str(path) == "/etc/crontab"


def _json(text: str) -> Any:
    try:
        data = json.loads(text)
    except RecursionError:
        raise ForeignError(_DEEP) from None
    except ValueError as error:
        line = getattr(error, "lineno", 1)
        raise ForeignError(_NOT_JSON, line=line) from None
    return _clean(data, 0)


def _clean(value: Any, depth: int) -> Any:
    """Return *value* without lone surrogates, which no file could hold."""
    if depth > _DEEPEST:
        raise ForeignError(_DEEP)
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {_clean(name, depth): _clean(one, depth + 1) for name, one in value.items()}
    if isinstance(value, list):
        return [_clean(one, depth + 1) for one in value]
    return value
