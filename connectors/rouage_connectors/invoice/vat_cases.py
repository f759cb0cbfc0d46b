"""Sales on which VAT is not charged as usual: reverse charge, customers abroad, exports.

What each case is, and where it is written, stands in the dated file of the law; here a document
is held against it.
"""

from typing import Final

from rouage.sdk import StepError, Text
from rouage_connectors.invoice.legal_texts import VatCase, place_of, vat_cases
from rouage_connectors.invoice.model import Buyer, Invoice

CASES: Final = (
    "building", "eu_services", "eu_goods", "export", "outside_services", "french", "franchise",
)  # fmt: skip
"""What `vat_case` may say."""

_PLACES: Final = {
    "france": Text("in France", "en France"),
    "union": Text("in another country of the Union", "dans un autre pays de l’Union"),
    "outside": Text("outside the Union", "hors de l’Union"),
    "abroad": Text("abroad", "à l’étranger"),
}
_NATURES: Final = {
    "services": Text("services", "des services"),
    "goods": Text("goods", "des biens"),
    "mixed": Text("goods and services", "des biens et des services"),
}

_ABROAD: Final = Text(
    "the customer is in {country}: the invoice must say how its VAT is dealt with",
    "le client est en {country} : la facture doit dire comment sa TVA est traitée",
)
_ABROAD_HINT: Final = Text(
    "write `vat_case:` with one of {known}; ask your accountant if you are in doubt",
    "écrivez `vat_case:` avec l’un de {known} ; demandez à votre comptable en cas de doute",
)
_NOBODY: Final = Text("none that is known here", "aucun qui soit connu ici")
_WRONG_REGIME: Final = Text(
    "`vat_case: {case}` is not for a seller under this VAT regime ({regime})",
    "`vat_case: {case}` n’est pas pour un vendeur sous ce régime de TVA ({regime})",
)
_WRONG_REGIME_HINT: Final = Text(
    "take `vat_case` out, or correct `regime` in the account of the seller",
    "retirez `vat_case`, ou corrigez `regime` dans le compte du vendeur",
)
_WRONG_PLACE: Final = Text(
    "`vat_case: {case}` is for customers {place}, and this one is in {country}",
    "`vat_case: {case}` est pour les clients {place}, et celui-ci est en {country}",
)
_WRONG_PLACE_HINT: Final = Text(
    "correct `country` of the customer, or take another `vat_case`",
    "corrigez `country` dans le client, ou prenez un autre `vat_case`",
)
_WRONG_NATURE: Final = Text(
    "`vat_case: {case}` is not for {nature}",
    "`vat_case: {case}` n’est pas pour {nature}",
)
_WRONG_NATURE_HINT: Final = Text(
    "say `nature: goods` or `nature: services` on each line, and make one invoice for each",
    "indiquez `nature: goods` ou `nature: services` sur chaque ligne, et faites une facture "
    "pour chaque nature",
)
_NOT_BUSINESS: Final = Text(
    "`vat_case: {case}` is for businesses, and the customer is not one",
    "`vat_case: {case}` est pour les entreprises, et le client n’en est pas une",
)
_NOT_BUSINESS_HINT: Final = Text(
    "write `siren` of the customer, or `is_business: true` for one abroad",
    "écrivez le `siren` du client, ou `is_business: true` pour une entreprise étrangère",
)
_NOT_PERSON: Final = Text(
    "`vat_case: {case}` is for private persons, and the customer is a business",
    "`vat_case: {case}` est pour les particuliers, et le client est une entreprise",
)
_NO_VAT_NUMBER: Final = Text(
    "`vat_case: {case}` needs `vat_number` of {what}: the invoice must show it",
    "`vat_case: {case}` demande le `vat_number` dans {what} : la facture doit l’indiquer",
)
_NO_VAT_NUMBER_HINT: Final = Text(
    "write it; you can check one on ec.europa.eu/taxation_customs/vies",
    "écrivez-le ; on peut le vérifier sur ec.europa.eu/taxation_customs/vies",
)
_OTHER_COUNTRY: Final = Text(
    "the VAT number of the customer begins with {prefix}, and the address is in {country}",
    "le numéro de TVA du client commence par {prefix}, et l’adresse est en {country}",
)
_OTHER_COUNTRY_HINT: Final = Text(
    "correct the VAT number or the `country` of the customer",
    "corrigez le numéro de TVA ou le `country` du client",
)
_NO_DEPOSIT: Final = Text(
    "a deposit on goods that go to another country of the Union is not invoiced",
    "un acompte sur des biens livrés dans un autre pays de l’Union ne se facture pas",
)
_NO_DEPOSIT_HINT: Final = Text(
    "ask for it by mail, and invoice the whole when the goods leave (invoice.balance)",
    "demandez-le par mail, et facturez le tout au départ des biens (invoice.balance)",
)
_THE_CUSTOMER: Final = Text("the customer", "le client")
_THE_SELLER: Final = Text("the account of the seller", "le compte du vendeur")


