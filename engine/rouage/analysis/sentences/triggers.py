"""What starts a recipe, in sentences: each trigger, and what is done to its events first."""

from collections.abc import Mapping
from typing import Any, Final

from rouage.analysis.sentences.parts import Teller
from rouage.analysis.sentences.voice import Keys
from rouage.catalog.words import LEARNED
from rouage.language import Text
from rouage.recipes.outline import find_word

_WHEN: Final = Text("when {phrase}", "quand {phrase}")
_UNKNOWN: Final = Text(
    "{word} (not installed here), with {said}",
    "{word} (absent de cette installation), avec {said}",
)
_IF: Final = Text("if {condition}", "si {condition}")
_CALLED: Final = Text("This start is called {name}", "Ce départ s’appelle {name}")
_OFF: Final = Text("This start is switched off", "Ce départ est en sommeil")
_ON: Final = Text("This start is switched on", "Ce départ est actif")
_ONCE: Final = Text(
    "An event counts once only, told by {key}",
    "Un même événement ne compte qu’une fois, reconnu à {key}",
)
_WITHIN: Final = Text("for {for}", "pendant {for}")
_FOR_ALL: Final = Text("(in all recipes together)", "(toutes recettes confondues)")
_FOR_THIS: Final = Text("(in this recipe)", "(dans cette recette)")
_DEBOUNCE: Final = Text(
    "A burst counts once, after {for} of quiet", "Une rafale compte une fois, après {for} de calme"
)
_LATEST: Final = Text("and after {for} at the latest", "et au plus tard après {for}")
_EACH: Final = Text("separately by {key}", "séparément selon {key}")
_KEPT: Final[Mapping[str, Text]] = {
    "last": Text("(its last event is kept)", "(son dernier événement est gardé)"),
    "first": Text("(its first event is kept)", "(son premier événement est gardé)"),
}
_THROTTLE: Final = Text(
    "At most {rate}; the others are recorded, not run",
    "Au plus {rate} ; les autres sont notés, pas exécutés",
)
_PROBED: Final = Text(
    "Every {for} Rouage proves that this start still works",
    "À intervalles de {for}, Rouage vérifie que ce départ marche encore",
)
_EXPECTED: Final = Text(
    "You are told if fewer come than {rate}", "Vous êtes prévenu s’il en vient moins que {rate}"
)
_UNUSUAL: Final = Text(
    "You are told of an unusual silence", "Vous êtes prévenu d’un silence inhabituel"
)
_BATCH: Final = Text(
    "The events are gathered into batches", "Les événements sont rassemblés en lots"
)
_QUIET: Final = Text("closed after {for} of quiet", "clos après {for} de calme")
_AFTER: Final = Text("closed after {for}", "clos après {for}")
_FULL: Final = Text("closed at {count} events", "clos à {count} événements")
_BY: Final = Text("separately by {key}", "séparément selon {key}")
_MISSED: Final[Mapping[str, Text]] = {
    "last": Text(
        "Of what was missed while Rouage was stopped, the last is made up for",
        "De ce qui a été manqué pendant un arrêt, le dernier est rattrapé",
    ),
    "all": Text(
        "What was missed while Rouage was stopped is made up for",
        "Ce qui a été manqué pendant un arrêt est rattrapé",
    ),
    "skip": Text(
        "What was missed while Rouage was stopped is left",
        "Ce qui a été manqué pendant un arrêt est abandonné",
    ),
}
_AT_MOST: Final = Text("{count} at most", "{count} au plus")
_NOT_OLDER: Final = Text("not older than {for}", "pas plus vieux que {for}")


def tell_trigger(teller: Teller, entry: Mapping[str, Any]) -> str:
    """Return the sentences of one trigger."""
    keys = Keys(entry)
    phrase, is_event = opening(teller, entry, keys)
    first = teller.say(_WHEN, phrase=phrase) if is_event else phrase
    condition = keys.take("if")
    if condition is not None:
        first = f"{first}, {teller.say(_IF, condition=teller.phrases.condition(condition))}"
    sentences = [teller.voice.sentence(first), *_shaping(teller, keys)]
    name = keys.take("id")
    if name is not None:
        quoted = teller.voice.quote(name)
        sentences.append(teller.voice.sentence(teller.say(_CALLED, name=quoted)))
    enabled = keys.take("enabled")
    if enabled is not None:
        sentences.append(teller.voice.sentence(teller.say(_ON if enabled else _OFF)))
    return " ".join(filter(None, [*sentences, teller.unsaid(keys)]))


