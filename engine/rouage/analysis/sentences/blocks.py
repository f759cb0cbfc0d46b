"""The engine's own words in sentences: branches, loops, waits, questions, calls."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from rouage.analysis.sentences.inputs import tell_inputs
from rouage.analysis.sentences.parts import Teller
from rouage.analysis.sentences.steps import tell_steps
from rouage.analysis.sentences.triggers import opening
from rouage.analysis.sentences.voice import Keys, Line
from rouage.language import Text
from rouage.recipes.document import Path

Told = tuple[str, list[str], list[Line]]
"""The phrase of a step, further sentences beside it, and the lines below it."""


def tell_block(teller: Teller, word: str, given: Any, path: Path, depth: int) -> Told:
    """Return the engine word *word* in sentences."""
    return _TOLD[word](teller, given, path, depth)


def _keys(given: Any, first: str) -> Keys:
    """Return the entries of what may also be written as its *first* one alone."""
    return Keys(given if isinstance(given, Mapping) else {first: given})


def _for(teller: Teller, text: Text, duration: Any, **facts: object) -> str:
    said = teller.voice.duration(duration)
    if isinstance(duration, str) and "${{" in duration:
        said = teller.values.value(duration)
    return teller.say(text, **{"for": said}, **facts)


def _closed(teller: Teller, sentences: list[str], keys: Keys) -> list[str]:
    told = [teller.voice.sentence(one) for one in sentences]
    return [one for one in (*told, teller.unsaid(keys)) if one]


# -- branches ---------------------------------------------------------------------------------

_CHOOSE: Final = Text("depending on the case", "selon le cas")
_BRANCH: Final = Text("If {condition}", "Si {condition}")
_ELSE_IF: Final = Text("Otherwise, if {condition}", "Sinon, si {condition}")
_ELSE: Final = Text("Otherwise", "Sinon")
_PARALLEL: Final = Text("do several things at once", "faire plusieurs choses à la fois")
_NAMED_BRANCH: Final = Text("Branch {name}", "Branche {name}")
_JOIN: Final[Mapping[str, Text]] = {
    "all": Text("The run goes on when all are done", "La suite attend que toutes soient finies"),
    "any": Text(
        "The run goes on when the first one is done; the others stop",
        "La suite commence dès que l’une est finie ; les autres s’arrêtent",
    ),
}
_GROUP: Final = Text("do as one whole", "faire d’un seul tenant")


def _choose(teller: Teller, given: Any, path: Path, depth: int) -> Told:
    lines: list[Line] = []
    for number, branch in enumerate(given if isinstance(given, list) else ()):
        if not isinstance(branch, Mapping):
            continue
        keys = Keys(branch)
        condition, steps = keys.take("if"), keys.take("do")
        text = _ELSE if condition is None else _ELSE_IF if number else _BRANCH
        said = "" if condition is None else teller.phrases.condition(condition)
        heading = teller.voice.colon(teller.say(text, condition=said))
        place = (*path, number)
        extra = teller.unsaid(keys)
        lines.append(Line(depth=depth, text=f"{heading} {extra}".rstrip(), path=place))
        lines += tell_steps(teller, steps, (*place, "do"), depth + 1)
    return teller.voice.colon(teller.say(_CHOOSE)), [], lines


def _parallel(teller: Teller, given: Any, path: Path, depth: int) -> Told:
    keys = _keys(given, "branches")
    branches, join = keys.take("branches"), keys.take("join")
    lines: list[Line] = []
    for name, steps in branches.items() if isinstance(branches, Mapping) else ():
        place = (*path, "branches", name)
        heading = teller.say(_NAMED_BRANCH, name=teller.voice.quote(name))
        lines.append(Line(depth=depth, text=teller.voice.colon(heading), path=place))
        lines += tell_steps(teller, steps, place, depth + 1)
    tails = [] if join is None else [teller.say(_JOIN.get(str(join), Text(str(join), str(join))))]
    return teller.say(_PARALLEL), _closed(teller, tails, keys), lines


def _group(teller: Teller, given: Any, path: Path, depth: int) -> Told:
    keys = _keys(given, "do")
    lines = tell_steps(teller, keys.take("do"), (*path, "do"), depth)
    return teller.say(_GROUP), _closed(teller, [], keys), lines


# -- loops ------------------------------------------------------------------------------------

_FOR_EACH: Final = Text("for each item of {list}", "pour chaque élément de {list}")
_ITEM: Final = Text("called {name}", "appelé {name}")
_AT_ONCE: Final = Text("{count} at once", "{count} à la fois")
_ITEM_ERROR: Final[Mapping[str, Text]] = {
    "stop": Text(
        "The first item that fails ends the loop", "Le premier élément en échec arrête la boucle"
    ),
    "continue": Text("An item that fails is passed over", "Un élément en échec est laissé de côté"),
    "collect": Text(
        "All items are done, and the step fails if one of them did",
        "Tous les éléments sont traités, et l’étape échoue si l’un d’eux a échoué",
    ),
}
_TIMES: Final = Text("repeat {count} times", "répéter {count} fois")
_WHILE: Final = Text("repeat as long as {condition}", "répéter tant que {condition}")
_UNTIL: Final = Text("repeat until {condition}", "répéter jusqu’à ce point : {condition}")
_REPEAT: Final = Text("repeat", "répéter")
_PAUSE: Final = Text("with {for} between two turns", "avec {for} entre deux tours")
_MOST_TURNS: Final = Text("{count} turns at most", "{count} tours au plus")


def _for_each(teller: Teller, given: Any, path: Path, depth: int) -> Told:
    keys = _keys(given, "in")
    parts = [teller.say(_FOR_EACH, list=teller.values.value(keys.take("in")))]
    name, most, failing = keys.take("as"), keys.take("max_parallel"), keys.take("on_item_error")
    if name is not None:
        parts.append(teller.say(_ITEM, name=teller.voice.quote(name)))
    if most is not None:
        parts.append(teller.say(_AT_ONCE, count=most))
    tails = []
    if failing is not None:
        tails.append(teller.say(_ITEM_ERROR.get(str(failing), Text(str(failing), str(failing)))))
    inside = teller.inside(str(name or "item"))
    lines = tell_steps(inside, keys.take("do"), (*path, "do"), depth)
    return ", ".join(parts), _closed(teller, tails, keys), lines


def _repeat(teller: Teller, given: Any, path: Path, depth: int) -> Told:
    keys = _keys(given, "times")
    parts = []
    times = keys.take("times")
    if times is not None:
        parts.append(teller.say(_TIMES, count=teller.values.value(times)))
    for name, text in (("while", _WHILE), ("until", _UNTIL)):
        condition = keys.take(name)
        if condition is not None:
            parts.append(teller.say(text, condition=teller.phrases.condition(condition)))
    if not parts:
        parts.append(teller.say(_REPEAT))
    pause, most = keys.take("wait"), keys.take("max")
    if pause is not None:
        parts.append(_for(teller, _PAUSE, pause))
    if most is not None:
        parts.append(teller.say(_MOST_TURNS, count=most))
    lines = tell_steps(teller, keys.take("do"), (*path, "do"), depth)
    return ", ".join(parts), _closed(teller, [], keys), lines


# -- waiting ----------------------------------------------------------------------------------

_WAIT_FOR: Final = Text("wait for {for}", "attendre {for}")
_WAIT_UNTIL: Final = Text("wait until {time}", "attendre jusqu’à {time}")
_WAIT_OPEN: Final = Text(
    "wait until the next opening of the business",
    "attendre la prochaine ouverture de l’entreprise",
)
_WAIT_EVENT: Final = Text("wait for this: {phrase}", "attendre ce moment : {phrase}")
_WAIT_IF: Final = Text("and {condition}", "et {condition}")
_WAIT: Final = Text("wait", "attendre")
_AT_MOST: Final = Text("for {for} at most", "pendant {for} au plus")
_TIME_IS_UP: Final = Text("When time is up", "Passé ce délai")
_ON_TIMEOUT: Final[Mapping[str, Text]] = {
    "stop": Text("When time is up, the step fails", "Passé ce délai, l’étape échoue"),
    "continue": Text(
        "When time is up, the run goes on without it", "Passé ce délai, la suite s’en passe"
    ),
    "refuse": Text("When time is up, it counts as a no", "Passé ce délai, cela vaut refus"),
    "escalate": Text(
        "When time is up, others are asked", "Passé ce délai, d’autres sont interrogés"
    ),
}


def _wait(teller: Teller, given: Any, path: Path, depth: int) -> Told:
    keys = _keys(given, "for")
    parts = []
    length, until, event = keys.take("for"), keys.take("until"), keys.take("event")
    if length is not None:
        parts.append(_for(teller, _WAIT_FOR, length))
    if until == "open":
        parts.append(teller.say(_WAIT_OPEN))
    elif until is not None:
        parts.append(teller.say(_WAIT_UNTIL, time=teller.values.value(until)))
    if isinstance(event, Mapping):
        inner = Keys(event)
        phrase, _ = opening(teller, event, inner)
        extra = teller.unsaid(inner)
        parts.append(teller.say(_WAIT_EVENT, phrase=f"{phrase} {extra}".rstrip(" .")))
    condition = keys.take("if")
    if condition is not None:
        parts.append(teller.say(_WAIT_IF, condition=teller.phrases.condition(condition)))
    tails, lines = _timed_out(teller, keys, parts, path, depth)
    return ", ".join(parts) or teller.say(_WAIT), _closed(teller, tails, keys), lines


def _timed_out(
    teller: Teller, keys: Keys, parts: list[str], path: Path, depth: int
) -> tuple[list[str], list[Line]]:
    """Add the time limit to *parts*; return what follows when it is passed."""
    timeout, outcome = keys.take("timeout"), keys.take("on_timeout")
    if timeout is not None:
        parts.append(_for(teller, _AT_MOST, timeout))
    if outcome is None:
        return [], []
    if isinstance(outcome, list):
        place = (*path, "on_timeout")
        heading = Line(depth=depth, text=teller.voice.colon(teller.say(_TIME_IS_UP)), path=place)
        return [], [heading, *tell_steps(teller, outcome, place, depth + 1)]
    return [teller.say(_ON_TIMEOUT.get(str(outcome), Text(str(outcome), str(outcome))))], []


# -- people -----------------------------------------------------------------------------------

_ASK: Final = Text("ask for approval: {question}", "demander une validation : {question}")
_SHOW: Final = Text("With it, {said} is shown", "On y joint {said}")
_FIELDS: Final = Text("To fill in or correct", "À remplir ou à corriger")
_VIA: Final = Text("People are told by {said}", "On prévient par {said}")
_FROM: Final = Text("Only {said} may answer", "Seuls peuvent répondre : {said}")
_THEN: Final = Text("The next to be asked: {said}", "Les suivants à interroger : {said}")
_REMIND: Final = Text("A reminder goes out {every}", "Une relance part {every}")
_NEED: Final = Text("{count} people must say yes", "Il faut l’accord de {count} personnes")
_NEED_ONE: Final = Text("One person must say yes", "Il faut l’accord d’une personne")


def _approve(teller: Teller, given: Any, path: Path, depth: int) -> Told:
    keys = _keys(given, "ask")
    parts = [teller.say(_ASK, question=teller.voice.quote(_plain(teller, keys.take("ask"))))]
    tails, lines = _timed_out(teller, keys, parts, path, depth)
    fields = keys.take("fields")
    told = []
    for name, text in (("show", _SHOW), ("via", _VIA), ("from", _FROM), ("then", _THEN)):
        value = keys.take(name)
        if value is not None:
            told.append(teller.say(text, said=teller.values.value(value)))
    remind, need = keys.take("remind"), keys.take("need")
    if remind is not None:
        told.append(teller.say(_REMIND, every=teller.voice.every(remind)))
    if need is not None:
        told.append(teller.say(_NEED_ONE if need == 1 else _NEED, count=need))
    if fields is not None:
        place = (*path, "fields")
        heading = teller.voice.colon(teller.say(_FIELDS))
        asked = [Line(depth=depth, text=heading, path=place)]
        lines = [*asked, *tell_inputs(teller, fields, place, depth + 1), *lines]
    return ", ".join(parts), _closed(teller, [*told, *tails], keys), lines


def _plain(teller: Teller, value: Any) -> str:
    """Return a text without quotes of its own."""
    return teller.values.text(value, quoted=False) if isinstance(value, str) else str(value)


# -- other recipes, values, the end -----------------------------------------------------------

_CALL: Final = Text("run the recipe {name}", "exécuter la recette {name}")
_CALL_WITH: Final = Text("with {said}", "avec {said}")
_BACKGROUND: Final = Text("without waiting for its end", "sans attendre sa fin")
_FOREGROUND: Final = Text("and wait for its end", "et attendre sa fin")
_EMIT: Final = Text("emit the event {name}", "émettre l’événement {name}")
_SET: Final = Text("note {said}", "noter {said}")
_STOP: Final = Text("stop here", "arrêter ici")
_STOP_SAYING: Final = Text("stop here: {text}", "arrêter ici : {text}")
_ENDED: Final[Mapping[str, Text]] = {
    "succeeded": Text("The run counts as succeeded", "L’exécution compte comme réussie"),
    "failed": Text("The run counts as failed", "L’exécution compte comme échouée"),
    "skipped": Text("The run counts as left out", "L’exécution compte comme laissée de côté"),
}
_GIVES: Final = Text("It gives back {said}", "Elle rend {said}")


def _call(teller: Teller, given: Any, path: Path, depth: int) -> Told:
    del path, depth
    keys = _keys(given, "recipe")
    parts = [teller.say(_CALL, name=teller.voice.quote(keys.take("recipe")))]
    inputs, background = keys.take("inputs"), keys.take("background")
    if inputs is not None:
        parts.append(teller.say(_CALL_WITH, said=teller.values.value(inputs)))
    if background is not None:
        parts.append(teller.say(_BACKGROUND if background else _FOREGROUND))
    return ", ".join(parts), _closed(teller, [], keys), []


def _emit(teller: Teller, given: Any, path: Path, depth: int) -> Told:
    del path, depth
    keys = _keys(given, "name")
    parts = [teller.say(_EMIT, name=teller.voice.quote(keys.take("name")))]
    data = keys.take("data")
    if data is not None:
        parts.append(teller.say(_CALL_WITH, said=teller.values.value(data)))
    return ", ".join(parts), _closed(teller, [], keys), []


def _set(teller: Teller, given: Any, path: Path, depth: int) -> Told:
    del path, depth
    return teller.say(_SET, said=teller.values.value(given)), [], []


def _stop(teller: Teller, given: Any, path: Path, depth: int) -> Told:
    del path, depth
    keys = _keys({} if given is None else given, "text")
    text, result, outputs = keys.take("text"), keys.take("result"), keys.take("outputs")
    phrase = teller.say(_STOP)
    if text is not None:
        phrase = teller.say(_STOP_SAYING, text=teller.voice.quote(_plain(teller, text)))
    tails = []
    if result is not None:
        tails.append(teller.say(_ENDED.get(str(result), Text(str(result), str(result)))))
    if outputs is not None:
        tails.append(teller.say(_GIVES, said=teller.values.value(outputs)))
    return phrase, _closed(teller, tails, keys), []


_TOLD: Final[Mapping[str, Callable[[Teller, Any, Path, int], Told]]] = {
    "choose": _choose,
    "for_each": _for_each,
    "repeat": _repeat,
    "parallel": _parallel,
    "group": _group,
    "wait": _wait,
    "approve": _approve,
    "call": _call,
    "emit": _emit,
    "set": _set,
    "stop": _stop,
}
