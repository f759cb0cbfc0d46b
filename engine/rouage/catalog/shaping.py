"""What may be done to the events of a trigger before they start anything."""

from collections.abc import Mapping
from typing import Final

from rouage.catalog.words import DURATION, RATE_PATTERN, RATE_WANTED, TEXT, Shape, obj, word
from rouage.language import Text

_KEY: Final = word(
    Text("Key", "Clé"),
    Text(
        "Events with the same value belong together.",
        "Les événements de même valeur vont ensemble.",
    ),
    TEXT,
)
_ONCE: Final[Mapping[str, Shape]] = {
    "key": _KEY,
    "within": word(
        Text("Within", "Pendant"),
        Text("How long it is remembered.", "Combien de temps on s’en souvient."),
        DURATION,
    ),
    "scope": word(
        Text("Scope", "Portée"),
        Text(
            "`recipe`: for this trigger alone. `all`: for all recipes.",
            "`recipe` : pour ce déclencheur seul. `all` : pour toutes les recettes.",
        ),
        {"enum": ["recipe", "all"], "default": "recipe"},
    ),
}
_DEBOUNCE: Final[Mapping[str, Shape]] = {
    "wait": word(
        Text("Wait", "Attente"),
        Text("How long it must have been quiet.", "Combien de temps de calme il faut."),
        DURATION,
    ),
    "max_wait": word(
        Text("Longest wait", "Attente maximale"),
        Text("Act after this time at the latest.", "Agir au plus tard après ce temps."),
        DURATION,
    ),
    "key": _KEY,
    "keep": word(
        Text("Keep", "Garder"),
        Text("Which event of the burst counts.", "Quel événement de la rafale compte."),
        {"enum": ["last", "first"], "default": "last"},
    ),
}
_BATCH: Final[Mapping[str, Shape]] = {
    "quiet": word(
        Text("Quiet", "Calme"),
        Text(
            "Close it after so long without a new event.",
            "Le clore après ce temps sans nouvel événement.",
        ),
        DURATION,
    ),
    "every": word(
        Text("Every", "Tous les"),
        Text(
            "Close it so long after its first event.",
            "Le clore ce temps après son premier événement.",
        ),
        DURATION,
    ),
    "max": word(
        Text("At most", "Au plus"),
        Text("Close it when it holds so many.", "Le clore quand il en contient autant."),
        {"type": "integer", "minimum": 1, "maximum": 10_000},
    ),
    "by": word(
        Text("By", "Par"),
        Text("One batch for each value.", "Un lot par valeur."),
        TEXT,
    ),
}
SHAPING_KEYS: Final[Mapping[str, Shape]] = {
    "once": word(
        Text("Once", "Une seule fois"),
        Text(
            "A key: an event whose key was seen before starts nothing.",
            "Une clé : un événement dont la clé a déjà été vue ne lance rien.",
        ),
        obj(_ONCE, "key", types=["string", "number", "object"]),
    ),
    "debounce": word(
        Text("Debounce", "Laisser passer la rafale"),
        Text(
            "Let a burst pass, then act once: `10s`, or the details.",
            "Laisse passer une rafale, puis agit une fois : `10s`, ou le détail.",
        ),
        {
            **obj(_DEBOUNCE, "wait", types=["string", "object"]),
            "pattern": DURATION["pattern"],
            "patternErrorMessage": DURATION["patternErrorMessage"],
        },
    ),
    "throttle": word(
        Text("Throttle", "Limiter"),
        Text(
            "At most so many in a while: `20 per 1h`. The others are recorded, not run.",
            "Au plus tant par durée : `20 per 1h`. Les autres sont notés, pas exécutés.",
        ),
        {
            "type": "string",
            "pattern": RATE_PATTERN,
            "patternErrorMessage": RATE_WANTED,
            "examples": ["20 per 1h"],
        },
    ),
    "batch": word(
        Text("Batch", "Grouper"),
        Text(
            "Gather events into one, whose `event.items` they are.",
            "Rassemble des événements en un seul, dont ils sont les `event.items`.",
        ),
        obj(_BATCH),
    ),
}
