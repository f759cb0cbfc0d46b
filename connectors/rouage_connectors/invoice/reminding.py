"""`invoice.late` and `invoice.remind`: what is not paid in time, and what to write then."""

import asyncio
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final, cast

from rouage.sdk import JSON, Context, StepError, Text, param, params
from rouage_connectors.invoice.amounts import ZERO
from rouage_connectors.invoice.days import day_of, today
from rouage_connectors.invoice.declaration import (
    ACCOUNT_PATTERN,
    MAIL,
    NUMBER_TITLE,
    SELLER,
    SELLER_TITLE,
    connector,
)
from rouage_connectors.invoice.issuing import file_of
from rouage_connectors.invoice.model import TITLES
from rouage_connectors.invoice.register import Book, Entry
from rouage_connectors.invoice.standing import rest_of
from rouage_connectors.invoice.trade import find_trade, register_of
from rouage_connectors.invoice.wording import LEVELS, PAUSE_DAYS, reminder

_PAID: Final = Text("{number} is paid already", "{number} est déjà payée")
_NOT_LATE: Final = Text(
    "no reminder of {number} is due on {day}", "aucune relance de {number} n’est due au {day}"
)
_NUMBER: Final = Text("Number of the invoice.", "Numéro de la facture.")


@params
class Late:
    """Which day to look at."""

    day: str | None = param(
        Text("The day; today, unless given.", "Le jour ; aujourd’hui, sauf indication."),
        title=Text("Day", "Jour"),
        default=None,
        examples=["2026-12-31"],
    )
    seller: str | None = param(
        SELLER, title=SELLER_TITLE, default=None, pattern=ACCOUNT_PATTERN, examples=["atelier"]
    )


@params
class Reminding:
    """Which invoice to remind of."""

    number: str = param(_NUMBER, title=NUMBER_TITLE, max_length=35, examples=["FA-2026-0012"])
    seller: str | None = param(
        SELLER, title=SELLER_TITLE, default=None, pattern=ACCOUNT_PATTERN, examples=["atelier"]
    )


def _late(book: Book, day: date, context: Context) -> Iterator[dict[str, JSON]]:
    for entry in book.all("document"):
        due = entry.content["due_on"]
        if entry.content["kind"] in {"credit", "quote"} or due is None or due >= day.isoformat():
            continue
        rest = rest_of(book, entry)
        if rest > 0:
            yield _told_late(book, entry, rest, day, context)


def _told_late(
    book: Book, entry: Entry, rest: Decimal, day: date, context: Context
) -> dict[str, JSON]:
    days = (day - date.fromisoformat(entry.content["due_on"])).days
    level = due_level(book, entry, days_late=days, day=day)
    pdf = file_of(entry.content["pdf"], context)
    mail = reminder(entry, level, rest=rest, today=day, pdf=pdf) if level else None
    buyer = entry.content["draft"]["buyer"]
    return {
        "number": entry.number,
        "title": f"{TITLES[entry.content['kind']]} {entry.number}",
        "customer": buyer["name"],
        "email": buyer["email"],
        "is_business": buyer["is_business"],
        "due_on": entry.content["due_on"],
        "days_late": days,
        "rest": f"{rest:.2f}",
        "level": level,
        "mail": cast("JSON", mail),
    }


def due_level(book: Book, entry: Entry, *, days_late: int, day: date) -> int:
    """Return which reminder is due: 1, 2 or 3; 0 when none is, or it was written.

    One is never left out: a customer who was never reminded gets the friendly one first.
    """
    written = book.of(entry.number, "reminder")
    level = 1 + max((one.content["level"] for one in written), default=0)
    if level not in LEVELS or days_late < LEVELS[level]:
        return 0
    if written and (day - written[-1].day).days < PAUSE_DAYS:
        return 0  # the letter before said how long the customer has
    return level


