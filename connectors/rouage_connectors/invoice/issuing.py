"""Give a draft its number, write its files, enter it in the register: all of it, or nothing.

Number, XML, PDF, rules, files and entry belong to one transaction of the register. A crash
before its end takes no number: files that were written by then are replaced by those of the
next document that gets it.
"""

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from rouage.sdk import JSON, Context, StepError, Text
from rouage.sdk.files import write
from rouage_connectors.invoice.cii import due_date
from rouage_connectors.invoice.making import look, make, substance
from rouage_connectors.invoice.model import TITLES, Invoice, as_json, totals_json
from rouage_connectors.invoice.pdf import digest
from rouage_connectors.invoice.register import Entry
from rouage_connectors.invoice.standing import about, check_references
from rouage_connectors.invoice.trade import Trade, register_of
from rouage_connectors.invoice.wording import letter

_READ_ONLY: Final = 0o444

_OTHER: Final = Text(
    "{number} was issued for “{key}” already, and it says something else",
    "{number} a déjà été émis pour « {key} », et son contenu est différent",
)
_OTHER_HINT: Final = Text(
    "correct it by a credit note (invoice.credit), or use another key",
    "corrigez-le par un avoir (invoice.credit), ou utilisez une autre clé",
)
_OTHER_SELLER: Final = Text(
    "this draft is of the seller {draft}, the account is of {account}",
    "ce projet est du vendeur {draft}, le compte est de {account}",
)


def issue(invoice: Invoice, trade: Trade, context: Context) -> tuple[Entry, bool]:
    """Issue *invoice*, once for its key; say whether it is new. It blocks.

    Raises:
        StepError: it cannot be issued; then no number was taken.
    """
    if invoice.seller.siren != trade.seller.siren:
        raise StepError(_OTHER_SELLER, draft=invoice.seller.siret, account=trade.seller.siret)
    now = context.clock.now().astimezone(context.timezone)
    key = register_key(invoice, context)
    entry = register_of(trade, context, create=True).issue(
        trade.series(invoice.kind, now.date()),
        day=now.date(),
        key=key,
        about=about(invoice),
        make=lambda number: _write(invoice, trade, context, number=number, now=now),
        check=lambda book: check_references(invoice, book),
    )
    if entry.content["substance"] != substance(invoice):
        raise StepError(_OTHER, hint=_OTHER_HINT, number=entry.number, key=invoice.key or "")
    if entry.is_new:
        _seal(entry, context)
    return entry, entry.is_new


def register_key(invoice: Invoice, context: Context) -> str:
    """Return what *invoice* is entered under: the key of the business, or else of the step."""
    return f"{invoice.kind}:{invoice.key or 'step/' + context.idempotency_key}"


def told(entry: Entry, context: Context, *, is_new: bool) -> dict[str, JSON]:
    """Return what an action says of the document *entry*."""
    content = entry.content
    buyer = content["draft"]["buyer"]
    pdf, xml = (content[name] and file_of(content[name], context) for name in ("pdf", "xml"))
    return {
        "number": entry.number,
        "kind": content["kind"],
        "title": f"{TITLES[content['kind']]} {entry.number}",
        "issued_on": entry.day.isoformat(),
        "due_on": content["due_on"],
        "customer": buyer["name"],
        "email": buyer["email"],
        "totals": content["totals"],
        "pdf": pdf,
        "xml": xml,
        "sha256": content["pdf"]["sha256"],
        "hash": entry.hash,
        "is_new": is_new,
        "checks": content["checks"],
        "mail": letter(entry, pdf),
    }


def file_of(kept: Mapping[str, JSON], context: Context) -> str:
    """Return where a file of the register is: it may have moved with the whole workspace."""
    return str(context.files.resolve(str(kept["path"])))


def foreseen(invoice: Invoice, trade: Trade, *, number: str, now: datetime) -> Entry:
    """Return the entry that *invoice* would have, issued as *number*; no file is made."""
    place = f"{trade.folder}/{now:%Y}/{number}"
    content = {
        **_content(invoice, now.date()),
        "pdf": {"path": f"{place}.pdf", "sha256": ""},
        "xml": None if invoice.kind == "quote" else {"path": f"{place}.xml", "sha256": ""},
        "checks": look(invoice, number=number, issued_on=now.date()),
    }
    return Entry(
        kind="document", series=None, position=None, number=number, day=now.date(), key="",
        content=content, previous="", hash="", is_new=True,
    )  # fmt: skip


def _write(
    invoice: Invoice, trade: Trade, context: Context, *, number: str, now: datetime
) -> Mapping[str, Any]:
    """Make and keep the files of the document *number*; return what the register says of it."""
    made = make(invoice, number=number, issued_on=now.date(), made_at=now)
    place = f"{trade.folder}/{now:%Y}/{number}"
    return {
        **_content(invoice, now.date()),
        "pdf": _kept(f"{place}.pdf", made.pdf, context),
        "xml": None if made.xml is None else _kept(f"{place}.xml", made.xml, context),
        "checks": made.checks,
        "made_at": now.isoformat(timespec="seconds"),
    }


def _content(invoice: Invoice, day: date) -> dict[str, Any]:
    return {
        "kind": invoice.kind,
        "draft": as_json(invoice),
        "substance": substance(invoice),
        "totals": totals_json(invoice.totals),
        "due_on": None if invoice.kind == "credit" else due_date(invoice, day).isoformat(),
    }


def _kept(path: str, data: bytes, context: Context) -> dict[str, JSON]:
    outcome = write(context.files, path, data, on_conflict="overwrite", key=None)
    context.wrote(outcome.path)
    return {"path": path, "sha256": digest(data), "bytes": len(data)}


def _seal(entry: Entry, context: Context) -> None:
    """Make the files of an issued document read only: a slip of the hand must not change them."""
    for name in ("pdf", "xml"):
        kept = entry.content[name]
        if kept is not None:
            path = context.files.check(kept["path"], "write")
            Path(path).chmod(_READ_ONLY)
