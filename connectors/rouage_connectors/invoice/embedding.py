"""The XML in the PDF, as Factur-X wants it: an associated file, and metadata that say so.

The PDF comes from typst as PDF/A-3 and stays one: what is added is an associated file and, in
its metadata, the properties of Factur-X with their description. Nothing else is rewritten.
"""

import io
from datetime import datetime
from typing import Any, Final

from rouage.sdk.extras import require
from rouage_connectors.invoice.pdf import FILE_NAME

_DESCRIPTION: Final = "Facture au format Factur-X (EN 16931)"
_SPACE: Final = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
_BAG_END: Final = b"</rdf:Bag></pdfaExtension:schemas>"
_RDF_END: Final = b"</rdf:RDF>"
_PROPERTIES: Final = (
    ("DocumentFileName", "The name of the embedded XML document"),
    ("DocumentType", "The type of the hybrid document in capital letters, e.g. INVOICE"),
    ("Version", "The actual version of the standard applying to the embedded XML document"),
    ("ConformanceLevel", "The conformance level of the embedded XML document"),
)
_VALUES: Final = (
    f'<rdf:Description rdf:about="" xmlns:fx="{_SPACE}">'
    "<fx:DocumentType>INVOICE</fx:DocumentType>"
    f"<fx:DocumentFileName>{FILE_NAME}</fx:DocumentFileName>"
    "<fx:Version>1.0</fx:Version>"
    "<fx:ConformanceLevel>EN 16931</fx:ConformanceLevel>"
    "</rdf:Description>"
)


def embed(pdf: bytes, xml: bytes, *, made_at: datetime) -> bytes:
    """Return *pdf*, a PDF/A-3, with *xml* in it; the same input gives the same bytes."""
    pikepdf = require("pikepdf", "invoice")
    with pikepdf.open(io.BytesIO(pdf)) as document:
        moment = f"D:{made_at:%Y%m%d%H%M%S%z}"
        moment = f"{moment[:-2]}'{moment[-2:]}'"
        file = pikepdf.AttachedFileSpec(
            document,
            xml,
            filename=FILE_NAME,
            description=_DESCRIPTION,
            mime_type="text/xml",
            creation_date=moment,
            mod_date=moment,
            relationship=pikepdf.Name.Data,
        )
        document.attachments[FILE_NAME] = file
        document.Root.AF = pikepdf.Array([file.obj])
        document.Root.PageMode = pikepdf.Name.UseAttachments
        _say(document)
        made = io.BytesIO()
        document.save(made, deterministic_id=True, fix_metadata_version=False)
    return made.getvalue()


def _say(document: Any) -> None:
    """Add the properties of Factur-X to the metadata.

    A property stands once in metadata: the description goes into the list that is there.
    """
    told: bytes = document.Root.Metadata.read_bytes()
    added = _VALUES.encode()
    if told.count(_BAG_END) == 1:
        told = told.replace(_BAG_END, _described().encode() + _BAG_END)
    else:
        added += _list_of_its_own().encode()
    document.Root.Metadata.write(told.replace(_RDF_END, added + _RDF_END))


def _described() -> str:
    properties = "".join(
        '<rdf:li rdf:parseType="Resource">'
        f"<pdfaProperty:name>{name}</pdfaProperty:name>"
        "<pdfaProperty:valueType>Text</pdfaProperty:valueType>"
        "<pdfaProperty:category>external</pdfaProperty:category>"
        f"<pdfaProperty:description>{about}</pdfaProperty:description></rdf:li>"
        for name, about in _PROPERTIES
    )
    return (
        '<rdf:li rdf:parseType="Resource">'
        "<pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>"
        f"<pdfaSchema:namespaceURI>{_SPACE}</pdfaSchema:namespaceURI>"
        "<pdfaSchema:prefix>fx</pdfaSchema:prefix>"
        f"<pdfaSchema:property><rdf:Seq>{properties}</rdf:Seq></pdfaSchema:property></rdf:li>"
    )


def _list_of_its_own() -> str:
    return (
        '<rdf:Description rdf:about="" '
        'xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/" '
        'xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" '
        'xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">'
        f"<pdfaExtension:schemas><rdf:Bag>{_described()}</rdf:Bag></pdfaExtension:schemas>"
        "</rdf:Description>"
    )