_LATE: Final[dict[str, JSON]] = {
    "number": {"type": "string"},
    "title": {"type": "string"},
    "customer": {"type": "string"},
    "email": {"type": ["string", "null"]},
    "is_business": {"type": "boolean"},
    "due_on": {"type": "string", "format": "date"},
    "days_late": {"type": "integer"},
    "rest": {"type": "string", "description": "What is still to be paid, in euros"},
    "level": {"type": "integer", "description": "The reminder that is due, 1 to 3; 0 for none"},
    "mail": {**MAIL, "type": ["object", "null"]},
}


@connector.action(
    "late",
    title=Text("Find late invoices", "Trouver les factures en retard"),
    about=Text(
        "List the invoices past their due date, with the reminder that each needs.",
        "Liste les factures échues et non payées, avec la relance que chacune demande.",
    ),
    effect="none",
    idempotent=True,
    result={
        "type": "object",
        "properties": {
            "invoices": {"type": "array", "items": {"type": "object", "properties": _LATE}},
            "reminders": {
                "type": "array",
                "items": {"type": "object", "properties": _LATE},
                "description": "Those of them that need a reminder now",
            },
            "count": {"type": "integer"},
            "total": {"type": "string", "description": "What they owe together, in euros"},
        },
        "required": ["invoices", "reminders", "count", "total"],
    },
    example={"day": "2026-12-31"},
    describe=Text("find late invoices", "trouver les factures en retard"),
)
async def late(params: Late, context: Context) -> JSON:
    """List the invoices past their due date."""

    def work() -> JSON:
        trade = find_trade(context, params.seller)
        day = day_of(params.day, "day", context)
        with register_of(trade, context).reading() as book:
            found = list(_late(book, day, context))
        total = sum((Decimal(str(one["rest"])) for one in found), ZERO)
        return {
            "invoices": cast("JSON", found),
            "reminders": [one for one in found if one["level"]],
            "count": len(found),
            "total": f"{total:.2f}",
        }

    return await asyncio.to_thread(work)


class _Due:
    """The reminder of one invoice, between what is asked for and what the register says."""

    def __init__(self, params: Reminding, context: Context) -> None:
        self.params, self.context = params, context
        self.today = today(context)
        self.told: dict[str, JSON] = {}

    def check(self, book: Book) -> None:
        """Find which reminder is due, and refuse when none is."""
        entry = book.document(self.params.number)
        rest = ZERO if entry.content["due_on"] is None else rest_of(book, entry)
        if rest <= 0 or entry.content["kind"] in {"credit", "quote"}:
            raise StepError(_PAID, number=entry.number)
        told = _told_late(book, entry, rest, self.today, self.context)
        if not told["level"]:
            raise StepError(_NOT_LATE, number=entry.number, day=self.today.isoformat())
        self.told = told


async def simulate_remind(params: Reminding, context: Context) -> JSON:
    """Return what `remind` would return, entering nothing."""

    def look() -> JSON:
        due = _Due(params, context)
        with register_of(find_trade(context, params.seller), context).reading() as book:
            due.check(book)
        return {**due.told, "is_new": True}

    return await asyncio.to_thread(look)


@connector.action(
    "remind",
    title=Text("Write a reminder", "Rédiger une relance"),
    about=Text(
        "Write the reminder that a late invoice needs and note that it was; mail.send sends it.",
        "Rédige la relance que demande une facture en retard et la note ; mail.send l’envoie.",
    ),
    effect="irreversible",
    idempotent="by key",
    result={
        "type": "object",
        "properties": {**_LATE, "is_new": {"type": "boolean"}},
        "required": ["number", "level", "mail", "rest", "is_new"],
    },
    example={"number": "FA-2026-0012"},
    describe=Text("write a reminder of {number}", "rédiger une relance de {number}"),
    simulate=simulate_remind,
)
async def remind(params: Reminding, context: Context) -> JSON:
    """Write the reminder that a late invoice needs, and note that it was."""

    def work() -> JSON:
        trade, due = find_trade(context, params.seller), _Due(params, context)
        entry = register_of(trade, context, create=True).add(
            "reminder",
            params.number,
            day=due.today,
            key=f"step/{context.idempotency_key}",
            content=lambda: due.told,
            check=due.check,
        )
        return {**entry.content, "is_new": entry.is_new}

    return await asyncio.to_thread(work)