def opening(teller: Teller, entry: Mapping[str, Any], keys: Keys) -> tuple[str, bool]:
    """Return when the trigger of *entry* fires, and whether “when” belongs before it.

    It does before “a file arrives”, and does not before “every minute”.
    """
    word = find_word(entry, teller.catalog.triggers, "trigger")
    if word is None:
        return "…", True
    given = keys.take(word)
    spec = teller.catalog.triggers.get(word)
    if spec is None:
        said = teller.values.value(given)
        return teller.say(_UNKNOWN, word=teller.voice.quote(word), said=said), True
    return teller.use(spec, given), teller.happens(spec)


def _shaping(teller: Teller, keys: Keys) -> list[str]:
    told = [
        _once(teller, keys.take("once")),
        _debounce(teller, keys.take("debounce")),
        _throttle(teller, keys.take("throttle")),
        _batch(teller, keys.take("batch")),
        _missed(teller, keys.take("missed")),
        _alive(teller, keys.take("alive")),
    ]
    return [one for one in told if one]


def _whole(given: Any, first: str) -> Keys:
    """Return the entries of what may also be written as its *first* one alone."""
    return Keys(given if isinstance(given, Mapping) else {first: given})


def _once(teller: Teller, given: Any) -> str:
    if given is None:
        return ""
    keys = _whole(given, "key")
    clauses = [teller.say(_ONCE, key=teller.values.value(keys.take("key")))]
    within, scope = keys.take("within"), keys.take("scope")
    if within is not None:
        clauses[-1] += ","
        clauses.append(_for(teller, _WITHIN, within))
    if scope is not None:
        clauses.append(teller.say(_FOR_ALL if scope == "all" else _FOR_THIS))
    return _closed(teller, clauses, keys)


def _debounce(teller: Teller, given: Any) -> str:
    if given is None:
        return ""
    keys = _whole(given, "wait")
    clauses = [_for(teller, _DEBOUNCE, keys.take("wait"))]
    latest, key, keep = keys.take("max_wait"), keys.take("key"), keys.take("keep")
    if latest is not None:
        clauses.append(_for(teller, _LATEST, latest))
    if key is not None:
        clauses[-1] += ","
        clauses.append(teller.say(_EACH, key=teller.values.value(key)))
    if keep is not None:
        clauses.append(teller.say(_KEPT.get(str(keep), Text(str(keep), str(keep)))))
    return _closed(teller, clauses, keys)


def _throttle(teller: Teller, given: Any) -> str:
    if given is None:
        return ""
    return teller.voice.sentence(teller.say(_THROTTLE, rate=_rate(teller, given)))


def _rate(teller: Teller, given: Any) -> str:
    count, _, each = str(given).replace("par", "per").replace("/", "per").partition("per")
    text = Text("{count} in {for}", "{count} en {for}")
    return _for(teller, text, each.strip(), count=count.strip())


def _alive(teller: Teller, given: Any) -> str:
    if given is None:
        return ""
    keys, clauses = _whole(given, "probe"), []
    probe, expect = keys.take("probe"), keys.take("expect")
    if probe is not None:
        clauses.append(_for(teller, _PROBED, probe))
    if expect is None or expect == LEARNED:
        clauses.append(teller.say(_UNUSUAL))
    else:
        clauses.append(teller.say(_EXPECTED, rate=_rate(teller, expect)))
    told = [teller.voice.sentence(clause) for clause in clauses]
    return " ".join(filter(None, [*told, teller.unsaid(keys)]))


def _batch(teller: Teller, given: Any) -> str:
    if given is None:
        return ""
    keys = _whole(given, "quiet")
    parts = []
    by, full = keys.take("by"), keys.take("max")
    if by is not None:
        parts.append(teller.say(_BY, key=teller.values.value(by)))
    for name, text in (("quiet", _QUIET), ("every", _AFTER)):
        value = keys.take(name)
        if value is not None:
            parts.append(_for(teller, text, value))
    if full is not None:
        parts.append(teller.say(_FULL, count=full))
    return _closed(teller, [", ".join([teller.say(_BATCH), *parts])], keys)


def _missed(teller: Teller, given: Any) -> str:
    if given is None:
        return ""
    keys = _whole(given, "policy")
    policy = str(keys.take("policy") or "last")
    parts = [teller.say(_MISSED.get(policy, Text(policy, policy)))]
    most, oldest = keys.take("max"), keys.take("max_age")
    if most is not None:
        parts.append(teller.say(_AT_MOST, count=most))
    if oldest is not None:
        parts.append(_for(teller, _NOT_OLDER, oldest))
    return _closed(teller, [", ".join(parts)], keys)


def _for(teller: Teller, text: Text, duration: Any, **facts: object) -> str:
    return teller.say(text, **{"for": teller.voice.duration(duration)}, **facts)


def _closed(teller: Teller, clauses: list[str], keys: Keys) -> str:
    return " ".join(filter(None, [teller.voice.sentence(*clauses), teller.unsaid(keys)]))
