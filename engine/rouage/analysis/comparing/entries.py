"""Triggers and steps compared: what came, what went, what changed places, what changed inside."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final, Literal

from rouage.analysis.comparing.alignment import Pair, align
from rouage.analysis.comparing.values import Side, ValueChanges, both
from rouage.analysis.sentences.parts import Teller
from rouage.analysis.sentences.steps import tell_steps
from rouage.analysis.sentences.triggers import tell_trigger
from rouage.catalog.grammar import ENGINE_WORDS, STEP_KEYS, TRIGGER_KEYS
from rouage.language import Text
from rouage.recipes.document import Path
from rouage.recipes.outline import find_word
from rouage.sdk.connector import ActionSpec, TriggerSpec

EntryKind = Literal["trigger", "step"]

_SUBJECTS: Final[Mapping[EntryKind, Text]] = {
    "trigger": Text("Start {number}, “{title}”", "Départ {number}, « {title} »"),
    "step": Text("Step {number}, “{title}”", "Étape {number}, « {title} »"),
}
_ADDED: Final[Mapping[EntryKind, Text]] = {
    "trigger": Text("New start: {said}", "Nouveau départ : {said}"),
    "step": Text("New step {number}: {said}", "Nouvelle étape {number} : {said}"),
}
_GONE: Final[Mapping[EntryKind, Text]] = {
    "trigger": Text("No longer a start: {said}", "Départ retiré : {said}"),
    "step": Text("Step removed: {said}", "Étape retirée : {said}"),
}
_MOVED: Final[Mapping[EntryKind, Text]] = {
    "trigger": Text(
        "{subject}: moved, it was number {old}", "{subject} : déplacé, c’était le {old}"
    ),
    "step": Text(
        "{subject}: moved, it was step {old}", "{subject} : déplacée, c’était l’étape {old}"
    ),
}
_PART: Final = Text("{subject}, {name}", "{subject}, {name}")
_BRANCH: Final = Text("branch {number}", "branche {number}")
# Steps that are counted on their own, beside those of `do`.
_ASIDE: Final[Mapping[str, Text]] = {
    "on_error": Text("{number} (on failure)", "{number} (en cas d’échec)"),
    "finally": Text("{number} (at the end)", "{number} (à la fin)"),
}


class Entries:
    """Compares lists of triggers or of steps, and the lists inside them."""

    def __init__(self, sides: tuple[Side, Side], *, kind: EntryKind) -> None:
        self._sides = sides
        self._kind: EntryKind = kind
        self._keys = TRIGGER_KEYS if kind == "trigger" else STEP_KEYS
        catalog = sides[1].catalog
        self._known: Mapping[str, ActionSpec | TriggerSpec] = (
            catalog.triggers if kind == "trigger" else catalog.actions
        )
        self._values = ValueChanges(sides)

    def compare(
        self,
        old: list[Mapping[str, Any]],
        new: list[Mapping[str, Any]],
        path: Path,
        *,
        inside: str = "",
    ) -> list[dict[str, Any]]:
        """Return the changes of one list; *inside* is the number of the step that holds it."""
        found: list[dict[str, Any]] = []
        for pair in align(old, new, self._word):
            found += self._pair(pair, old, new, path, inside)
        return found

    def _word(self, entry: Mapping[str, Any]) -> str | None:
        return find_word(entry, self._known, self._kind)

    def _pair(
        self,
        pair: Pair,
        old: list[Mapping[str, Any]],
        new: list[Mapping[str, Any]],
        path: Path,
        inside: str,
    ) -> list[dict[str, Any]]:
        if pair.new is None:
            assert pair.old is not None  # noqa: S101 - a pair has one side at least
            return [self._gone(old[pair.old], (*path, pair.old))]
        place, number = (*path, pair.new), f"{inside}{pair.new + 1}"
        aside = _ASIDE.get(str(path[-1]))
        number = number if aside is None else self._sides[1].say(aside, number=number)
        entry = new[pair.new]
        if pair.old is None:
            return [self._added(entry, place, number)]
        subject = self._subject(entry, number)
        found = []
        if pair.has_moved:
            facts = {"subject": subject, "old": f"{inside}{pair.old + 1}"}
            text = self._sentence(_MOVED[self._kind], **facts)
            found.append({"kind": "moved", "path": place, "text": text})
        return [*found, *self._inside(old[pair.old], entry, place, subject, number)]

    def _sentence(self, text: Text, **facts: str) -> str:
        teller = self._sides[1]
        return teller.voice.sentence(teller.say(text, **facts))

    def _subject(self, entry: Mapping[str, Any], number: str) -> str:
        return self._sides[1].say(_SUBJECTS[self._kind], number=number, title=self._title(entry))

    def _title(self, entry: Mapping[str, Any]) -> str:
        teller, name, word = self._sides[1], entry.get("name"), self._word(entry) or "…"
        if isinstance(name, str):
            return name
        spec = self._known.get(word)
        if spec is not None:
            return teller.say(spec.title)
        title: Text = ENGINE_WORDS.get(word, {}).get("title", Text(word, word))
        return teller.say(title)

    def _added(self, entry: Mapping[str, Any], path: Path, number: str) -> dict[str, Any]:
        said = self._told(self._sides[1], entry, path)
        text = self._sentence(_ADDED[self._kind], number=number, said=said)
        return {"kind": "added", "path": path, "text": text, "after": said}

    def _gone(self, entry: Mapping[str, Any], path: Path) -> dict[str, Any]:
        said = self._told(self._sides[0], entry, path)
        text = self._sentence(_GONE[self._kind], said=said)
        return {"kind": "removed", "path": path, "text": text, "before": said}

    def _told(self, teller: Teller, entry: Mapping[str, Any], path: Path) -> str:
        """Return *entry* as `rouage explain` tells it, on one line."""
        if self._kind == "trigger":
            return tell_trigger(teller, entry)
        lines = tell_steps(teller, [entry], path[:-1], 0)
        first = lines[0].text.partition(". ")[2]
        return " ".join([first, *(line.text for line in lines[1:])])

    # -- what changed inside one entry -----------------------------------------------------

    def _inside(
        self,
        old: Mapping[str, Any],
        new: Mapping[str, Any],
        path: Path,
        subject: str,
        number: str,
    ) -> list[dict[str, Any]]:
        words = self._word(old), self._word(new)
        if words[0] != words[1]:
            # Only a common id holds them together: the one is gone, the other has come.
            return [self._gone(old, path), self._added(new, path, number)]
        found: list[dict[str, Any]] = []
        for name in dict.fromkeys([*new, *old]):
            if old.get(name) == new.get(name):
                continue
            if name == words[1]:
                found += self._parameters(name, old.get(name), new.get(name), path, subject, number)
            else:
                found += self._common(name, old.get(name), new.get(name), path, subject, number)
        return found

    def _common(
        self, name: str, old: Any, new: Any, path: Path, subject: str, number: str
    ) -> list[dict[str, Any]]:
        if _are_steps(old) or _are_steps(new):
            steps = Entries(self._sides, kind="step")
            lists = _steps_of(old), _steps_of(new)
            return steps.compare(*lists, path=(*path, name), inside=f"{number}.")
        title: Text = self._keys.get(name, {}).get("title", Text(name, name))
        label = self._part(subject, title)
        return self._values.compare(label, old, new, (*path, name), key=name)

    def _part(self, subject: str, title: Text) -> str:
        teller = self._sides[1]
        said = teller.say(title)
        return teller.say(_PART, subject=subject, name=said[:1].lower() + said[1:])

    def _parameters(
        self, word: str, old: Any, new: Any, path: Path, subject: str, number: str
    ) -> list[dict[str, Any]]:
        spec, inner = self._known.get(word), (*path, word)
        if spec is None:
            return _Blocks(self, self._sides).compare(word, old, new, inner, subject, number)
        found: list[dict[str, Any]] = []
        before, after = both(old, new)
        for name in dict.fromkeys([*after, *before]):
            if name in before and name in after and before[name] == after[name]:
                continue
            declared = spec.parameters.specs.get(name)
            title = declared.title if declared is not None else None
            found += self._values.compare(
                self._part(subject, title or Text(name, name)),
                before.get(name),
                after.get(name),
                (*inner, name),
                say=partial(_say_parameter, name, spec),
                default=spec.parameters.defaults.get(name) or None,
                is_there=(name in before, name in after),
            )
        return found


class _Blocks:
    """Compares what stands below an engine word: its values, and the steps inside it."""

    def __init__(self, entries: Entries, sides: tuple[Side, Side]) -> None:
        self._entries = entries
        self._sides = sides
        self._values = ValueChanges(sides)

    def compare(
        self, word: str, old: Any, new: Any, path: Path, subject: str, number: str
    ) -> list[dict[str, Any]]:
        """Return the changes below *word*, at any depth."""
        if old == new:
            return []
        if _are_steps(old) and _are_steps(new):
            return self._entries.compare(old, new, path=path, inside=f"{number}.")
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            return self._names(word, old, new, path, subject, number)
        branches = _branches_of(old), _branches_of(new)
        if branches[0] and len(branches[0]) == len(branches[1]):
            return self._branches(*branches, path, subject, number)
        return self._values.compare(subject, old, new, path, key=str(path[-1]))

    def _names(
        self,
        word: str,
        old: Mapping[str, Any],
        new: Mapping[str, Any],
        path: Path,
        subject: str,
        number: str,
    ) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        declared = ENGINE_WORDS.get(word, {}).get("properties", {})
        teller = self._sides[1]
        for name in dict.fromkeys([*new, *old]):
            before, after = old.get(name), new.get(name)
            if _are_steps(before) or _are_steps(after):
                lists, place = (_steps_of(before), _steps_of(after)), (*path, name)
                found += self._entries.compare(*lists, path=place, inside=f"{number}.")
                continue
            title: Text = declared.get(name, {}).get("title", Text(name, name))
            said = teller.say(title)
            facts = {"subject": subject, "name": said[:1].lower() + said[1:]}
            inner = teller.say(_PART, **facts)
            found += self.compare("", before, after, (*path, name), inner, number)
        return found

    def _branches(
        self, old: Sequence[Any], new: Sequence[Any], path: Path, subject: str, number: str
    ) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        teller = self._sides[1]
        for place, (before, after) in enumerate(zip(old, new, strict=True)):
            branch = teller.say(_BRANCH, number=place + 1)
            inner = teller.say(_PART, subject=subject, name=branch)
            deeper = f"{number}.{place + 1}"
            found += self.compare("", before, after, (*path, place), inner, deeper)
        return found


def _say_parameter(name: str, spec: ActionSpec | TriggerSpec, teller: Teller, value: Any) -> str:
    return teller.said(name, value, spec)


def _are_steps(value: Any) -> bool:
    """Say whether *value* is a list of steps: mappings with one word that is no common key."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(
            isinstance(one, Mapping)
            and sum(key not in STEP_KEYS for key in one) == 1
            and not _is_branch(one)
            for one in value
        )
    )


def _steps_of(value: Any) -> list[Mapping[str, Any]]:
    return value if _are_steps(value) else []


def _branches_of(value: Any) -> Sequence[Any]:
    """Return *value* if it is a list of branches, else nothing."""
    is_list = isinstance(value, list) and all(isinstance(one, Mapping) for one in value)
    return value if is_list else ()


def _is_branch(entry: Mapping[str, Any]) -> bool:
    return "do" in entry
