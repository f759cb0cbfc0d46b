"""`hold`, `trust` and `limits` in sentences."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rouage.analysis.sentences.parts import Teller
from rouage.analysis.sentences.voice import Keys, Line
from rouage.flow.gate.phrases import unit_word
from rouage.language import Text
from rouage.recipes.blocks import read_rate
from rouage.sdk.quantities import write_duration

_HOLD: Final = Text(
    "It is kept in the outbox for {for} first, where it can be cancelled or edited",
    "Cela reste d’abord {for} dans la boîte d’envoi, où l’on peut l’annuler ou le corriger",
)
_HOLD_OPEN: Final = Text(
    "It is kept in the outbox until the business opens",
    "Cela reste dans la boîte d’envoi jusqu’à l’ouverture de l’entreprise",
)
_TRUSTS: Final[Mapping[str, Text]] = {
    "shadow": Text(
        "It is on trial: nothing is done, and what would be done is listed",
        "Elle est à l’essai : rien n’est fait, et ce qui le serait est listé",
    ),
    "ask": Text(
        "Each run asks before its first effect",
        "Chaque exécution demande avant son premier effet",
    ),
    "auto": Text("It acts without asking", "Elle agit sans demander"),
}
_AT_FIRST: Final = Text(
    "At first each run asks before its first effect",
    "Au début, chaque exécution demande avant son premier effet",
)
_AUTO_AFTER: Final = Text(
    "After {count} runs approved one after the other it no longer asks, until it is changed",
    "Après {count} exécutions approuvées à la suite elle ne demande plus, tant qu’elle ne "
    "change pas",
)
_PER_RUN: Final = Text(
    "Beyond {count} {unit} in one run, it asks first",
    "Au-delà de {count} {unit} en une exécution, elle demande d’abord",
)
_PER: Final = Text(
    "Beyond {count} {unit} within {for}, all runs together, it asks first",
    "Au-delà de {count} {unit} en {for}, toutes exécutions confondues, elle demande d’abord",
)
_UNUSUAL: Final[Mapping[str, Text]] = {
    "ask": Text(
        "When a run does far more than usual, it asks first",
        "Quand une exécution en fait bien plus que d’habitude, elle demande d’abord",
    ),
    "stop": Text(
        "A run that does far more than usual is stopped",
        "Une exécution qui en fait bien plus que d’habitude est arrêtée",
    ),
}


def tell_hold(teller: Teller, given: Any) -> str:
    """Return the sentence of `hold`."""
    if given == "open":
        return teller.voice.sentence(teller.say(_HOLD_OPEN))
    facts = {"for": teller.voice.duration(given)}
    return teller.voice.sentence(teller.say(_HOLD, **facts))


def tell_brakes(teller: Teller, trust: Any, limits: Any) -> Iterator[Line]:
    """Yield the sentences of `trust` and `limits`."""
    if trust is not None:
        yield Line(depth=0, text=_trust(teller, trust), path=("trust",))
    for unit, given in limits.items() if isinstance(limits, Mapping) else ():
        text = _UNUSUAL.get(str(given)) if unit == "unusual" else None
        said = _limit(teller, unit, given) if text is None else teller.say(text)
        yield Line(depth=0, text=teller.voice.sentence(said), path=("limits", unit))


def _trust(teller: Teller, given: Any) -> str:
    keys = Keys(given if isinstance(given, Mapping) else {"start": given})
    start, count = keys.take("start"), keys.take("auto_after")
    way = str(start or "ask")
    said = teller.say(_TRUSTS.get(way, Text(way, way)))
    told = [said if start is None or count is None else teller.say(_AT_FIRST)]
    if count is not None:
        told.append(teller.say(_AUTO_AFTER, count=count))
    sentences = [teller.voice.sentence(one) for one in told]
    return " ".join(filter(None, [*sentences, teller.unsaid(keys)]))


def _limit(teller: Teller, unit: str, given: Any) -> str:
    facts: dict[str, object] = {"unit": teller.say(unit_word(unit))}
    if not isinstance(given, str):
        return teller.say(_PER_RUN, count=teller.values.value(given), **facts)
    try:
        rate = read_rate(given)
    except ValueError:
        return teller.say(_PER_RUN, count=given, **facts)
    facts["for"] = teller.voice.duration(write_duration(rate["per"]))
    return teller.say(_PER, count=rate["count"], **facts)
