"""YAML of other programs, read leniently but within limits: data only, never objects.

Tags stay as text in front of their value (`!secret name`), and `on` and `off` stay words.
"""

from typing import Any, Final

import yaml

from rouage.analysis.importing.foreign import ForeignError
from rouage.language import Text
from rouage.recipes.scalars import resolve_plain

MAX_BYTES: Final = 1024 * 1024
_DEEPEST: Final = 60
_MOST_NODES: Final = 60_000

_NOT_YAML: Final = Text(
    "line {line} cannot be read as YAML", "la ligne {line} ne se lit pas comme du YAML"
)
_TOO_MUCH: Final = Text(
    "this file is nested too deeply or holds too much", "ce fichier est trop imbriqué ou trop gros"
)
_ALIAS: Final = Text(
    "line {line}: “*{name}” repeats another part; write that part out first",
    "ligne {line} : « *{name} » répète une autre partie ; recopiez d’abord cette partie",
)
_PARSER_ERRORS: Final = (yaml.YAMLError, ValueError, OverflowError, IndexError, RecursionError)


def read_foreign(text: str) -> Any:
    """Return the data of the first document in *text*.

    Raises:
        ForeignError: it is no YAML, or more than fits.
    """
    loader = yaml.CBaseLoader(text) if yaml.__with_libyaml__ else yaml.BaseLoader(text)
    builder = _Builder()
    try:
        while (event := loader.get_event()) is not None:
            builder.take(event)
            if isinstance(event, yaml.DocumentEndEvent):
                break
    except ForeignError:
        raise
    except _PARSER_ERRORS as error:
        raise ForeignError(_NOT_YAML, line=_line(getattr(error, "problem_mark", None))) from error
    return builder.data


def _line(mark: Any) -> int:
    return 1 if mark is None else int(mark.line) + 1


class _Builder:
    """Makes data of the parser's events."""

    def __init__(self) -> None:
        self.data: Any = None
        self._open: list[tuple[Any, str | None]] = []
        self._keys: list[str | None] = []
        self._count = 0

    def take(self, event: Any) -> None:
        """Take one event."""
        if isinstance(event, yaml.AliasEvent):
            raise ForeignError(_ALIAS, line=_line(event.start_mark), name=event.anchor)
        if isinstance(event, yaml.ScalarEvent):
            self._add(_scalar(event))
        elif isinstance(event, yaml.MappingStartEvent):
            self._begin({})
        elif isinstance(event, yaml.SequenceStartEvent):
            self._begin([])
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._open.pop()
            self._keys.pop()

    def _begin(self, value: Any) -> None:
        self._add(value)
        self._open.append((value, None))
        self._keys.append(None)
        if len(self._open) > _DEEPEST:
            raise ForeignError(_TOO_MUCH)

    def _add(self, value: Any) -> None:
        self._count += 1
        if self._count > _MOST_NODES:
            raise ForeignError(_TOO_MUCH)
        if not self._open:
            self.data = value
            return
        parent = self._open[-1][0]
        if isinstance(parent, list):
            parent.append(value)
        elif self._keys[-1] is None:
            # A collection as a key has no place in data; its text does no harm.
            self._keys[-1] = value if isinstance(value, str) else str(value)
        else:
            parent[self._keys[-1]] = value
            self._keys[-1] = None


def _scalar(event: Any) -> Any:
    tag = event.tag
    if tag is not None and not tag.startswith("tag:yaml.org") and tag != "!":
        return f"{tag} {event.value}".strip()
    if event.style in {"'", '"', "|", ">"}:
        return event.value
    return resolve_plain(event.value)