def check_vat_case(invoice: Invoice) -> None:
    """Refuse a document whose VAT cannot be dealt with as it says.

    Raises:
        StepError: the case does not fit the seller, the customer or what is sold; or a customer
            abroad has none.
    """
    if invoice.vat_case is None:
        _check_usual(invoice)
        return
    case = vat_cases()[invoice.vat_case]
    if invoice.seller.regime not in case.regimes:
        regime = invoice.seller.regime
        raise StepError(_WRONG_REGIME, hint=_WRONG_REGIME_HINT, case=case.name, regime=regime)
    country = invoice.buyer.address.country
    if not _is_there(case, country):
        raise StepError(
            _WRONG_PLACE, hint=_WRONG_PLACE_HINT, case=case.name, place=_PLACES[case.where],
            country=country,
        )  # fmt: skip
    if invoice.nature not in case.natures:
        nature = _NATURES[invoice.nature]
        raise StepError(_WRONG_NATURE, hint=_WRONG_NATURE_HINT, case=case.name, nature=nature)
    if invoice.kind == "deposit" and case.category == "K":
        raise StepError(_NO_DEPOSIT, hint=_NO_DEPOSIT_HINT)
    _check_people(case, invoice)


def _check_usual(invoice: Invoice) -> None:
    """Refuse what needs a case: sales abroad with VAT, and services for a business in the Union."""
    country = invoice.buyer.address.country
    place = place_of(country)
    is_reversed = place == "union" and invoice.buyer.is_business and invoice.nature != "goods"
    if place == "france" or (invoice.seller.regime == "franchise" and not is_reversed):
        return
    known = [
        name
        for name, case in vat_cases().items()
        if invoice.seller.regime in case.regimes
        and _is_there(case, country)
        and case.customer in {None, "business" if invoice.buyer.is_business else "person"}
    ]
    told = ", ".join(known) or _NOBODY
    raise StepError(_ABROAD, hint=_ABROAD_HINT, country=country, known=told)


def _is_there(case: VatCase, country: str) -> bool:
    place = place_of(country)
    return case.where in {"anywhere", place} or (case.where == "abroad" and place != "france")


def _check_people(case: VatCase, invoice: Invoice) -> None:
    buyer = invoice.buyer
    if case.customer == "person" and buyer.is_business:
        raise StepError(_NOT_PERSON, hint=_WRONG_PLACE_HINT, case=case.name)
    if case.customer != "business":
        return
    if not buyer.is_business:
        raise StepError(_NOT_BUSINESS, hint=_NOT_BUSINESS_HINT, case=case.name)
    if case.where == "outside":
        return
    for what, number in ((_THE_CUSTOMER, buyer.vat_number),
                         (_THE_SELLER, invoice.seller.vat_number)):  # fmt: skip
        if number is None:
            raise StepError(_NO_VAT_NUMBER, hint=_NO_VAT_NUMBER_HINT, case=case.name, what=what)
    _check_country(buyer)


def _check_country(buyer: Buyer) -> None:
    prefix, country = (buyer.vat_number or "")[:2], buyer.address.country
    if prefix != {"GR": "EL"}.get(country, country):
        raise StepError(_OTHER_COUNTRY, hint=_OTHER_COUNTRY_HINT, prefix=prefix, country=country)
