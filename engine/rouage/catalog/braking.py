"""What keeps effects in bounds: `hold` on a step, `trust` and `limits` on a recipe."""

from collections.abc import Mapping
from typing import Final

from rouage.catalog.words import RATE_PATTERN, RATE_WANTED, Shape, obj, word
from rouage.language import Text
from rouage.sdk.quantities import DURATION_PATTERN

TRUST_CHOICES: Final = ("shadow", "ask", "auto")
HOLD: Final = word(
    Text("Hold", "Retenir"),
    Text(
        "Keep it in the outbox for so long, where it can be cancelled or edited: `10m`. "
        "`open`: until the business opens.",
        "Le garder d’abord dans la boîte d’envoi, où il peut être annulé ou corrigé : `10m`. "
        "`open` : jusqu’à l’ouverture de l’entreprise.",
    ),
    {
        "type": "string",
        "pattern": r"^open$(?!\n)|" + DURATION_PATTERN + r"(?!\n)",
        "patternErrorMessage": Text(
            "A duration is wanted, such as 10m, or open.",
            "Une durée est attendue, comme 10m, ou open.",
        ),
        "examples": ["10m", "1h", "open"],
    },
)
_TRUST: Final[Mapping[str, Shape]] = {
    "start": word(
        Text("Start with", "Commencer par"),
        Text("How it begins: it asks.", "Comment elle commence : elle demande."),
        {"enum": ["ask"], "default": "ask"},
    ),
    "auto_after": word(
        Text("Automatic after", "Automatique après"),
        Text(
            "After so many runs that were approved one after the other.",
            "Après tant d’exécutions approuvées à la suite.",
        ),
        {"type": "integer", "minimum": 1, "maximum": 1_000},
    ),
}
TRUST: Final = word(
    Text("Trust", "Confiance"),
    Text(
        "`shadow`: nothing is done, what would be is listed. `ask`: each run asks before its "
        "first effect. `{auto_after: 10}`: it asks until ten runs were approved.",
        "`shadow` : rien n’est fait, ce qui le serait est listé. `ask` : chaque exécution demande "
        "avant son premier effet. `{auto_after: 10}` : elle demande jusqu’à dix accords.",
    ),
    {
        **obj(_TRUST, "auto_after", types=["string", "object"]),
        "pattern": r"^(?:shadow|ask|auto)$(?!\n)",
        "examples": list(TRUST_CHOICES),
    },
)
_UNUSUAL: Final = word(
    Text("Unusual", "Inhabituel"),
    Text(
        "When a run does far more than the runs before it: `ask` first, or `stop`.",
        "Quand une exécution en fait bien plus que les précédentes : demander (`ask`) ou "
        "arrêter (`stop`).",
    ),
    {"enum": ["ask", "stop"]},
)
LIMITS: Final = word(
    Text("Limits", "Limites"),
    Text(
        "How much a run may do before it asks: `files: 50`; or all runs together: "
        "`mails: 20 per 1d`.",
        "Ce qu’une exécution peut faire avant de demander : `files: 50` ; ou toutes ensemble : "
        "`mails: 20 per 1d`.",
    ),
    {
        "type": "object",
        "properties": {"unusual": _UNUSUAL},
        "additionalProperties": {
            "type": ["number", "string"],
            "minimum": 1,
            "pattern": RATE_PATTERN,
            "patternErrorMessage": RATE_WANTED,
            "examples": [50, "20 per 1d"],
        },
    },
)
