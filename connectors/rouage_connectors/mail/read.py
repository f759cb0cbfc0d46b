"""`mail.read`: take a saved mail apart, in a process of its own (decision 0007)."""

import asyncio
from typing import Final

from rouage.sdk import JSON, Context, StepError, Text, param, params
from rouage.sdk.files import shown
from rouage_connectors.mail.declaration import TOLD, connector

MOST_BYTES: Final = 64 << 20

_TOO_LARGE: Final = Text(
    "{path} is larger than {limit} MiB, the most that is read of a mail",
    "{path} dépasse {limit} Mio, le maximum lu pour un mail",
)


@params
class Saved:
    """Which mail to read."""

    file: str = param(
        Text("The saved mail (.eml).", "Le mail enregistré (.eml)."),
        title=Text("File", "Fichier"),
        format="path",
        examples=["${{ event.file.path }}"],
    )
    is_cut: bool = param(
        Text(
            "Whether the file holds only the beginning of the mail.",
            "Le fichier ne contient que le début du mail.",
        ),
        title=Text("Beginning only", "Début seulement"),
        default=False,
    )


@connector.action(
    "read",
    title=Text("Read a saved mail", "Lire un mail enregistré"),
    about=Text(
        "Read who wrote, the text and the list of attachments of a saved mail.",
        "Lit l’expéditeur, le texte et la liste des pièces jointes d’un mail enregistré.",
    ),
    effect="none",
    idempotent=True,
    isolated=True,
    result={
        "type": "object",
        "properties": {
            **TOLD,
            "attachments": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "name": {"type": "string"},
                        "type": {"type": "string"},
                        "size": {"type": "integer"},
                        "is_whole": {"type": "boolean"},
                        "inline": {"type": "boolean"},
                        "start": {"type": "integer", "description": "Where it stands in the file"},
                        "end": {"type": "integer"},
                        "encoding": {"enum": ["base64", "quoted-printable", "none"]},
                    },
                },
            },
        },
        "required": [*TOLD, "attachments"],
    },
    example={"file": "${{ event.file.path }}"},
    describe=Text("read the mail {file}", "lire le mail {file}"),
)
async def read(params: Saved, context: Context) -> JSON:
    """Read a saved mail; whatever is wrong with it, what can be read is told."""
    return await asyncio.to_thread(_read, params, context)


def _read(params: Saved, context: Context) -> JSON:
    from rouage_connectors.mail.message import read_message

    with context.files.open_read(params.file) as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise StepError(_TOO_LARGE, path=shown(params.file), limit=MOST_BYTES >> 20)
    return read_message(data, is_cut=params.is_cut)
