"""Letters to customers, in French: with an invoice, and when it is late."""

from datetime import date
from decimal import Decimal
from typing import Any, Final

from rouage.sdk import JSON
from rouage_connectors.invoice.amounts import euros
from rouage_connectors.invoice.model import TITLES
from rouage_connectors.invoice.register import Entry

LEVELS: Final = {1: 3, 2: 15, 3: 30}
"""Days after the due date from which each reminder is written."""

PAUSE_DAYS: Final = 8
"""Days between two reminders at least: the letters say “sous huit jours”."""

_OF: Final = {
    "invoice": "ma facture",
    "deposit": "ma facture d’acompte",
    "balance": "ma facture de solde",
    "credit": "mon avoir",
    "quote": "mon devis",
}
_RECOVERY_FEE: Final = Decimal(40)


def letter(entry: Entry, pdf: str) -> dict[str, JSON]:
    """Return the mail that goes with a document, as `mail.send` takes it."""
    content = entry.content
    kind, draft = content["kind"], content["draft"]
    due = content["due_on"]
    end = ""
    if kind == "quote":
        end = f"\nIl est valable jusqu’au {_french(due)}.\n"
    elif due is not None and not draft["paid_on"]:
        end = f"\nMontant à régler au plus tard le {_french(due)} : {_sum(content, 'due')}.\n"
    body = f"Bonjour,\n\nVeuillez trouver ci-joint {_OF[kind]} {entry.number}.\n{end}\n"
    return {
        "to": draft["buyer"]["email"],
        "subject": f"{TITLES[kind]} {entry.number} – {_name(draft)}",
        "body": body + _signature(draft),
        "attach": [pdf],
    }


def reminder(entry: Entry, level: int, *, rest: Decimal, today: date, pdf: str) -> dict[str, JSON]:
    """Return the reminder of *level* for a document of which *rest* is not paid."""
    draft = entry.content["draft"]
    due = date.fromisoformat(entry.content["due_on"])
    facts = {
        "number": entry.number,
        "of": _french(entry.day.isoformat()),
        "due": _french(due.isoformat()),
        "rest": euros(rest),
        "late": (today - due).days,
        "fee": _fee(draft, rest),
    }
    subject, text = _REMINDERS[level]
    body = "Bonjour,\n\n" + text.format(**facts) + "\n\n" + _signature(draft)
    return {
        "to": draft["buyer"]["email"],
        "subject": subject.format(**facts),
        "body": body,
        "attach": [pdf],
    }


_REMINDERS: Final = {
    1: (
        "Facture {number} : un oubli ?",
        "Sauf erreur de ma part, ma facture {number} du {of}, d’un montant restant de {rest}, "
        "était à régler le {due}.\nIl s’agit sans doute d’un oubli : pourriez-vous la régler "
        "dans les prochains jours ? Si le paiement est déjà parti, ne tenez pas compte de ce "
        "message.",
    ),
    2: (
        "Relance : facture {number} impayée",
        "Malgré mon premier rappel, ma facture {number} du {of}, échue le {due}, reste impayée "
        "à hauteur de {rest}.\nJe vous remercie de la régler sous huit jours.{fee}",
    ),
    3: (
        "Mise en demeure : facture {number}",
        "Ma facture {number} du {of} est échue depuis le {due}, soit {late} jours. Malgré mes "
        "rappels, {rest} restent dus.\nPar la présente, je vous mets en demeure de régler cette "
        "somme sous huit jours à compter de la réception de ce courrier. À défaut, je saisirai "
        "la juridiction compétente.{fee}",
    ),
}


def _fee(draft: dict[str, Any], rest: Decimal) -> str:
    if not draft["buyer"]["is_business"]:
        return ""
    return (
        f"\nConformément à l’article L441-10 du code de commerce, des pénalités de retard et une "
        f"indemnité forfaitaire de {euros(_RECOVERY_FEE)} pour frais de recouvrement sont dues, "
        f"en plus des {euros(rest)}."
    )


def _french(day: str) -> str:
    return date.fromisoformat(day).strftime("%d/%m/%Y")


def _sum(content: Any, name: str) -> str:
    return euros(Decimal(content["totals"][name]))


def _name(draft: Any) -> str:
    return str(draft["seller"]["trade_name"] or draft["seller"]["name"])


def _signature(draft: Any) -> str:
    seller = draft["seller"]
    lines = ["Cordialement,", seller["name"], seller["trade_name"], seller["phone"]]
    return "\n".join(line for line in lines if line) + "\n"
