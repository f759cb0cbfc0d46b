"""A recipe read back as plain sentences, every key of it (authoring L7).

The phrases are those that connectors declare; the engine's own words have theirs here. What
has no sentence is said as it is written: nothing is passed over in silence.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rouage.analysis.sentences.braking import tell_brakes
from rouage.analysis.sentences.expressions import Names
from rouage.analysis.sentences.inputs import labels_of, tell_inputs
from rouage.analysis.sentences.keeping import tell_keep
from rouage.analysis.sentences.origin import tell_origin
from rouage.analysis.sentences.parts import Teller
from rouage.analysis.sentences.steps import tell_failure, tell_retry, tell_steps, tell_timeout
from rouage.analysis.sentences.triggers import tell_trigger
from rouage.analysis.sentences.voice import Keys, Line
from rouage.catalog.catalog import Catalog
from rouage.language import Language, Text
from rouage.records import dataclass
from rouage.sdk.json import JSON

_INDENT: Final = "   "
_IDENTITY: Final = Text("Its identity is {name}", "Son identité est {name}")
_TAGS: Final = Text("It is filed under {said}", "Elle est classée sous {said}")
_OFF: Final = Text("It is switched off", "Elle est en sommeil")
_ON: Final = Text("It is switched on", "Elle est active")
_ZONE: Final = Text("Its time zone is {said}", "Son fuseau horaire est {said}")
_FORMAT: Final = Text("It is written in format {number}", "Elle est écrite au format {number}")
_INPUTS: Final = Text("What the user fills in", "Ce que l’utilisateur remplit")
_VARS: Final = Text("At the start of each run: {said}", "Au début de chaque exécution : {said}")
_NO_START: Final = Text("It does not start by itself", "Elle ne part pas toute seule")
_SEVERAL: Final = Text("It starts in each of these cases", "Elle part dans chacun de ces cas")
_ONLY_IF: Final = Text("Only if {condition}", "Seulement si {condition}")
_DO: Final = Text("Then", "Alors")
_ON_ERROR: Final = Text("If the run fails", "Si l’exécution échoue")
_FINALLY: Final = Text("At the end, whatever happened", "À la fin, quoi qu’il soit arrivé")
_OUTPUTS: Final = Text("It gives back {said}", "Elle rend {said}")
_TIMEOUT: Final = Text(
    "A run that takes longer than {for} fails", "Une exécution de plus de {for} échoue"
)
_DEFAULTS: Final = Text(
    "For every step that does not say otherwise", "Pour chaque étape qui ne dit rien d’autre"
)
_MODES: Final[Mapping[str, Text]] = {
    "queued": Text("Runs go one after the other", "Les exécutions vont l’une après l’autre"),
    "single": Text(
        "While one runs, further events are left out",
        "Tant que l’une est en cours, les autres événements sont laissés de côté",
    ),
    "restart": Text(
        "A new event ends the present run and starts anew",
        "Un nouvel événement met fin à l’exécution en cours et recommence",
    ),
    "parallel": Text("Several runs go at once", "Plusieurs exécutions vont à la fois"),
    "latest": Text(
        "While one runs, only the newest event waits",
        "Tant que l’une est en cours, seul le dernier événement attend",
    ),
}
_BY_KEY: Final = Text("separately by {said}", "séparément selon {said}")
_AT_MOST: Final = Text("{count} at most", "{count} au plus")
_FULL: Final[Mapping[str, Text]] = {
    "refuse": Text("beyond that, the sender is told", "au-delà, l’expéditeur est prévenu"),
    "skip": Text(
        "beyond that, new events are left out",
        "au-delà, les nouveaux événements sont laissés de côté",
    ),
    "replace_oldest": Text(
        "beyond that, the one that waits longest gives way",
        "au-delà, celui qui attend depuis le plus longtemps cède sa place",
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Story:
    """A recipe in sentences, in the order of a run."""

    language: Language
    lines: tuple[Line, ...]

    @property
    def text(self) -> str:
        """Return the sentences as people read them: indented below what they belong to."""
        return "\n".join(f"{_INDENT * line.depth}{line.text}" for line in self.lines)

    def to_json(self) -> list[JSON]:
        """Return each sentence with the place in the recipe that it tells of."""
        return [
            {"path": ".".join(map(str, line.path)), "depth": line.depth, "text": line.text}
            for line in self.lines
        ]


def tell(data: Mapping[str, Any], catalog: Catalog, language: Language) -> Story:
    """Return the recipe *data*, as it was read from its file, in sentences."""
    names = Names(labels=labels_of(data.get("inputs")))
    story = _Story(Teller(catalog, language, names), Keys(data))
    return Story(language=language, lines=tuple(story.lines()))


class _Story:
    def __init__(self, teller: Teller, keys: Keys) -> None:
        self._teller = teller
        self._keys = keys

    def lines(self) -> list[Line]:
        """Return all sentences."""
        # Editors read it, the engine does not: it says nothing about the recipe.
        self._keys.take("$schema")
        lines = [
            *self._head(),
            *tell_origin(self._teller, self._keys.take("gallery")),
            *self._inputs(),
            *self._triggers(),
            *self._condition(),
            *self._list("do", _DO),
            *self._list("on_error", _ON_ERROR),
            *self._list("finally", _FINALLY),
            *self._defaults(),
            *self._limits(),
            *tell_brakes(self._teller, self._keys.take("trust"), self._keys.take("limits")),
            *tell_keep(self._teller, self._keys.take("keep")),
        ]
        unsaid = self._teller.unsaid(self._keys)
        return [*lines, Line(depth=0, text=unsaid)] if unsaid else lines

    def _sentence(self, text: Text, /, **facts: object) -> str:
        return self._teller.voice.sentence(self._teller.say(text, **facts))

    def _head(self) -> list[Line]:
        take, quote = self._keys.take, self._teller.voice.quote
        name, about = take("name"), take("description")
        lines = []
        if name is not None:
            heading = quote(name)
            text = heading if about is None else f"{self._teller.voice.colon(heading)} {about}"
            lines.append(Line(depth=0, text=text, path=("name",)))
        told = []
        identity, tags = take("id"), take("tags")
        enabled, zone, version = take("enabled"), take("timezone"), take("rouage")
        if identity is not None:
            told.append(("id", self._sentence(_IDENTITY, name=quote(identity))))
        if tags:
            said = self._teller.values.value(tags)
            told.append(("tags", self._sentence(_TAGS, said=said)))
        if enabled is not None:
            told.append(("enabled", self._sentence(_ON if enabled else _OFF)))
        if zone is not None:
            told.append(("timezone", self._sentence(_ZONE, said=zone)))
        if version is not None:
            told.append(("rouage", self._sentence(_FORMAT, number=version)))
        return [*lines, *(Line(depth=0, text=text, path=(key,)) for key, text in told)]

    def _inputs(self) -> list[Line]:
        teller, lines = self._teller, list[Line]()
        inputs, variables = self._keys.take("inputs"), self._keys.take("vars")
        if inputs:
            heading = teller.voice.colon(teller.say(_INPUTS))
            lines.append(Line(depth=0, text=heading, path=("inputs",)))
            lines += tell_inputs(teller, inputs, ("inputs",), 1)
        if variables:
            said = teller.values.value(variables)
            lines.append(Line(depth=0, text=self._sentence(_VARS, said=said), path=("vars",)))
        return lines

    def _triggers(self) -> list[Line]:
        given = self._keys.take("when")
        listed = [one for one in given or () if isinstance(one, Mapping)]
        told = [tell_trigger(self._teller, one) for one in listed]
        if not told:
            return [Line(depth=0, text=self._sentence(_NO_START), path=("when",))]
        if len(told) == 1:
            return [Line(depth=0, text=told[0], path=("when", 0))]
        heading = self._teller.voice.colon(self._teller.say(_SEVERAL))
        cases = [
            Line(depth=1, text=f"- {text}", path=("when", number))
            for number, text in enumerate(told)
        ]
        return [Line(depth=0, text=heading, path=("when",)), *cases]

    def _condition(self) -> list[Line]:
        condition = self._keys.take("if")
        if condition is None:
            return []
        said = self._teller.phrases.condition(condition)
        return [Line(depth=0, text=self._sentence(_ONLY_IF, condition=said), path=("if",))]

    def _list(self, name: str, text: Text) -> list[Line]:
        steps = self._keys.take(name)
        if not steps:
            return []
        heading = self._teller.voice.colon(self._teller.say(text))
        return [
            Line(depth=0, text=heading, path=(name,)),
            *tell_steps(self._teller, steps, (name,), 1),
        ]

    def _defaults(self) -> list[Line]:
        given = self._keys.take("defaults")
        if not isinstance(given, Mapping):
            return []
        keys, teller, path = Keys(given), self._teller, ("defaults",)
        told: list[str] = []
        inner: list[Line] = []
        retry, timeout, on_error = keys.take("retry"), keys.take("timeout"), keys.take("on_error")
        if retry is not None:
            told.append(tell_retry(teller, retry))
        if timeout is not None:
            told.append(tell_timeout(teller, timeout))
        if on_error is not None:
            failure, inner = tell_failure(teller, on_error, (*path, "on_error"), 1)
            told.append(failure)
        heading = teller.voice.colon(teller.say(_DEFAULTS))
        said = " ".join(filter(None, [heading, *told, teller.unsaid(keys)]))
        return [Line(depth=0, text=said, path=path), *inner]

    def _limits(self) -> list[Line]:
        take, lines = self._keys.take, list[Line]()
        concurrency, timeout, outputs = take("concurrency"), take("timeout"), take("outputs")
        if isinstance(concurrency, Mapping):
            text = self._concurrency(Keys(concurrency))
            lines.append(Line(depth=0, text=text, path=("concurrency",)))
        if timeout is not None:
            facts = {"for": self._teller.voice.duration(timeout)}
            lines.append(Line(depth=0, text=self._sentence(_TIMEOUT, **facts), path=("timeout",)))
        if outputs:
            said = self._teller.values.value(outputs)
            lines.append(Line(depth=0, text=self._sentence(_OUTPUTS, said=said), path=("outputs",)))
        return lines

    def _concurrency(self, keys: Keys) -> str:
        teller = self._teller
        mode = str(keys.take("mode") or "queued")
        parts: Sequence[str] = [teller.say(_MODES.get(mode, Text(mode, mode)))]
        key, most, full = keys.take("key"), keys.take("max"), keys.take("when_full")
        if key is not None:
            parts = [*parts, teller.say(_BY_KEY, said=self._key(str(key)))]
        if most is not None:
            parts = [*parts, teller.say(_AT_MOST, count=most)]
        if full is not None:
            parts = [*parts, teller.say(_FULL.get(str(full), Text(str(full), str(full))))]
        sentence = teller.voice.sentence(", ".join(parts))
        return " ".join(filter(None, [sentence, teller.unsaid(keys)]))

    def _key(self, key: str) -> str:
        if "${{" in key:
            return self._teller.values.value(key)
        return self._teller.phrases.value(key)
