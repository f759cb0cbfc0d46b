"""How a trigger proves that it still works (features N-4)."""

from collections.abc import Mapping
from typing import Final

from rouage.catalog.words import (
    DURATION,
    EXPECT_PATTERN,
    EXPECT_WANTED,
    LEARNED,
    Shape,
    obj,
    word,
)
from rouage.language import Text

_ALIVE: Final[Mapping[str, Shape]] = {
    "probe": word(
        Text("Probe", "Épreuve"),
        Text(
            "How often something is sent down the real path, to see whether it arrives.",
            "À quel rythme envoyer quelque chose par le vrai chemin, pour voir si cela arrive.",
        ),
        DURATION,
    ),
    "expect": word(
        Text("Expect", "Attendre"),
        Text(
            "How much must come: `1 per 7d`. Silence is then told to the owner. With `learned`, "
            "or without this word, an unusual silence is: three times the longest usual one.",
            "Ce qui doit venir au moins : `1 per 7d`. Le silence est alors signalé. Avec "
            "`learned`, ou sans ce mot, c’est un silence inhabituel qui l’est : trois fois le "
            "plus long silence habituel.",
        ),
        {
            "type": "string",
            "pattern": EXPECT_PATTERN,
            "patternErrorMessage": EXPECT_WANTED,
            "examples": ["1 per 7d", LEARNED],
        },
    ),
}
ALIVE: Final = word(
    Text("Alive", "En vie"),
    Text(
        "Proves that the trigger still works: `{probe: 6h, expect: 1 per 7d}`.",
        "Prouve que le déclencheur marche encore : `{probe: 6h, expect: 1 per 7d}`.",
    ),
    obj(_ALIVE),
)
