"""Invoices of suppliers as fields, and documents held against rules and register."""

import os

import pikepdf
import pytest

from rouage.catalog.discovery import discover
from rouage.errors import StepError
from rouage.workers.isolation import isolate
from rouage.workers.pool import Workers
from rouage_connectors.invoice.text_reading import guess
from tests.connectors.invoicing import BUSINESS, GOODS, LIABLE, SERVICE, Bench

ORDER = {"customer": BUSINESS, "lines": [{**SERVICE, "vat": 10}, GOODS]}
CII = (
    '<rsm:CrossIndustryInvoice xmlns:rsm="urn:un:unece:uncefact:data:standard:'
    'CrossIndustryInvoice:100" xmlns:ram="urn:un:unece:uncefact:data:standard:'
    'ReusableAggregateBusinessInformationEntity:100">{body}</rsm:CrossIndustryInvoice>'
)
UBL = """<?xml version="1.0"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
 xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
 xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
<cbc:ID>UBL-7</cbc:ID><cbc:IssueDate>2026-10-05</cbc:IssueDate>
<cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode><cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
<cac:AccountingSupplierParty><cac:Party>
<cac:PartyLegalEntity><cbc:RegistrationName>Bois SARL</cbc:RegistrationName>
<cbc:CompanyID>404833048</cbc:CompanyID></cac:PartyLegalEntity></cac:Party></cac:AccountingSupplierParty>
<cac:TaxTotal><cbc:TaxAmount>2.00</cbc:TaxAmount></cac:TaxTotal>
<cac:LegalMonetaryTotal><cbc:TaxExclusiveAmount>10</cbc:TaxExclusiveAmount>
<cbc:TaxInclusiveAmount>12.00</cbc:TaxInclusiveAmount><cbc:PayableAmount>12.00</cbc:PayableAmount>
</cac:LegalMonetaryTotal>
<cac:InvoiceLine><cbc:InvoicedQuantity>1</cbc:InvoicedQuantity>
<cbc:LineExtensionAmount>10</cbc:LineExtensionAmount><cac:Item><cbc:Name>Planche</cbc:Name></cac:Item>
</cac:InvoiceLine></Invoice>"""
PRINTED = """SARL Bois & Fils
4 rue du Canal, 59000 Lille
SIRET : 404 833 048 00022   TVA intracom. FR 83 404 833 048
Facture n° F2026-118
Date : 3 octobre 2026
Échéance : 02/11/2026
Total HT 1 250,00 €
TVA 20 % 250,00 €
Total TTC 1 500,00 €
Net à payer 1 500,00 €
IBAN FR76 3000 6000 0112 3456 7890 189
"""


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path, LIABLE)


def _write(bench, name, content):
    path = bench.workspace / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


# -- reading --------------------------------------------------------------------------------------


async def test_our_own_invoice_is_read_back(bench):
    issued = await bench.issue(**ORDER)
    fields = [await bench.do("read", file=issued[name]) for name in ("pdf", "xml")]
    assert fields[0] == fields[1]
    read = fields[0]
    assert (read["source"], read["number"], read["doubts"]) == ("xml", "FA-2026-0001", [])
    assert read["totals"] == {key: issued["totals"][key] for key in ("net", "vat", "gross", "due")}
    assert read["seller"]["siret"] == "73282932000074"
    assert read["buyer"]["siren"] == "404833048"
    assert [line["label"] for line in read["lines"]] == ["Pose d’étagères", "Vis"]
    assert read["iban"] == "FR7630006000011234567890189"


async def test_an_invoice_with_hardly_anything_is_read_all_the_same(bench):
    body = "<rsm:ExchangedDocument><ram:ID>X-1</ram:ID></rsm:ExchangedDocument>"
    read = await bench.do("read", file=_write(bench, "a.xml", CII.format(body=body)))
    assert (read["number"], read["seller"], read["lines"]) == ("X-1", None, [])
    assert read["doubts"] == ["issued_on", "seller", "total"]


async def test_ubl_is_read_too(bench):
    read = await bench.do("read", file=_write(bench, "a.xml", UBL))
    assert (read["number"], read["seller"]["siren"]) == ("UBL-7", "404833048")
    assert read["totals"] == {"net": "10.00", "vat": "2.00", "gross": "12.00", "due": "12.00"}
    assert read["lines"][0]["label"] == "Planche"
    assert read["doubts"] == []


async def test_amounts_that_do_not_add_up_are_a_doubt(bench):
    wrong = UBL.replace("<cbc:TaxAmount>2.00", "<cbc:TaxAmount>3.00")
    assert (await bench.do("read", file=_write(bench, "a.xml", wrong)))["doubts"] == ["sums"]


async def test_a_plain_pdf_is_guessed_from_its_text(bench):
    quote = await bench.issue("quote", **ORDER)
    read = await bench.do("read", file=quote["pdf"])
    assert (read["source"], read["totals"]["net"]) == ("text", quote["totals"]["net"])
    assert "Boulangerie Martin" in read["text"]


