"""What all parts of a read-back recipe share: one language, the catalog, the names in use."""

import re
from collections.abc import Mapping
from typing import Any, Final

from rouage.analysis.sentences.expressions import Names, Phrases
from rouage.analysis.sentences.values import Values, in_language
from rouage.analysis.sentences.voice import Keys, Voice
from rouage.catalog.catalog import Catalog
from rouage.language import Language, Text
from rouage.sdk.connector import ActionSpec, TriggerSpec
from rouage.sdk.params import ParamSpec
from rouage.sdk.quantities import Duration

_PLACE: Final = re.compile(r"\{(\w+)\}")
_EVERY: Final = re.compile(r"(?:every|tous les) \{(\w+)\}")
_OPENERS: Final = frozenset("“«")
_ALSO: Final = Text("also: {said}", "et aussi : {said}")
_ANYTHING: Final = "*"
# How an English phrase begins that tells a time, not something that happens.
_TIMES: Final = re.compile(r"(?:every|on|at|nothing)\b")


class Teller:
    """Holds what it takes to tell one recipe in one language."""

    def __init__(self, catalog: Catalog, language: Language, names: Names) -> None:
        self.catalog = catalog
        self.voice = Voice(language)
        self.names = names
        self.phrases = Phrases(self.voice, names)
        self.values = Values(self.voice, self.phrases)

    def inside(self, item: str) -> "Teller":
        """Return the teller of what stands inside a loop over *item*."""
        return Teller(self.catalog, self.voice.language, self.names.with_item(item))

    def say(self, text: Text, /, **facts: object) -> str:
        """Return *text* in this language."""
        return self.voice.say(text, **facts)

    def unsaid(self, keys: Keys) -> str:
        """Return what no sentence was made for, as it is written: nothing is passed over."""
        return self._also(dict(keys.unsaid()))

    def _also(self, left: Mapping[str, Any]) -> str:
        if not left:
            return ""
        return self.voice.sentence(self.say(_ALSO, said=self.values.pairs(left)))

    def use(self, spec: ActionSpec | TriggerSpec, given: Any) -> str:
        """Return the phrase of a trigger or action, with all its parameters."""
        parameters: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
        template = spec.describe.fr if self.voice.language == "fr" else spec.describe.en
        template, named = self._without_unknown(template, spec, parameters)
        phrase = self._filled(template, spec, parameters)
        rest = [
            self._parameter(name, value, spec)
            for name, value in parameters.items()
            if name not in named
        ]
        if not rest:
            return phrase
        return f"{phrase} ({self._separated(rest)})"

    def happens(self, spec: TriggerSpec) -> bool:
        """Say whether the phrase of *spec* tells an event, not a time."""
        return _TIMES.match(spec.describe.en) is None

    def _separated(self, parts: list[str]) -> str:
        return ("; " if self.voice.language == "en" else " ; ").join(parts)

    def _without_unknown(
        self, template: str, spec: ActionSpec | TriggerSpec, given: Mapping[str, Any]
    ) -> tuple[str, set[str]]:
        """Return *template* without the places that mean “anything”, and the names it says."""
        named = set(_PLACE.findall(template))
        for name in list(named):
            value = given.get(name, spec.parameters.defaults.get(name))
            if value == _ANYTHING and f" {{{name}}} " in template:
                template = template.replace(f" {{{name}}} ", " ")
        return template, named

    def _plain_title(self, spec: ActionSpec | TriggerSpec) -> str:
        """Return the title of *spec*, for a phrase that has nothing to say at one of its places."""
        title = self.say(spec.title)
        return title[:1].lower() + title[1:]

    def _filled(
        self, template: str, spec: ActionSpec | TriggerSpec, given: Mapping[str, Any]
    ) -> str:
        named = _PLACE.findall(template)
        if any(given.get(name, spec.parameters.defaults.get(name)) is None for name in named):
            return self._plain_title(spec)
        every = _EVERY.match(template)
        if every is not None and every[1] in given:
            return self.voice.every(given[every[1]]) + template[every.end() :]
        facts = {}
        for found in _PLACE.finditer(template):
            name = found[1]
            value = given.get(name, spec.parameters.defaults.get(name))
            is_quoted = template[: found.start()].rstrip()[-1:] in _OPENERS
            facts[name] = self._said(name, value, spec, is_quoted=is_quoted)
        return self.say(Text(template, template), **facts)

    def _said(
        self, name: str, value: Any, spec: ActionSpec | TriggerSpec, *, is_quoted: bool = False
    ) -> str:
        own = in_language(value, self.voice.language)
        value = value if own is None else own
        declared: ParamSpec | None = spec.parameters.specs.get(name)
        is_duration = spec.parameters.types.get(name) is Duration
        if is_duration and isinstance(value, str) and "${{" not in value:
            return self.voice.duration(value)
        if is_quoted and isinstance(value, str):
            return self.values.text(value, quoted=False)
        return self.values.value(value, is_secret=declared is not None and declared.is_secret)

    def said(self, name: str, value: Any, spec: ActionSpec | TriggerSpec) -> str:
        """Return the value of one parameter of *spec* in words; a secret stays hidden."""
        return self._said(name, value, spec)

    def _parameter(self, name: str, value: Any, spec: ActionSpec | TriggerSpec) -> str:
        declared = spec.parameters.specs.get(name)
        title = declared.title if declared is not None else None
        label = name if title is None else self.say(title).lower()
        return f"{self.voice.colon(label)} {self._said(name, value, spec)}"
