"""The connector and what its actions share."""

from typing import Final

from rouage.sdk import Connector, Limits, Text

connector = Connector(
    "archive",
    title=Text("Archives", "Archives"),
    about=Text("ZIP archives: make and unpack.", "Archives ZIP : faire et ouvrir."),
)

MOST_MEMBERS: Final = 10_000
MOST_BYTES: Final = 1 << 30
CHUNK: Final = 1 << 20
LIMITS: Final = Limits(
    seconds=900, processor_seconds=600, memory_bytes=256 << 20, result_bytes=16 << 20
)
"""Archives come from outside, and take long: a worker process packs and unpacks them."""

CONFLICT_TITLE: Final = Text("If it exists", "S’il existe déjà")
TOO_MANY: Final = Text(
    "{path} holds more than {limit} files", "{path} contient plus de {limit} fichiers"
)
TOO_LARGE: Final = Text(
    "{path} would unpack to more than {limit} MiB",
    "{path} se décompresserait en plus de {limit} Mio",
)