def test_the_text_of_an_invoice_is_understood():
    fields = guess(PRINTED)
    assert fields["number"] == "F2026-118"
    assert (fields["issued_on"], fields["due_on"]) == ("2026-10-03", "2026-11-02")
    assert fields["totals"] == {
        "net": "1250.00", "vat": "250.00", "gross": "1500.00", "due": "1500.00",
    }  # fmt: skip
    assert fields["seller"]["siret"] == "40483304800022"
    assert fields["seller"]["vat_number"] == "FR83404833048"
    assert fields["iban"] == "FR7630006000011234567890189"


@pytest.mark.parametrize("text", ["", "rien", "Facture", "Total TTC", "9" * 5_000, " 1" * 20_000])
def test_a_text_that_says_nothing_gives_nothing(text):
    fields = guess(text)
    assert fields["totals"]["gross"] is None
    assert fields["number"] is None


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.pdf", b"%PDF-1.7\nnot really", "neither a PDF nor an XML"),
        ("a.xml", b"<a/>", "no invoice"),
        ("a.xml", b"hello", "neither a PDF nor an XML"),
        ("a.xml", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "no invoice"),
        ("a.xml", b"", "neither a PDF nor an XML"),
    ],
)
async def test_what_is_no_invoice_is_said(bench, name, content, said):
    with pytest.raises(StepError, match=said):
        await bench.do("read", file=_write(bench, name, content))


async def test_a_scan_is_said(bench):
    path = bench.workspace / "scan.pdf"
    with pikepdf.new() as document:
        document.add_blank_page()
        document.save(path)
    with pytest.raises(StepError, match="scan"):
        await bench.do("read", file=str(path))


async def test_an_entity_that_names_a_file_is_not_opened(bench):
    secret = _write(bench, "secret.txt", "the secret")
    body = "<rsm:ExchangedDocument><ram:ID>&b;</ram:ID></rsm:ExchangedDocument>"
    text = f'<!DOCTYPE a [<!ENTITY b SYSTEM "file://{secret}">]>' + CII.format(body=body)
    read = await bench.do("read", file=_write(bench, "a.xml", text))
    assert "secret" not in str(read)


async def test_reading_in_a_worker_process_says_the_same(bench):
    issued = await bench.issue(**ORDER)
    workers = Workers(places=1)
    try:
        spec = isolate(discover(), workers.run).actions["invoice.read"]
        away = await spec.run(spec.parameters.build({"file": issued["pdf"]}), bench.context())
    finally:
        await workers.close()
    assert away == await bench.do("read", file=issued["pdf"])


# -- verifying ------------------------------------------------------------------------------------


async def test_a_pdf_without_its_xml_is_not_valid(bench):
    quote = await bench.issue("quote", **ORDER)
    found = await bench.do("verify", file=quote["pdf"])
    assert found["is_valid"] is False
    assert {one["rule"] for one in found["findings"]} == {"associated_file", "xmp_facturx"}


async def test_what_is_taken_out_of_a_pdf_is_missed(bench):
    issued = await bench.issue(**ORDER)
    path = bench.workspace / "changed.pdf"
    with pikepdf.open(issued["pdf"]) as document:
        del document.Root["/OutputIntents"]
        font = document.pages[0].Resources.Font
        descriptor = next(iter(font.values()))["/DescendantFonts"][0]["/FontDescriptor"]
        for key in ("/FontFile2", "/FontFile3"):
            if key in descriptor:
                del descriptor[key]
        document.Root["/AA"] = pikepdf.Dictionary()
        document.save(path)
    found = await bench.do("verify", file=str(path))
    assert {one["rule"] for one in found["findings"]} == {
        "output_intent", "fonts_embedded", "no_scripts",
    }  # fmt: skip


@pytest.mark.parametrize("content", [b"%PDF-1.7\nnot really", b"%PDF", b"%PDF-1.7" + b"<<" * 9_999])
async def test_a_pdf_that_is_none_is_not_valid(bench, content):
    found = await bench.do("verify", file=_write(bench, "a.pdf", content))
    assert [one["rule"] for one in found["findings"]] == ["PDF"]


async def test_an_empty_file_is_said(bench):
    with pytest.raises(StepError, match="nothing to verify"):
        await bench.do("verify", file=_write(bench, "a.pdf", b""))


async def test_a_file_that_was_changed_or_lost_shows(bench):
    first, second = [await bench.issue(**ORDER) for _ in range(2)]
    os.chmod(first["pdf"], 0o600)
    with open(first["pdf"], "ab") as file:
        file.write(b"\n")
    os.remove(second["xml"])
    found = await bench.do("verify")
    assert (found["is_valid"], found["count"]) == (False, 2)
    assert [one["rule"] for one in found["findings"]] == ["sha256", "file"]
