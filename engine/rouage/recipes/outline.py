"""The shape of a recipe in code: each trigger and step has exactly one connector or engine word.

JSON Schema would say it badly; here a missing dash, a parameter at the wrong depth and a
misspelt action each get their own sentence. What comes out is the list of uses that the
other checks walk.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any, Final, Literal

from rouage.catalog.catalog import Catalog
from rouage.catalog.grammar import ENGINE_WORDS, STEP_KEYS, TRIGGER_KEYS
from rouage.catalog.similar import nearest
from rouage.problem import Range
from rouage.recipes.document import Path
from rouage.recipes.habits import ORDER, OWN_DO, report_habit
from rouage.recipes.remedies import add_dashes, add_parameters
from rouage.recipes.report import Report
from rouage.records import dataclass
from rouage.sdk.connector import ActionSpec, TriggerSpec

Kind = Literal["trigger", "step"]

_KEYS: Final[Mapping[Kind, Mapping[str, Any]]] = {"trigger": TRIGGER_KEYS, "step": STEP_KEYS}
_LISTS: Final[tuple[tuple[str, Kind], ...]] = (
    ("when", "trigger"),
    ("do", "step"),
    ("on_error", "step"),
    ("finally", "step"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """One trigger or step: where it stands, its word, and what was declared of the word.

    `spec` is None for an engine word. `handlers` are the steps of its `on_error`; `bodies` the
    steps inside an engine word, by where they stand below the step; `event` is the trigger
    that a `wait` names. `passes_over` says that the run goes on after its failure.
    """

    path: Path
    word: str
    entry: Mapping[str, Any]
    spec: ActionSpec | TriggerSpec | None
    handlers: "tuple[Use, ...]" = ()
    bodies: "Mapping[Path, tuple[Use, ...]]" = field(default_factory=dict)
    event: "Use | None" = None
    passes_over: bool = False

    @property
    def parameters(self) -> Any:
        """Return what stands below the word."""
        return self.entry[self.word]

    @property
    def parameters_path(self) -> Path:
        """Return where the parameters stand."""
        return (*self.path, self.word)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outline:
    """The triggers and steps of a recipe that are shaped as they should be.

    `every` holds all steps at any depth, `defaults` those of `on_error` in `defaults`. The
    lost ones were reported; what they would have given is not missed a second time.
    """

    triggers: tuple[Use, ...] = ()
    steps: tuple[Use, ...] = ()
    on_error: tuple[Use, ...] = ()
    finally_: tuple[Use, ...] = ()
    defaults: tuple[Use, ...] = ()
    every: tuple[Use, ...] = ()
    lost_triggers: int = 0
    lost_steps: int = 0
    lost_ids: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Words:
    """The keys of one entry, sorted by what they are."""

    known: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def outline(data: Mapping[str, Any], report: Report, catalog: Catalog) -> Outline:
    """Return the triggers and steps of *data*; report those that are misshapen."""
    defaults = data.get("defaults")
    common = defaults.get("on_error") if isinstance(defaults, Mapping) else None
    walker = _Walker(report, catalog, common or "stop")
    found = {
        name: walker.entries(data[name], (name,), kind) for name, kind in _LISTS if name in data
    }
    if isinstance(common, list):
        found["defaults"] = walker.entries(common, ("defaults", "on_error"), "step")
    lists = [found.get(name, ()) for name in ("do", "on_error", "finally", "defaults")]
    return Outline(
        triggers=found.get("when", ()),
        steps=lists[0],
        on_error=lists[1],
        finally_=lists[2],
        defaults=lists[3],
        every=tuple([step for steps in lists for step in deep(steps)]),
        lost_triggers=walker.lost["trigger"],
        lost_steps=walker.lost["step"],
        lost_ids=frozenset(walker.lost_ids),
    )


def find_word(entry: Mapping[str, Any], known: Collection[str], kind: Kind) -> str | None:
    """Return the word of *entry* that is no common key: one of *known*, else any other."""
    words = [key for key in entry if key not in _KEYS[kind]]
    installed = (word for word in words if word in known or word in ENGINE_WORDS)
    return next(installed, words[0] if words else None)


def deep(uses: Iterable[Use]) -> Iterator[Use]:
    """Yield *uses* and every step inside them, those of `on_error` included."""
    for use in uses:
        yield use
        for body in use.bodies.values():
            yield from deep(body)
        if use.handlers:
            yield from deep(use.handlers)


def bodies_of(word: str, parameters: Any) -> Iterator[tuple[Path, Any]]:
    """Yield the lists of steps inside the engine word *word*, with where each stands."""
    if word == "choose":
        branches = parameters if isinstance(parameters, list) else ()
        for number, branch in enumerate(branches):
            if isinstance(branch, Mapping) and "do" in branch:
                yield (word, number, "do"), branch["do"]
    elif isinstance(parameters, Mapping):
        yield from _named_bodies(word, parameters)


def _named_bodies(word: str, parameters: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    if word in {"for_each", "repeat", "group"} and "do" in parameters:
        yield (word, "do"), parameters["do"]
    branches = parameters.get("branches") if word == "parallel" else None
    if isinstance(branches, Mapping):
        for name, listed in branches.items():
            yield (word, "branches", name), listed
    if word in {"wait", "approve"} and isinstance(parameters.get("on_timeout"), list):
        yield (word, "on_timeout"), parameters["on_timeout"]


def _ids_in(entry: Any) -> Iterator[str]:
    """Yield the ids of the step *entry* and of what stands below it."""
    if isinstance(entry, Mapping):
        if isinstance(entry.get("id"), str):
            yield entry["id"]
        for inner in entry.values():
            yield from _ids_in(inner)
    elif isinstance(entry, list):
        for inner in entry:
            yield from _ids_in(inner)


class _Walker:
    def __init__(self, report: Report, catalog: Catalog, on_error: Any) -> None:
        self._report = report
        self._on_error = on_error
        self._catalog = catalog
        self.lost: dict[Kind, int] = {"trigger": 0, "step": 0}
        self.lost_ids: set[str] = set()

    def entries(self, listed: Any, path: Path, kind: Kind) -> tuple[Use, ...]:
        if not isinstance(listed, list):
            self.lost[kind] += 1
        if isinstance(listed, Mapping):
            first = next(iter(listed), None)
            place = (*path, first) if first is not None else path
            edits = add_dashes(self._report.positions, path, _KEYS[kind])
            self._report.key("RG203", place, name=path[-1], edits=edits)
            self._report.explain(path)
            return ()
        if not isinstance(listed, list):
            if listed is None or isinstance(listed, str):
                code = "RG224" if listed is None else "RG203"
                self._report.key(code, path, name=path[-1])
            return ()
        uses = []
        for number, entry in enumerate(listed):
            use = self._entry(entry, (*path, number), kind)
            if use is None:
                self._lose(entry, kind)
            else:
                uses.append(use)
        return tuple(uses)

    def _lose(self, entry: Any, kind: Kind) -> None:
        self.lost[kind] += 1
        if kind == "step":
            self.lost_ids.update(_ids_in(entry))

    def _entry(self, entry: Any, path: Path, kind: Kind) -> Use | None:
        if not isinstance(entry, Mapping):
            self._misshapen(entry, path, kind)
            return None
        words = self._sort(entry, kind)
        if len(words.known) == 1 and not words.unknown:
            return self._use(entry, words.known[0], path, kind)
        if words.unknown:
            self._unknown(entry, words, path, kind)
        elif len(words.known) > 1:
            self._several(words.known, path, kind)
        elif not self._report.is_explained(path):
            self._report.key("RG205", path, kind=kind)
        self._report.explain(path)
        return None

    def _misshapen(self, entry: Any, path: Path, kind: Kind) -> None:
        """Report an item that is no mapping: `- log.write` or `- log.write:hello`."""
        if isinstance(entry, str):
            for colon in (":", "："):
                word = entry.partition(colon)[0].strip()
                if colon in entry and self._is_known(word, kind):
                    self._report.value("RG207", path, name=word, written=entry[:60])
                    return
            if self._is_known(entry.strip(), kind):
                self._report.value("RG225", path, name=entry.strip(), kind=kind)
                return
        self._report.value("RG204", path, kind=kind)

    def _is_known(self, word: str, kind: Kind) -> bool:
        return word in self._ids(kind) or word in _KEYS[kind]

    def _ids(self, kind: Kind) -> Sequence[str]:
        if kind == "trigger":
            return list(self._catalog.triggers)
        return [*ENGINE_WORDS, *self._catalog.actions]

    def _spec(self, word: str, kind: Kind) -> ActionSpec | TriggerSpec | None:
        known: Mapping[str, Any] = (
            self._catalog.triggers if kind == "trigger" else self._catalog.actions
        )
        return known.get(word)

    def _sort(self, entry: Mapping[str, Any], kind: Kind) -> _Words:
        words, keys = _Words(), _KEYS[kind]
        for key in entry:
            if key in keys:
                continue
            if self._spec(key, kind) is not None or (kind == "step" and key in ENGINE_WORDS):
                words.known.append(key)
            else:
                words.unknown.append(key)
        return words

    def _use(self, entry: Mapping[str, Any], word: str, path: Path, kind: Kind) -> Use | None:
        spec = self._spec(word, kind)
        if self._report.is_explained(path):
            return None
        parameters = entry[word]
        if spec is not None and not self._has_parameters(spec, parameters, (*path, word)):
            return None
        if spec is None and report_habit(word, parameters, (*path, word), self._report):
            self._report.explain((*path, word))
            return None
        handlers: tuple[Use, ...] = ()
        if kind == "step" and isinstance(entry.get("on_error"), list):
            handlers = self.entries(entry["on_error"], (*path, "on_error"), kind)
        if spec is not None:
            return Use(
                path=path, word=word, entry=entry, spec=spec, handlers=handlers,
                passes_over=entry.get("on_error", self._on_error) != "stop",
            )  # fmt: skip
        bodies = {
            key: self.entries(listed, (*path, *key), "step")
            for key, listed in bodies_of(word, parameters)
        }
        event = self._event(word, parameters, (*path, word, "event"))
        return Use(
            path=path, word=word, entry=entry, spec=None, handlers=handlers, bodies=bodies,
            event=event, passes_over=entry.get("on_error", "stop") != "stop",
        )  # fmt: skip

    def _event(self, word: str, parameters: Any, path: Path) -> Use | None:
        """Return the trigger that a `wait` names."""
        if word != "wait" or not isinstance(parameters, Mapping) or "event" not in parameters:
            return None
        entry = parameters["event"]
        if entry is None:
            self._report.key("RG224", path, name="event")
            return None
        use = self._entry(entry, path, "trigger")
        for key in entry if use is not None else ():
            if key in TRIGGER_KEYS:
                # Only the trigger itself listens for a wait; `if` stands beside `event`.
                self._report.key("RG241", (*path, key), name=key)
        return use

    def _has_parameters(self, spec: ActionSpec | TriggerSpec, parameters: Any, path: Path) -> bool:
        if isinstance(parameters, Mapping):
            return True
        required = spec.parameters.required
        if parameters is None:
            if required and not self._report.is_lost(path):
                edits = add_parameters(self._report.positions, path, required, spec.example)
                names = ", ".join(required)
                self._report.key("RG212", path, names=names, owner=spec.id, edits=edits)
            return not required
        first = required[0] if required else next(iter(spec.parameters.names), "…")
        self._report.value("RG226", path, owner=spec.id, name=first)
        return False

    def _several(self, known: list[str], path: Path, kind: Kind) -> None:
        first: Range = self._report.positions.key((*path, known[0]))
        self._report.key(
            "RG206", (*path, known[1]), first=known[0], second=known[1], related=(first,), kind=kind
        )

    def _unknown(self, entry: Mapping[str, Any], words: _Words, path: Path, kind: Kind) -> None:
        """Report keys that are neither words nor common keys, each as what it may have been."""
        owner = words.known[0] if words.known else None
        parameters = self._parameters_of(owner, kind)
        for key in words.unknown:
            if kind == "step" and key in ORDER:
                self._report.key("RG245", (*path, key), name=key)
                continue
            if owner is None and kind == "step" and key in OWN_DO and len(entry) > 1:
                self._report.key("RG244", (*path, key), name=key)
                return
            if key in parameters:
                # A parameter at the depth of its action: said once for all of them.
                self._report.key("RG227", (*path, key), name=key, owner=owner)
                return
            if owner is None and not self._looks_common(key, entry, kind):
                self._unknown_word(key, path, kind)
                return
            known = _KEYS[kind]
            self._report.key(
                "RG213",
                (*path, key),
                name=key,
                kind=kind,
                owner=owner,
                suggestion=nearest(key, [word for word in known if word not in entry]),
            )

    def _parameters_of(self, owner: str | None, kind: Kind) -> Collection[str]:
        spec = self._spec(owner, kind) if owner is not None else None
        if spec is not None:
            return spec.parameters.names
        properties = ENGINE_WORDS.get(owner or "", {}).get("properties", {})
        return [str(name) for name in properties]

    def _looks_common(self, key: str, entry: Mapping[str, Any], kind: Kind) -> bool:
        """Say whether *key* is rather a misspelt common key than the word of the entry."""
        if "." in key or len(entry) == 1:
            return False
        return nearest(key, _KEYS[kind]) is not None and nearest(key, self._ids(kind)) is None

    def _unknown_word(self, key: str, path: Path, kind: Kind) -> None:
        other = self._catalog.triggers if kind == "step" else self._catalog.actions
        broken = self._catalog.find_broken(key)
        place = (*path, key)
        if key in other:
            self._report.key("RG222", place, name=key, kind=kind)
        elif broken is not None:
            self._report.key("RG603", place, name=key, connector=broken.name)
        else:
            code = "RG214" if kind == "trigger" else "RG210"
            self._report.key(code, place, name=key, suggestion=nearest(key, self._ids(kind)))
