"""What `mail.send` and `mail.reply` are told."""

from typing import Any, Final

from rouage.sdk import Text, param, params
from rouage_connectors.mail.declaration import ACCOUNT, ACCOUNT_PATTERN, ACCOUNT_TITLE

_BODY: Final = Text("The text.", "Le texte.")
_HTML: Final = Text(
    "The text as HTML; without `body`, the plain text is made of it.",
    "Le texte en HTML ; sans `body`, le texte simple en est tiré.",
)
_TEMPLATE: Final = Text(
    "A file with the text; .html makes HTML of it. Its expressions see `data`.",
    "Un fichier avec le texte ; .html en fait du HTML. Ses expressions voient `data`.",
)
_DATA: Final = Text(
    "What the template may use, by name.", "Ce que le modèle peut employer, par nom."
)
_ATTACH: Final = Text("Files to attach.", "Fichiers à joindre.")
_CC: Final = Text("Who gets a copy.", "Qui reçoit une copie.")
_TEXT_TITLE: Final = Text("Text", "Texte")


@params
class Outgoing:
    """What to send, and to whom."""

    to: str | list[str] = param(
        Text("Who gets it: one address, or a list.", "Qui le reçoit : une adresse, ou une liste."),
        title=Text("To", "À"),
        examples=["alice@example.org", "${{ event.mail.from }}"],
    )
    subject: str = param(
        Text("The subject.", "L’objet."),
        title=Text("Subject", "Objet"),
        max_length=1_000,
        examples=["Votre devis"],
    )
    body: str | None = param(_BODY, title=_TEXT_TITLE, default=None, examples=["Bonjour,"])
    html: str | None = param(_HTML, title=Text("HTML", "HTML"), default=None)
    template: str | None = param(
        _TEMPLATE, title=Text("Template", "Modèle"), default=None, format="path"
    )
    data: dict[str, Any] = param(_DATA, title=Text("Data", "Données"), default={})
    cc: str | list[str] = param(_CC, title=Text("Copy", "Copie"), default=[])
    bcc: str | list[str] = param(
        Text("Who gets a copy unseen.", "Qui reçoit une copie cachée."),
        title=Text("Blind copy", "Copie cachée"),
        default=[],
    )
    reply_to: str | None = param(
        Text("Where answers go, if not to the account.", "Où vont les réponses, sinon au compte."),
        title=Text("Answers to", "Réponses à"),
        default=None,
    )
    attach: list[str] = param(_ATTACH, title=Text("Attachments", "Pièces jointes"), default=[])
    account: str | None = param(
        ACCOUNT, title=ACCOUNT_TITLE, default=None, pattern=ACCOUNT_PATTERN, examples=["pro"]
    )


@params
class Answer:
    """Which mail to answer, and what."""

    mail: dict[str, Any] = param(
        Text("The mail to answer.", "Le mail auquel répondre."),
        title=Text("Mail", "Mail"),
        examples=["${{ event.mail }}"],
    )
    body: str | None = param(_BODY, title=_TEXT_TITLE, default=None, examples=["Bien reçu."])
    html: str | None = param(_HTML, title=Text("HTML", "HTML"), default=None)
    template: str | None = param(
        _TEMPLATE, title=Text("Template", "Modèle"), default=None, format="path"
    )
    data: dict[str, Any] = param(_DATA, title=Text("Data", "Données"), default={})
    quote: bool = param(
        Text("Repeat the mail below the answer.", "Reprendre le mail sous la réponse."),
        title=Text("Quote", "Citer"),
        default=True,
    )
    cc: str | list[str] = param(_CC, title=Text("Copy", "Copie"), default=[])
    attach: list[str] = param(_ATTACH, title=Text("Attachments", "Pièces jointes"), default=[])
    account: str | None = param(
        Text(
            "Name of the account to answer from; the one that got the mail, if not given.",
            "Compte qui répond ; sinon, celui qui a reçu le mail.",
        ),
        title=ACCOUNT_TITLE,
        default=None,
        pattern=ACCOUNT_PATTERN,
    )
