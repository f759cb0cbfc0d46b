"""A document from the workshop, refused when an official rule finds fault with it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from rouage.sdk import JSON, StepError, Text
from rouage.sdk.records import dataclass
from rouage_connectors.invoice.apart import decoded, workshop
from rouage_connectors.invoice.cii import DRAFT, write_xml
from rouage_connectors.invoice.model import Invoice, as_json
from rouage_connectors.invoice.rules import check_schema, parse

_FAULTS: Final = Text(
    "{count} official rule(s) find fault with this document: {faults}",
    "{count} règle(s) officielle(s) refusent ce document : {faults}",
)
_FAULTS_HINT: Final = Text(
    "nothing was issued; correct the customer, the lines or the account of the seller",
    "rien n’a été émis ; corrigez le client, les lignes ou le compte du vendeur",
)
_TOLD: Final = 5
_SUBSTANCE: Final = ("kind", "buyer", "lines", "sold_on", "sold_until", "corrects", "order")
_UNUSUAL: Final[Mapping[str, Any]] = {"prices": "net", "vat_case": None, "adjustments": []}
"""What belongs to the substance where it is not as here: older registers do not know it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """The files of a document, and which rules they were held against."""

    pdf: bytes
    xml: bytes | None
    checks: Mapping[str, JSON]


def make(
    invoice: Invoice,
    *,
    number: str | None,
    issued_on: date,
    made_at: datetime,
    foreseen: str | None = None,
) -> Made:
    """Return the files of *invoice*; without a *number*, of its draft. It blocks.

    A draft is judged with the number *foreseen*: if it gets it, its rules need not run again.

    Raises:
        StepError: a rule finds fault with it, or a package is missing.
    """
    answer = workshop().ask(
        "make",
        invoice=as_json(invoice),
        number=number,
        foreseen=foreseen,
        issued_on=issued_on.isoformat(),
        made_at=made_at.replace(microsecond=0).isoformat(),
    )
    faults = [fault for fault in answer["findings"] if not _is_beside(fault, invoice)]
    if faults:
        raise refused(faults)
    pdf = decoded(answer, "pdf")
    assert pdf is not None  # noqa: S101 - the workshop always makes one
    return Made(pdf=pdf, xml=decoded(answer, "xml"), checks=_checks(answer, is_draft=not number))


def look(invoice: Invoice, *, number: str | None, issued_on: date) -> Mapping[str, JSON]:
    """Hold *invoice* against the schema right here, making no file and starting no process.

    For simulations: they must change nothing, and a process is a change.

    Raises:
        StepError: the schema finds fault with it, or a package is missing.
    """
    has_xml = invoice.kind != "quote"
    if has_xml:
        xml = write_xml(invoice, number=number or DRAFT, issued_on=issued_on)
        faults = check_schema(parse(xml))
        if faults:
            raise refused(faults)
    return {"schema": has_xml, "en16931": False, "french_rules": False, "pdf_a3": False}


def refused(faults: Sequence[Mapping[str, str]]) -> StepError:
    """Return the error that tells of *faults*."""
    told = " ; ".join(f"[{fault['rule']}] {fault['text']}" for fault in faults[:_TOLD])
    return StepError(_FAULTS, hint=_FAULTS_HINT, count=len(faults), faults=told[:1_500])


def substance(invoice: Invoice) -> str:
    """Return a hash of what was sold to whom: the same order gives the same one."""
    said = as_json(invoice)
    chosen = {name: said[name] for name in _SUBSTANCE}
    chosen |= {name: said[name] for name, usual in _UNUSUAL.items() if said[name] != usual}
    buyer = said["buyer"]
    chosen["buyer"] = {name: buyer[name] for name in buyer if name != "billing" or buyer[name]}
    text = json.dumps(chosen, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _is_beside(fault: Mapping[str, str], invoice: Invoice) -> bool:
    """Say whether the rule is about platforms, for a customer who cannot be on one.

    A private person without a mail address has no electronic address to be written (BT-49).
    """
    buyer = invoice.buyer
    return fault["rule"] == "BR-FR-12" and not buyer.is_business and buyer.email is None


def _checks(answer: Mapping[str, Any], *, is_draft: bool) -> dict[str, JSON]:
    has_xml, has_rules = answer["xml"] is not None, bool(answer["rules"])
    return {
        "schema": has_xml,
        "en16931": has_rules,
        "french_rules": has_rules,
        "pdf_a3": has_xml and not is_draft,
    }
