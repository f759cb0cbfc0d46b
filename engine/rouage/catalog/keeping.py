"""`keep`: how long the runs of a recipe are remembered, and what of them."""

from collections.abc import Mapping
from typing import Final

from rouage.catalog.words import DURATION, Shape, obj, word
from rouage.language import Text

TRACES: Final = ("full", "values_blanked")
_WORDS: Final[Mapping[str, Shape]] = {
    "runs": word(
        Text("Runs", "Exécutions"),
        Text(
            "So many finished runs are kept, the newest.",
            "Tant d’exécutions finies sont gardées, les plus récentes.",
        ),
        {"type": "integer", "minimum": 1, "maximum": 1_000_000_000},
    ),
    "for": word(
        Text("For", "Pendant"),
        Text(
            "So long a finished run is kept: `7d`, `520w`.",
            "Combien de temps une exécution finie est gardée : `7d`, `520w`.",
        ),
        {**DURATION, "examples": ["7d", "30d", "520w"]},
    ),
    "traces": word(
        Text("Traces", "Traces"),
        Text(
            "`values_blanked`: an hour after a run, only what happened and when is kept, without "
            "a single value.",
            "`values_blanked` : une heure après la fin, on ne garde que ce qui s’est passé et "
            "quand, sans aucune valeur.",
        ),
        {"enum": list(TRACES), "default": TRACES[0]},
    ),
    "personal": word(
        Text("Personal data", "Données personnelles"),
        Text(
            "So long after a run its personal values are kept: `30d`.",
            "Combien de temps après la fin ses valeurs personnelles sont gardées : `30d`.",
        ),
        {**DURATION, "examples": ["7d", "30d"]},
    ),
}
KEEP: Final = word(
    Text("Keep", "Garder"),
    Text(
        "How much of its past is kept, instead of what `retention` in rouage.yaml says: "
        "`{for: 7d, traces: values_blanked}`.",
        "Ce qui est gardé de son passé, au lieu de ce que dit `retention` dans rouage.yaml : "
        "`{for: 7d, traces: values_blanked}`.",
    ),
    {**obj(_WORDS), "examples": [{"for": "30d"}]},
)
