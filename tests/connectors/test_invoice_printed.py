"""Printed invoices of all sorts of suppliers, as their PDFs give their text."""

import time

import pytest

from rouage_connectors.invoice.text_amounts import rows_of, totals_by_sums
from rouage_connectors.invoice.text_reading import guess

CRAFTSMAN = """DUPONT MENUISERIE SARL
14 rue des Tanneurs
67000 STRASBOURG
SIRET : 732 829 320 00074 - TVA FR 44 732829320
FACTURE N° 2026-014
Date : 12/10/2026
Facturé à :
Mme Marie Durand
3 rue des Lilas
69003 LYON
Désignation Quantité P.U. HT Montant HT
Pose d'une porte 2 450,00 900,00
Peinture 10 h 35,00 350,00
Total H.T. 1 250,00 €
T.V.A. 20 % 250,00 €
Total T.T.C. 1 500,00 €
Échéance : 11/11/2026
IBAN : FR76 3000 6000 0112 3456 7890 189
"""
TELEPHONE = """Votre facture internet
Facture n° 9876543210 du 5 octobre 2026
Société Télécom SA au capital de 10 640 226 396 € - RCS Nanterre 404 833 048
Montant à payer TTC 54,99 €
à payer avant le 26/10/2026
Total HT 45,83 €
TVA 20,00% 9,16 €
Total TTC 54,99 €
"""
MARKETPLACE = """Facture
Payé
Numéro de la facture FR-AEU-INV-2026-55512
Date de la facture/Date de livraison 12 octobre 2026
Commande n° 408-1234567-7654321
Vendu par Le Petit Comptoir EURL
TVA FR44732829320
Adresse de facturation
Marie Durand
3 rue des Lilas
69003 Lyon
Taux TVA Sous-total (HT) TVA
20 % 19,99 € 4,00 €
Total à payer € 23,99
"""
COLUMNS = """HEBERGEUR SAS
2 rue Kellermann - 59100 Roubaix - France
Référence de la facture : FR12345678
Date d'émission : 12/10/26
Prix HT
TVA
Total
10,00 €
2,00 €
12,00 €
Prélèvement le 20/10/2026
"""
ENGLISH = """Acme Hosting Ltd
Invoice number ABCD-0042
Date of issue October 12, 2026
Date due October 26, 2026
Bill to
Marie Durand
Description Qty Unit price Amount
Server 3 1,400.00 4,200.00
Subtotal €4,200.00
VAT - France (20%) €840.00
Total €5,040.00
Amount due €5,040.00
"""
FRANCHISE = """Jean Petit EI
8 place du Marché, 35000 Rennes
SIRET 404 833 048 00022
Facture FA-2026-0007 du 1er mars 2026
Atelier d'écriture 3 150,00 450,00
TVA non applicable, art. 293 B du CGI
Total : 450,00 €
À régler avant le 31 mars 2026
"""
CREDIT = """Papeterie du Centre
12 avenue Foch
54000 Nancy
AVOIR N° AV-0031
Date de facture 02.11.2026
Annule la facture n° F-2210
Total HT 100,00
TVA 5,5 % 5,50
Total TTC 105,50
"""
DEPOSIT = """Cuisines Moreau
Facture d'acompte n° AC-77
Date : 3 nov. 2026
Montant HT 1 000,00 €
TVA (10 %) 100,00 €
Montant TTC 1 100,00 €
Net à payer 1 100,00 €
"""
READ = {
    "craftsman": (CRAFTSMAN, {
        "number": "2026-014", "issued_on": "2026-10-12", "due_on": "2026-11-11",
        "iban": "FR7630006000011234567890189",
        "seller.name": "DUPONT MENUISERIE SARL", "seller.siret": "73282932000074",
        "seller.vat_number": "FR44732829320", "seller.city": "STRASBOURG",
        "buyer.name": "Mme Marie Durand", "buyer.postcode": "69003",
        "totals": {"net": "1250.00", "vat": "250.00", "gross": "1500.00", "due": "1500.00"}}),
    "telephone": (TELEPHONE, {
        "number": "9876543210", "issued_on": "2026-10-05", "due_on": "2026-10-26",
        "seller.name": "Société Télécom SA", "seller.siren": "404833048",
        "totals": {"net": "45.83", "vat": "9.16", "gross": "54.99", "due": "54.99"}}),
    "marketplace": (MARKETPLACE, {
        "number": "FR-AEU-INV-2026-55512", "issued_on": "2026-10-12",
        "order": "408-1234567-7654321", "seller.name": "Le Petit Comptoir EURL",
        "buyer.name": "Marie Durand",
        "totals": {"net": "19.99", "vat": "4.00", "gross": "23.99", "due": "23.99"}}),
    "columns": (COLUMNS, {
        "number": "FR12345678", "issued_on": "2026-10-12", "due_on": "2026-10-20",
        "seller.name": "HEBERGEUR SAS", "seller.postcode": "59100", "seller.city": "Roubaix",
        "totals": {"net": "10.00", "vat": "2.00", "gross": "12.00", "due": "12.00"}}),
    "english": (ENGLISH, {
        "number": "ABCD-0042", "seller.name": "Acme Hosting Ltd",
        "issued_on": "2026-10-12", "due_on": "2026-10-26",
        "totals": {"net": "4200.00", "vat": "840.00", "gross": "5040.00", "due": "5040.00"}}),
    "franchise": (FRANCHISE, {
        "number": "FA-2026-0007", "issued_on": "2026-03-01", "due_on": "2026-03-31",
        "seller.name": "Jean Petit EI", "seller.street": "8 place du Marché",
        "seller.city": "Rennes",
        "totals": {"net": None, "vat": None, "gross": "450.00", "due": "450.00"}}),
    "credit": (CREDIT, {
        "number": "AV-0031", "seller.name": "Papeterie du Centre", "seller.city": "Nancy",
        "kind": "credit", "corrects": "F-2210", "issued_on": "2026-11-02",
        "totals": {"net": "100.00", "vat": "5.50", "gross": "105.50", "due": "105.50"}}),
    "deposit": (DEPOSIT, {
        "number": "AC-77", "kind": "deposit", "issued_on": "2026-11-03",
        "totals": {"net": "1000.00", "vat": "100.00", "gross": "1100.00", "due": "1100.00"}}),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_the_invoice_of_a_supplier_is_understood(name):
    text, expected = READ[name]
    fields = guess(text)
    flat = {**fields, **{f"{party}.{key}": value for party in ("seller", "buyer")
                         for key, value in (fields[party] or {}).items()}}  # fmt: skip
    assert {key: flat[key] for key in expected} == expected


def test_lines_are_given_where_they_add_up_to_a_total():
    lines = guess(CRAFTSMAN)["lines"]
    assert [(one["label"], one["quantity"], one["net"]) for one in lines] == [
        ("Pose d'une porte", "2", "900.00"), ("Peinture", "10", "350.00"),
    ]  # fmt: skip
    assert guess(CRAFTSMAN.replace("Peinture 10 h 35,00 350,00", "Peinture 350,00"))["lines"] == []


def test_a_number_whose_check_digits_are_wrong_is_not_kept():
    fields = guess(CRAFTSMAN.replace("00074", "00075").replace("890 189", "890 180"))
    assert (fields["seller"]["siret"], fields["iban"]) == (None, None)


def test_amounts_that_do_not_add_up_are_no_totals():
    assert totals_by_sums("10,00 3,00 13,00") is None
    assert rows_of(["Vis 3 2,00 7,00"], [None]) == []


@pytest.mark.parametrize("text", ["1 " * 50_000, "12,00 " * 20_000, "a" * 100_000,
                                  "Total " * 15_000, "Vis 1 1,00 1,00\n" * 6_000,
                                  "TVA " + "x" * 99_000, "FR" + "1" * 99_000,
                                  "AB12" + " 1234" * 19_000])  # fmt: skip
def test_a_hostile_text_is_read_in_a_bounded_time(text):
    start = time.process_time()
    guess(text)
    assert time.process_time() - start < 10
