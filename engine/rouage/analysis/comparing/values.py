"""A value that changed, in a sentence: from what to what, or what is new in a list."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from rouage.analysis.sentences.parts import Teller
from rouage.language import Text
from rouage.recipes.document import Path

Side = Teller
Say = Callable[[Teller, Any], str]

_FROM_TO: Final = Text(
    "{subject}: {before} becomes {after}", "{subject} : {before} devient {after}"
)
_NOW: Final = Text("{subject}: now {after}", "{subject} : désormais {after}")
_ADDED: Final = Text("{subject}: added, {after}", "{subject} : ajout, {after}")
_GONE: Final = Text(
    "{subject}: removed (it was {before})", "{subject} : retrait (c’était {before})"
)
_ALSO: Final = Text("{subject}: now also {after}", "{subject} : désormais aussi {after}")
_NO_LONGER: Final = Text("{subject}: no longer {before}", "{subject} : plus de {before}")
_ORDERED: Final = Text("{subject}: another order, {after}", "{subject} : un autre ordre, {after}")
_BY_DEFAULT: Final = Text("{said} (the default)", "{said} (par défaut)")
_CONDITIONS: Final = frozenset({"if", "while", "until"})
_INNER: Final = Text("{subject}, {name}", "{subject}, {name}")
_DEEPEST: Final = 3


def both(old: Any, new: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return two values as mappings; anything else is an empty one."""
    return (
        old if isinstance(old, Mapping) else {},
        new if isinstance(new, Mapping) else {},
    )


class ValueChanges:
    """Tells what became of one value after another."""

    def __init__(self, sides: tuple[Side, Side]) -> None:
        self._sides = sides

    def compare(
        self,
        subject: str,
        old: Any,
        new: Any,
        path: Path,
        *,
        key: str | None = None,
        say: Say | None = None,
        default: Any = None,
        is_secret: bool = False,
        is_there: tuple[bool, bool] | None = None,
    ) -> list[dict[str, Any]]:
        """Return the changes from *old* to *new*; none if they are the same.

        *say* puts a value into words; *default* holds where none is given. The names of two
        mappings are told one by one.
        """
        was, is_ = is_there or (old is not None, new is not None)
        if was and is_ and old == new:
            return []
        telling = say or _sayer(key, is_secret=is_secret)
        told = _Told(self._sides, subject, path, telling)
        if was and is_ and isinstance(old, Mapping) and isinstance(new, Mapping):
            return self._names(subject, old, new, path, is_secret=is_secret)
        if was and is_:
            return told.listed(old, new) or [told.changed(old, new)]
        if default is not None:
            return [told.defaulted(old, new, default, was=was)]
        return [told.gone(old)] if was else [told.added(new)]

    def _names(
        self,
        subject: str,
        old: Mapping[str, Any],
        new: Mapping[str, Any],
        path: Path,
        *,
        is_secret: bool,
    ) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        teller = self._sides[1]
        for name in dict.fromkeys([*old, *new]):
            inner = teller.say(_INNER, subject=subject, name=teller.voice.quote(name))
            found += self.compare(
                inner,
                old.get(name),
                new.get(name),
                (*path, name),
                key=name,
                is_secret=is_secret,
                is_there=(name in old, name in new),
            )
        return found


class _Told:
    """The sentences about one value."""

    def __init__(self, sides: tuple[Side, Side], subject: str, path: Path, say: Say) -> None:
        self._sides = sides
        self._subject = subject
        self._path = path
        self._say = say

    def _sentence(self, text: Text, **facts: str) -> str:
        teller = self._sides[1]
        return teller.voice.sentence(teller.say(text, subject=self._subject, **facts))

    def _change(self, kind: str, text: Text, **facts: str) -> dict[str, Any]:
        values = {"before": facts.get("before"), "after": facts.get("after")}
        return {"kind": kind, "path": self._path, "text": self._sentence(text, **facts), **values}

    def _before(self, value: Any) -> str:
        return self._say(self._sides[0], value)

    def _after(self, value: Any) -> str:
        return self._say(self._sides[1], value)

    def added(self, new: Any) -> dict[str, Any]:
        return self._change("added", _ADDED, after=self._after(new))

    def gone(self, old: Any) -> dict[str, Any]:
        return self._change("removed", _GONE, before=self._before(old))

    def changed(self, old: Any, new: Any) -> dict[str, Any]:
        before, after = self._before(old), self._after(new)
        if before == after:
            # Two long texts may look alike in short, and two secrets are hidden alike.
            return self._change("changed", _NOW, after=after)
        return self._change("changed", _FROM_TO, before=before, after=after)

    def defaulted(self, old: Any, new: Any, default: Any, *, was: bool) -> dict[str, Any]:
        """Return the change of a value that one version leaves to its default."""
        teller = self._sides[1]
        before = self._before(old if was else default)
        after = self._after(default if was else new)
        if was:
            after = teller.say(_BY_DEFAULT, said=after)
        else:
            before = teller.say(_BY_DEFAULT, said=before)
        return self._change("changed", _FROM_TO, before=before, after=after)

    def listed(self, old: Any, new: Any) -> list[dict[str, Any]]:
        """Return what is new in a list and what is gone from it; nothing for other values.

        A list of one may be written without its brackets.
        """
        if not isinstance(old, list) and not isinstance(new, list):
            return []
        before, after = (one if isinstance(one, list) else [one] for one in (old, new))
        gone, more = _without(before, after), _without(after, before)
        if not gone and not more:
            return [self._change("changed", _ORDERED, after=self._after(after))]
        if len(gone) == len(before):
            return []
        found = []
        if more:
            found.append(self._change("changed", _ALSO, after=self._after(more)))
        if gone:
            found.append(self._change("changed", _NO_LONGER, before=self._before(gone)))
        return found


def _without(items: list[Any], others: list[Any]) -> list[Any]:
    left = [json.dumps(one, sort_keys=True, default=str) for one in others]
    rest = []
    for item in items:
        text = json.dumps(item, sort_keys=True, default=str)
        if text in left:
            left.remove(text)
        else:
            rest.append(item)
    return rest


def _sayer(key: str | None, *, is_secret: bool) -> Say:
    """Return what puts the value of *key* into words."""

    def say(teller: Teller, value: Any) -> str:
        if key in _CONDITIONS:
            return teller.voice.quote(teller.phrases.condition(value))
        if isinstance(value, str) and value[:1].isdigit():
            spoken = teller.voice.duration(value)
            if spoken != value:
                return spoken
        return teller.values.value(value, is_secret=is_secret)

    return say
