"""`keep` in sentences."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rouage.analysis.sentences.parts import Teller
from rouage.analysis.sentences.voice import Keys, Line
from rouage.language import Text

_RUNS: Final = Text(
    "Of what ran, the {count} newest runs are kept",
    "De ce qui a tourné, on garde les {count} exécutions les plus récentes",
)
_FOR: Final = Text("What ran is kept for {for}", "Ce qui a tourné est gardé {for}")
_BOTH: Final = Text(
    "What ran is kept for {for}, the {count} newest runs at most",
    "Ce qui a tourné est gardé {for}, les {count} exécutions les plus récentes au plus",
)
_TRACES: Final[Mapping[str, Text]] = {
    "full": Text("What each step did is kept whole", "Ce qu’a fait chaque étape est gardé entier"),
    "values_blanked": Text(
        "An hour after a run its values are blanked: only what happened stays, and when",
        "Une heure après la fin, les valeurs sont effacées : il reste ce qui s’est passé, et quand",
    ),
}
_PERSONAL: Final = Text(
    "Personal values are blanked {for} after a run",
    "Les valeurs personnelles sont effacées {for} après la fin",
)


def tell_keep(teller: Teller, given: Any) -> Iterator[Line]:
    """Yield the sentences of `keep`."""
    if not isinstance(given, Mapping):
        return
    keys = Keys(given)
    runs, age, traces = keys.take("runs"), keys.take("for"), keys.take("traces")
    personal, told = keys.take("personal"), list[str]()
    count: dict[str, object] = {} if runs is None else {"count": teller.values.value(runs)}
    if age is not None:
        told.append(teller.say(_BOTH if count else _FOR, **count, **_for(teller, age)))
    elif count:
        told.append(teller.say(_RUNS, **count))
    if traces is not None:
        told.append(teller.say(_TRACES.get(str(traces), Text(str(traces), str(traces)))))
    if personal is not None:
        told.append(teller.say(_PERSONAL, **_for(teller, personal)))
    sentences = [teller.voice.sentence(one) for one in told]
    text = " ".join(filter(None, [*sentences, teller.unsaid(keys)]))
    yield Line(depth=0, text=text, path=("keep",))


def _for(teller: Teller, duration: Any) -> dict[str, object]:
    return {"for": teller.voice.duration(duration)}
