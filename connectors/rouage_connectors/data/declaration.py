"""The connector and what its actions share."""

from typing import Final

from rouage.sdk import Connector, Text

connector = Connector(
    "data",
    title=Text("Data", "Données"),
    about=Text("Data in JSON, CSV and XML.", "Des données en JSON, CSV et XML."),
)

MOST_BYTES: Final = 5 << 20
MOST_DEPTH: Final = 100
MOST_ITEMS: Final = 100_000

TOO_DEEP: Final = Text(
    "the data is nested more than {limit} levels deep",
    "les données sont imbriquées sur plus de {limit} niveaux",
)
TOO_MANY: Final = Text(
    "the data holds more than {limit} values", "les données contiennent plus de {limit} valeurs"
)
FORMAT_TITLE: Final = Text("Format", "Format")
SEPARATOR_TITLE: Final = Text("Separator", "Séparateur")
