"""The PDF of a document: made as PDF/A-3 by typst, its structure checked.

What a library says of its own PDF proves nothing: `check_structure` looks for what PDF/A-3
and Factur-X demand (output intent, embedded fonts, associated file, XMP).
"""

import hashlib
import io
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any, Final

from rouage.sdk import StepError, Text
from rouage.sdk.extras import require
from rouage.sdk.files import shown

FILE_NAME: Final = "factur-x.xml"
NAMES: Final = (FILE_NAME, "zugferd-invoice.xml", "xrechnung.xml", "zugferd_invoice.xml")
"""How the XML is called in the PDFs of suppliers; the first one is ours."""

LACKS: Final = {
    "not_encrypted": "le fichier est chiffré",
    "output_intent": "il manque le profil de couleurs (OutputIntent)",
    "fonts_embedded": "une police n’est pas incorporée",
    "no_scripts": "le fichier contient un programme ou une action",
    "associated_file": "il manque le fichier XML associé (AF, AFRelationship)",
    "xmp_pdfa_3": "les métadonnées ne disent pas PDF/A-3 (pdfaid:part)",
    "xmp_facturx": "les métadonnées ne disent pas le profil Factur-X",
    "same_xml": "le XML du fichier n’est pas celui qui a été écrit",
}
"""What `check_structure` looks for, and how its absence is said, in French as all rules are."""

_UNPRINTABLE: Final = re.compile(r'the text `"(.{1,20}?)"` could not be displayed')
_NO_GLYPH: Final = Text(
    "“{character}” cannot be printed on an invoice: no font has it",
    "« {character} » ne peut pas être imprimé sur une facture : aucune police ne l’a",
)
_NO_GLYPH_HINT: Final = Text(
    "take it out of the customer, the lines or the remark",
    "retirez-le du client, des lignes ou de la remarque",
)

_FORM_DEPTH: Final = 5
_MOST_XML: Final = 20 << 20


def render(page: Mapping[str, Any], made_at: datetime) -> bytes:
    """Return the *page* as PDF/A-3b, the same on every system: its fonts come with typst.

    Raises:
        StepError: a character cannot be printed.
    """
    typst = require("typst", "invoice")
    template = resources.files("rouage_connectors.invoice").joinpath("pages", "invoice.typ")
    try:
        made: bytes = typst.compile(
            template.read_bytes(),
            format="pdf",
            pdf_standards="a-3b",
            font_paths=_fonts_of_typst(),
            sys_inputs={"page": json.dumps(page, ensure_ascii=False)},
            timestamp=made_at.replace(microsecond=0),
        )
    except typst.TypstError as error:
        found = _UNPRINTABLE.search(str(error))
        if found is None:
            raise
        raise StepError(_NO_GLYPH, hint=_NO_GLYPH_HINT, character=shown(found[1])) from error
    return made


@cache
def _fonts_of_typst() -> Any:
    """Return the fonts that come with typst, looked through once for all documents."""
    return require("typst", "invoice").Fonts(include_system_fonts=False)


def check_structure(pdf: bytes, xml: bytes | None) -> list[str]:
    """Return what *pdf* lacks of PDF/A-3 and Factur-X, by short names; nothing if it is sound.

    With *xml*, what is embedded must be the same to the byte.
    """
    pikepdf = require("pikepdf", "invoice")
    with pikepdf.open(io.BytesIO(pdf)) as document:
        return [
            name
            for name, holds in (
                ("not_encrypted", not document.is_encrypted),
                ("output_intent", _has_output_intent(document)),
                ("fonts_embedded", all(_is_embedded(font) for font in _fonts(document))),
                ("no_scripts", _has_no_scripts(document)),
                ("associated_file", _has_associated_file(pikepdf, document)),
                ("xmp_pdfa_3", _xmp_says(document, rb"pdfaid:part\W{1,3}3")),
                ("xmp_facturx", _xmp_says(document, rb"ConformanceLevel")),
                ("same_xml", xml is None or embedded_xml(document) == xml),
            )
            if not holds
        ]


def read_embedded(pdf: bytes) -> bytes | None:
    """Return the XML of the invoice that *pdf* holds, or None."""
    pikepdf = require("pikepdf", "invoice")
    with pikepdf.open(io.BytesIO(pdf)) as document:
        return embedded_xml(document)


def broken() -> tuple[type[Exception], ...]:
    """Return what pikepdf raises over a file that is no PDF, or a broken or locked one."""
    pikepdf = require("pikepdf", "invoice")
    return (pikepdf.PdfError, pikepdf.PasswordError, ValueError, TypeError, KeyError, RuntimeError)


def embedded_xml(document: Any) -> bytes | None:
    """Return the XML of the invoice in an open pikepdf *document*, or None."""
    for name in NAMES:
        with suppress(KeyError, AttributeError, ValueError):
            if name in document.attachments:
                data: bytes = document.attachments[name].get_file().read_bytes()
                return data[: _MOST_XML + 1]
    return None


def digest(data: bytes) -> str:
    """Return the SHA-256 of *data*."""
    return hashlib.sha256(data).hexdigest()


def _has_output_intent(document: Any) -> bool:
    intents = document.Root.get("/OutputIntents", [])
    return any(
        intent.get("/S") == "/GTS_PDFA1" and intent.get("/DestOutputProfile") is not None
        for intent in intents
    )


def _has_no_scripts(document: Any) -> bool:
    root = document.Root
    action = root.get("/OpenAction")
    names = root.get("/Names", {})
    is_script = action is not None and getattr(action, "get", lambda _: None)("/S") is not None
    return "/AA" not in root and "/JavaScript" not in names and not is_script


def _has_associated_file(pikepdf: Any, document: Any) -> bool:
    for file in document.Root.get("/AF", []):
        name, relation = str(file.get("/UF", "")), file.get("/AFRelationship")
        if name in NAMES and relation in {
            pikepdf.Name.Data,
            pikepdf.Name.Source,
            pikepdf.Name.Alternative,
        }:
            return "/EF" in file
    return False


def _xmp_says(document: Any, pattern: bytes) -> bool:
    metadata = document.Root.get("/Metadata")
    return metadata is not None and re.search(pattern, metadata.read_bytes()) is not None


def _fonts(document: Any) -> Iterator[Any]:
    for page in document.pages:
        yield from _fonts_of(page.obj.get("/Resources", {}), 0)


def _fonts_of(held: Any, depth: int) -> Iterator[Any]:
    yield from held.get("/Font", {}).values()
    if depth < _FORM_DEPTH:
        for form in held.get("/XObject", {}).values():
            yield from _fonts_of(form.get("/Resources", {}), depth + 1)


def _is_embedded(font: Any) -> bool:
    if font.get("/Subtype") == "/Type3":
        return True  # its letters are drawn in the document itself
    if font.get("/Subtype") == "/Type0":
        font = font["/DescendantFonts"][0]
    descriptor = font.get("/FontDescriptor", {})
    return any(key in descriptor for key in ("/FontFile", "/FontFile2", "/FontFile3"))
