"""`invoice.read`: a supplier’s invoice as fields, from its XML or else from its text."""

import asyncio
import io
from collections.abc import Mapping
from typing import Any, Final

from rouage.sdk import JSON, Context, Limits, StepError, Text, param, params
from rouage.sdk.extras import require
from rouage.sdk.files import shown
from rouage_connectors.invoice.cii_reading import doubts, fields_of
from rouage_connectors.invoice.declaration import connector
from rouage_connectors.invoice.pdf import read_embedded
from rouage_connectors.invoice.rules import parse

_MOST_BYTES: Final = 50 << 20
_MOST_PAGES: Final = 20
_LONGEST_TEXT: Final = 100_000
_LIMITS: Final = Limits(
    seconds=120, processor_seconds=60, memory_bytes=512 << 20, result_bytes=4 << 20
)

_UNREADABLE: Final = Text(
    "{file} is neither a PDF nor an XML invoice that can be read: {reason}",
    "{file} n’est ni un PDF ni une facture XML lisible : {reason}",
)
_NO_INVOICE: Final = Text(
    "{file} is XML, but no invoice (CII or UBL)", "{file} est du XML, mais pas une facture (CII "
    "ou UBL)"
)  # fmt: skip
_SCAN: Final = Text(
    "{file} holds pictures and no text: it is a scan",
    "{file} contient des images et pas de texte : c’est un scan",
)
_SCAN_HINT: Final = Text(
    "ask the supplier for the original PDF, or enter this one by hand",
    "demandez le PDF d’origine au fournisseur, ou saisissez cette facture à la main",
)

_MAYBE: Final[dict[str, JSON]] = {"type": ["string", "null"]}
_PARTY_NAMES: Final = ("name", "siren", "siret", "vat_number", "street", "postcode", "city",
                       "country")  # fmt: skip
_PARTY: Final[dict[str, JSON]] = {
    "type": ["object", "null"],
    "properties": dict.fromkeys(_PARTY_NAMES, _MAYBE),
}


@params
class Reading:
    """Which document."""

    file: str = param(
        Text("The invoice: a PDF, or its XML.", "La facture : un PDF, ou son XML."),
        title=Text("Invoice", "Facture"),
        format="path",
        examples=["${{ event.file.path }}"],
    )


@connector.action(
    "read",
    title=Text("Read an invoice", "Lire une facture"),
    about=Text(
        "Read a supplier’s invoice into fields: Factur-X and other XML, or the text of a PDF.",
        "Lit une facture reçue en champs : Factur-X et autres XML, ou le texte d’un PDF.",
    ),
    effect="none",
    idempotent=True,
    result={
        "type": "object",
        "properties": {
            "source": {
                "enum": ["xml", "text"],
                "description": "xml: as the supplier says; text: guessed, to be looked at",
            },
            "number": _MAYBE,
            "kind": _MAYBE,
            "issued_on": _MAYBE,
            "due_on": _MAYBE,
            "currency": _MAYBE,
            "order": _MAYBE,
            "corrects": _MAYBE,
            "iban": _MAYBE,
            "profile": _MAYBE,
            "seller": _PARTY,
            "buyer": _PARTY,
            "totals": {
                "type": "object",
                "properties": dict.fromkeys(("net", "vat", "gross", "due"), _MAYBE),
            },
            "lines": {"type": "array", "items": {"type": "object"}},
            "doubts": {
                "type": "array",
                "items": {"type": "string"},
                "description": "What is missing or does not fit: number, total, sums…",
            },
            "text": {**_MAYBE, "description": "The text of the PDF, when there is no XML"},
        },
        "required": ["source", "number", "seller", "totals", "lines", "doubts"],
    },
    example={"file": "${{ event.file.path }}"},
    describe=Text("read the invoice {file}", "lire la facture {file}"),
    isolated=True,
    limits=_LIMITS,
)
async def read(params: Reading, context: Context) -> JSON:
    """Read a supplier’s invoice into fields."""
    return await asyncio.to_thread(_read, params.file, context)


def _read(path: str, context: Context) -> JSON:
    data = context.files.read_bytes(path, limit=_MOST_BYTES)
    if data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"%PDF"):
        xml = _embedded(data, path)
        if xml is None:
            return _from_text(data, path)
    else:
        xml = data
    fields = _from_xml(xml, path)
    return {"source": "xml", **fields, "doubts": _doubts(fields), "text": None}


def _from_xml(xml: bytes, path: str) -> dict[str, JSON]:
    try:
        fields = fields_of(parse(xml))
    except ValueError as error:
        raise StepError(_UNREADABLE, file=shown(path), reason=str(error)[:120]) from error
    if fields is None:
        raise StepError(_NO_INVOICE, file=shown(path))
    return fields


def _embedded(data: bytes, path: str) -> bytes | None:
    pikepdf = require("pikepdf", "invoice")
    try:
        return read_embedded(data)
    except pikepdf.PasswordError:
        reason = Text("it is protected by a password", "il est protégé par un mot de passe")
        raise StepError(_UNREADABLE, file=shown(path), reason=reason) from None
    except (pikepdf.PdfError, ValueError, TypeError, RuntimeError) as error:
        raise StepError(_UNREADABLE, file=shown(path), reason=str(error)[:120]) from error


def _from_text(data: bytes, path: str) -> JSON:
    # Its many patterns are only made where there is no XML.
    from rouage_connectors.invoice.text_reading import guess

    text = _text(data, path)
    if not text.strip():
        raise StepError(_SCAN, hint=_SCAN_HINT, file=shown(path))
    fields = guess(text)
    return {"source": "text", **fields, "doubts": _doubts(fields), "text": text}


def _text(data: bytes, path: str) -> str:
    pypdf = require("pypdf", "invoice")
    try:
        reader = pypdf.PdfReader(io.BytesIO(data), strict=False)
        pages = [page.extract_text() for page in reader.pages[:_MOST_PAGES]]
    except (pypdf.errors.PyPdfError, LookupError, ValueError, TypeError, AttributeError) as error:
        raise StepError(_UNREADABLE, file=shown(path), reason=str(error)[:120]) from error
    return "\n".join(pages)[:_LONGEST_TEXT]


def _doubts(fields: Mapping[str, Any]) -> list[JSON]:
    return list(doubts(fields))
