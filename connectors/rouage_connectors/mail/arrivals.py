"""The parameters of `mail.received`, and its event."""

from typing import Final, Literal

from rouage.sdk import JSON, SIZE_PATTERN, Duration, Text, param, params
from rouage_connectors.mail.declaration import (
    ACCOUNT,
    ACCOUNT_PATTERN,
    ACCOUNT_TITLE,
    SAMPLE,
    TOLD,
)
from rouage_connectors.mail.kinds import Automatic

MOST_SIZE: Final = 50 * 10**6
TOO_LARGE: Final = Text("`max_size` is at most 50MB", "`max_size` vaut au plus 50MB")


@params
class Arrivals:
    """Which mailbox to watch, and which mails count."""

    account: str | None = param(
        ACCOUNT, title=ACCOUNT_TITLE, default=None, pattern=ACCOUNT_PATTERN, examples=["pro"]
    )
    folder: str = param(
        Text("Folder of the mailbox.", "Dossier de la boîte."),
        title=Text("Folder", "Dossier"),
        default="INBOX",
        max_length=200,
        examples=["INBOX", "Devis"],
    )
    from_: str | list[str] = param(
        Text(
            "Who wrote: addresses or names, * stands for any part.",
            "Qui a écrit : des adresses ou des noms, * vaut pour toute partie.",
        ),
        title=Text("From", "De"),
        default=[],
        examples=["*@example.org"],
    )
    subject: str | list[str] = param(
        Text(
            "What the subject looks like, * stands for any part.",
            "À quoi ressemble l’objet, * vaut pour toute partie.",
        ),
        title=Text("Subject", "Objet"),
        default=[],
        examples=["*devis*"],
    )
    has_attachment: bool | None = param(
        Text(
            "Only mails with a file attached, or only those without.",
            "Seulement les mails avec une pièce jointe, ou seulement ceux sans.",
        ),
        title=Text("With attachment", "Avec pièce jointe"),
        default=None,
    )
    unseen: bool = param(
        Text("Only mails that nobody has read.", "Seulement les mails que personne n’a lus."),
        title=Text("Unread only", "Non lus seulement"),
        default=False,
    )
    ignore: list[Automatic] = param(
        Text(
            "Kinds of automatic mail that never start anything.",
            "Sortes de mail automatique qui ne déclenchent jamais rien.",
        ),
        title=Text("Ignore", "Ignorer"),
        default=["own", "bounce", "receipt", "auto_reply"],
    )
    existing: Literal["skip", "process"] = param(
        Text(
            "Mails that are there at the first start: skip, or process them too.",
            "Les mails déjà là au premier lancement : skip les laisse, process les traite aussi.",
        ),
        title=Text("Mails already there", "Mails déjà là"),
        default="skip",
    )
    mark_seen: bool = param(
        Text(
            "Mark the mail as read once its event is safely stored.",
            "Marquer le mail comme lu une fois son événement bien enregistré.",
        ),
        title=Text("Mark as read", "Marquer comme lu"),
        default=False,
    )
    move_to: str | None = param(
        Text(
            "Folder to move the mail to once its event is safely stored.",
            "Dossier où déplacer le mail une fois son événement bien enregistré.",
        ),
        title=Text("Then move to", "Puis déplacer vers"),
        default=None,
        max_length=200,
        examples=["Traités"],
    )
    max_size: str = param(
        Text(
            "Of a larger mail only the beginning is fetched, without its attachments.",
            "D’un mail plus gros, seul le début est lu, sans ses pièces jointes.",
        ),
        title=Text("Largest mail", "Taille maximale"),
        default="25MB",
        pattern=SIZE_PATTERN,
    )
    keep_original: bool = param(
        Text(
            "Keep the whole mail as a file (`event.mail.file`) too.",
            "Garder aussi le mail entier dans un fichier (`event.mail.file`).",
        ),
        title=Text("Keep the original", "Garder l’original"),
        default=False,
    )
    poll: Duration = param(
        Text(
            "How often to look, on servers that do not tell by themselves.",
            "À quel rythme regarder, quand le serveur ne prévient pas de lui-même.",
        ),
        title=Text("Look every", "Regarder toutes les"),
        default=120.0,
        minimum=1,
        maximum=86_400,
    )
    renew: Duration = param(
        Text(
            "How often to look anyway, and to prove that the line is alive.",
            "À quel rythme regarder de toute façon, et vérifier que la ligne est vivante.",
        ),
        title=Text("Renew every", "Renouveler toutes les"),
        default=540.0,
        minimum=1,
        maximum=600,
    )


EVENT: Final[dict[str, JSON]] = {
    "type": "object",
    "properties": {
        "mail": {
            "type": "object",
            "properties": {
                "account": {"type": "string"},
                "folder": {"type": "string"},
                "uid": {"type": "integer"},
                "uidvalidity": {"type": "integer"},
                **TOLD,
                "received": {"type": ["string", "null"], "format": "date-time"},
                "size": {"type": "integer"},
                "is_seen": {"type": "boolean"},
                "file": {
                    "type": ["string", "null"],
                    "description": "The whole mail (keep_original: true)",
                },
                "attachments": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "path": {
                                "type": ["string", "null"],
                                "description": "Null when it was too large to be fetched",
                            },
                            "name": {"type": "string"},
                            "size": {"type": "integer"},
                            "type": {"type": "string"},
                            "sha256": {"type": ["string", "null"]},
                            "inline": {"type": "boolean"},
                        },
                        "required": ["path", "name", "size", "type", "sha256", "inline"],
                    },
                },
            },
            "required": [*TOLD, "account", "folder", "uid", "attachments"],
        }
    },
    "required": ["mail"],
}

EVENT_SAMPLE: Final[dict[str, JSON]] = {
    "mail": {
        "account": "pro",
        "folder": "INBOX",
        "uid": 4711,
        "uidvalidity": 1,
        **SAMPLE,
        "received": "2026-01-15T09:00:02+01:00",
        "size": 2048,
        "is_seen": False,
        "file": None,
        "attachments": [
            {
                "path": "files/plan.pdf",
                "name": "plan.pdf",
                "size": 1024,
                "type": "application/pdf",
                "sha256": "0f343b0931126a20f133d67c2b018a3b5e1d2f8c7a6b5c4d3e2f1a0b9c8d7e6f",
                "inline": False,
            }
        ],
    }
}
