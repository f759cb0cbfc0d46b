"""The steps of a recipe in sentences, each with its number and with all its common keys."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rouage.analysis.sentences.braking import tell_hold
from rouage.analysis.sentences.parts import Teller
from rouage.analysis.sentences.voice import Keys, Line
from rouage.catalog.grammar import ENGINE_WORDS
from rouage.language import Text
from rouage.recipes.document import Path
from rouage.recipes.outline import find_word

_UNKNOWN: Final = Text(
    "{word} (not installed here), with {said}",
    "{word} (absent de cette installation), avec {said}",
)
_IF: Final = Text("if {condition}, {rest}", "si {condition}, {rest}")
_TITLED: Final = Text("{name}: {rest}", "{name} : {rest}")
_RESULT: Final = Text("Its result is called {name}", "Son résultat s’appelle {name}")
_OFF: Final = Text("(This step is switched off.)", "(Cette étape est en sommeil.)")
_ON: Final = Text("(This step is switched on.)", "(Cette étape est active.)")
_TIMEOUT: Final = Text("It may take {for} at most", "Cela peut durer {for} au plus")
_ONCE: Final = Text(
    "It is done once only, told by {key}, in all recipes together",
    "Cela n’est fait qu’une fois, reconnu à {key}, toutes recettes confondues",
)
_RETRY: Final = Text(
    "A passing failure is tried again {times}", "Un échec passager est réessayé {times}"
)
_TIMES: Final = (Text("time", "fois"), Text("times", "fois"))
_RETRY_WAIT: Final = Text("after {for}", "après {for}")
_RETRY_BACKOFF: Final = Text(
    "each pause {count} times the one before", "chaque pause durant {count} fois la précédente"
)
_RETRY_JITTER: Final = Text("give or take {count} %", "à {count} % près, au hasard")
_RETRY_MOST: Final = Text("no pause longer than {for}", "sans pause de plus de {for}")
_RETRY_TOTAL: Final = Text("for {for} in all", "pendant {for} en tout")
_RETRY_KINDS: Final = Text("only for {said}", "seulement pour {said}")
_RETRY_IF: Final = Text("only if {said}", "seulement si {said}")
_FAILS: Final[Mapping[str, Text]] = {
    "stop": Text("If it fails, the run fails", "En cas d’échec, l’exécution échoue"),
    "continue": Text("If it fails, the run goes on", "En cas d’échec, l’exécution continue"),
}
_SUBSTITUTE: Final = Text(
    "If it fails, the run goes on as if its result were {said}",
    "En cas d’échec, l’exécution continue comme si son résultat était {said}",
)
_IF_IT_FAILS: Final = Text("If it fails", "En cas d’échec")


def tell_steps(teller: Teller, steps: Any, path: Path, depth: int) -> list[Line]:
    """Return the sentences of a list of steps, numbered."""
    lines: list[Line] = []
    for number, entry in enumerate(steps if isinstance(steps, list) else ()):
        if isinstance(entry, Mapping):
            lines += _Step(teller, entry, (*path, number), depth).lines(number + 1)
    return lines


def tell_retry(teller: Teller, given: Any) -> str:
    """Return the sentence of `retry`."""
    keys = Keys(given if isinstance(given, Mapping) else {"times": given})
    take, say = keys.take, teller.say
    times = teller.voice.count(take("times") or 0, *_TIMES)
    parts = [say(_RETRY, times=times)]
    wait, backoff, jitter = take("wait"), take("backoff"), take("jitter")
    if wait is not None:
        parts.append(_for(teller, _RETRY_WAIT, wait))
    if backoff is not None:
        parts.append(say(_RETRY_BACKOFF, count=teller.values.value(backoff)))
    if jitter is not None:
        parts.append(say(_RETRY_JITTER, count=round(float(jitter) * 100)))
    for name, text in (("max_wait", _RETRY_MOST), ("max_total", _RETRY_TOTAL)):
        value = take(name)
        if value is not None:
            parts.append(_for(teller, text, value))
    when = take("when")
    if isinstance(when, str):
        parts.append(say(_RETRY_IF, said=teller.phrases.condition(when)))
    elif when is not None:
        parts.append(say(_RETRY_KINDS, said=teller.values.value(when)))
    return " ".join(filter(None, [teller.voice.sentence(", ".join(parts)), teller.unsaid(keys)]))


def tell_timeout(teller: Teller, given: Any) -> str:
    """Return the sentence of `timeout`."""
    return teller.voice.sentence(_for(teller, _TIMEOUT, given))


def tell_failure(teller: Teller, given: Any, path: Path, depth: int) -> tuple[str, list[Line]]:
    """Return the sentence of `on_error`, and the steps below it."""
    if isinstance(given, list):
        opening = teller.voice.colon(teller.say(_IF_IT_FAILS))
        steps = tell_steps(teller, given, path, depth + 1)
        return "", [Line(depth=depth, text=opening, path=path), *steps]
    if isinstance(given, Mapping):
        said = teller.values.value(given.get("continue"))
        return teller.voice.sentence(teller.say(_SUBSTITUTE, said=said)), []
    text = _FAILS.get(str(given), Text(str(given), str(given)))
    return teller.voice.sentence(teller.say(text)), []


def _for(teller: Teller, text: Text, duration: Any) -> str:
    return teller.say(text, **{"for": teller.voice.duration(duration)})


class _Step:
    def __init__(self, teller: Teller, entry: Mapping[str, Any], path: Path, depth: int) -> None:
        self._teller = teller
        self._entry = entry
        self._keys = Keys(entry)
        self._path = path
        self._depth = depth

    def lines(self, number: int) -> list[Line]:
        """Return the sentences of the step: its own, and those of the steps inside."""
        phrase, tails, inner = self._word()
        sentences: Sequence[str] = [
            self._opening(phrase),
            *tails,
            *self._common(),
        ]
        failure, handlers = "", list[Line]()
        on_error = self._keys.take("on_error")
        if on_error is not None:
            place = (*self._path, "on_error")
            failure, handlers = tell_failure(self._teller, on_error, place, self._depth + 1)
        said = [*sentences, failure, self._teller.unsaid(self._keys)]
        text = f"{number}. {' '.join(filter(None, said))}"
        return [Line(depth=self._depth, text=text, path=self._path), *inner, *handlers]

    def _word(self) -> tuple[str, list[str], list[Line]]:
        """Return the phrase of the step's word, further sentences, and the lines inside it."""
        teller, take = self._teller, self._keys.take
        word = find_word(self._entry, teller.catalog.actions, "step")
        if word is None:
            return "…", [], []
        spec = teller.catalog.actions.get(word)
        if spec is not None:
            return teller.use(spec, take(word)), [], []
        given = take(word)
        if word in ENGINE_WORDS:
            from rouage.analysis.sentences.blocks import tell_block

            return tell_block(teller, word, given, (*self._path, word), self._depth + 1)
        return (
            teller.say(_UNKNOWN, word=teller.voice.quote(word), said=teller.values.value(given)),
            [],
            [],
        )

    def _opening(self, phrase: str) -> str:
        name, condition = self._keys.take("name"), self._keys.take("if")
        teller = self._teller
        if condition is not None:
            said = teller.phrases.condition(condition)
            phrase = teller.say(_IF, condition=said, rest=phrase)
        if name is not None:
            phrase = teller.say(_TITLED, name=teller.voice.quote(name), rest=phrase)
        return teller.voice.sentence(phrase)

    def _common(self) -> list[str]:
        teller, take = self._teller, self._keys.take
        sentences = []
        identity, timeout, retry = take("id"), take("timeout"), take("retry")
        once, hold, enabled = take("once"), take("hold"), take("enabled")
        if identity is not None:
            name = teller.voice.quote(identity)
            sentences.append(teller.voice.sentence(teller.say(_RESULT, name=name)))
        if timeout is not None:
            sentences.append(tell_timeout(teller, timeout))
        if retry is not None:
            sentences.append(tell_retry(teller, retry))
        if once is not None:
            key = teller.values.value(once)
            sentences.append(teller.voice.sentence(teller.say(_ONCE, key=key)))
        if hold is not None:
            sentences.append(tell_hold(teller, hold))
        if enabled is not None:
            sentences.append(teller.say(_ON if enabled else _OFF))
        return sentences
