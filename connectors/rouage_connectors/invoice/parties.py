"""The customer and the seller, read field by field: each number right, each address whole."""

import re
from typing import Final, Literal, cast

from rouage.sdk import StepError, Text
from rouage.sdk.files import shown
from rouage_connectors.invoice import identifiers
from rouage_connectors.invoice.fields import Fields
from rouage_connectors.invoice.model import Address, Buyer, Seller

CUSTOMER: Final = Text("the customer", "le client")
SELLER: Final = Text("the seller", "le vendeur")
_DELIVERY: Final = Text("the delivery address", "l’adresse de livraison")
_BILLING: Final = Text("the billing address", "l’adresse de facturation")
_COUNTRY: Final = re.compile(r"[A-Z]{2}", re.ASCII)
_ONE_LINE: Final = re.compile(
    r"(?P<street>[^\n]{1,200}?)\s*[,\n]\s*(?P<postcode>\d{5})\s+(?P<city>[^\n,]{1,100})"
)
_PLACE: Final = ("street", "postcode", "city")

_NO_ADDRESS: Final = Text(
    "{what} has no address, and an invoice needs one",
    "il n’y a pas d’adresse dans {what}, et une facture en demande une",
)
_NO_ADDRESS_HINT: Final = Text(
    "write `address: 3 rue des Lilas, 69003 Lyon`, or `street`, `postcode` and `city`",
    "écrivez `address: 3 rue des Lilas, 69003 Lyon`, ou bien `street`, `postcode` et `city`",
)
_ADDRESS: Final = Text(
    "the address of {what} must be like “3 rue des Lilas, 69003 Lyon”, not “{value}”",
    "l’adresse dans {what} s’écrit comme « 3 rue des Lilas, 69003 Lyon », pas « {value} »",
)
_ADDRESS_HINT: Final = Text(
    "complete it, or write it as `street`, `postcode`, `city` and `country`",
    "complétez-la, ou écrivez-la en `street`, `postcode`, `city` et `country`",
)
_COUNTRY_CODE: Final = Text(
    "`country` of {what} is two capital letters, such as FR",
    "`country` dans {what} s’écrit en deux majuscules, comme FR",
)


def read_buyer(given: object) -> Buyer:
    """Return the customer that *given* describes.

    Raises:
        StepError: a field is missing or cannot be right.
    """
    fields = Fields(given, CUSTOMER)
    name = fields.text("name", longest=200)
    siret, siren = fields.maybe("siret"), fields.maybe("siren")
    siret = None if siret is None else identifiers.siret(siret, CUSTOMER)
    siren = None if siren is None else identifiers.siren(siren, CUSTOMER)
    if siret is not None:
        siren = identifiers.matching(siren, siret, CUSTOMER)
    vat_number = fields.maybe("vat_number", longest=20)
    says = fields.get("is_business")
    delivery, billing = fields.get("delivery"), fields.get("billing")
    address = _address(fields)
    is_business = bool(siren) if says is None else bool(says)
    if is_business and siren is None and address.country == "FR":
        raise identifiers.missing_siren()
    buyer = Buyer(
        name=name,
        address=address,
        is_business=is_business,
        siren=siren,
        siret=siret,
        vat_number=None if vat_number is None else identifiers.vat(vat_number, CUSTOMER),
        email=_email(fields),
        delivery=None if delivery is None else _other_address(delivery, _DELIVERY),
        billing=None if billing is None else _other_address(billing, _BILLING),
    )
    fields.done()
    return buyer


def read_seller(given: object) -> Seller:
    """Return the seller that *given* describes.

    Raises:
        StepError: a field is missing or cannot be right.
    """
    fields = Fields(given, SELLER)
    siret = identifiers.siret(fields.text("siret"), SELLER)
    regime = cast(
        "Literal['franchise', 'vat']", fields.choice("regime", ("franchise", "vat"), "franchise")
    )
    vat_number, iban = fields.maybe("vat_number"), fields.maybe("iban")
    if regime == "vat" and vat_number is None:
        vat_number = fields.text("vat_number")
    seller = Seller(
        name=fields.text("name", longest=150),
        address=_address(fields),
        siret=siret,
        form=fields.maybe("form", longest=200) or "EI",
        regime=regime,
        vat_number=None if vat_number is None else identifiers.vat(vat_number, SELLER),
        trade_name=fields.maybe("trade_name", longest=150),
        registration=fields.maybe("registration", longest=300),
        insurance=fields.maybe("insurance", longest=500),
        email=_email(fields),
        phone=fields.maybe("phone", longest=40),
        iban=None if iban is None else identifiers.iban(iban),
        bic=fields.maybe("bic", longest=11),
        debits=bool(fields.get("debits")),
        penalties=fields.maybe("penalties", longest=300),
        discount=fields.maybe("discount", longest=300),
    )
    fields.done()
    return seller


def _address(fields: Fields) -> Address:
    """Return the address: fields of its own, the field `address`, or one text in it."""
    whole = fields.get("address")
    if isinstance(whole, str):
        found = _ONE_LINE.fullmatch(whole.strip())
        if found is None:
            raise StepError(_ADDRESS, hint=_ADDRESS_HINT, what=fields.what, value=shown(whole[:80]))
        whole = {**found.groupdict(), "country": fields.get("country") or "FR"}
    if whole is not None:
        inner = Fields(whole, fields.what)
        address = _address(inner)
        inner.done()
        return address
    if all(fields.get(field) is None for field in _PLACE):
        raise StepError(_NO_ADDRESS, hint=_NO_ADDRESS_HINT, what=fields.what)
    address = Address(
        street=fields.text("street", longest=200),
        postcode=fields.text("postcode", longest=20),
        city=fields.text("city", longest=100),
        country=(fields.maybe("country") or "FR").upper(),
        more=fields.maybe("more", longest=200),
    )
    if _COUNTRY.fullmatch(address.country) is None:
        raise StepError(_COUNTRY_CODE, what=fields.what)
    return address


def _other_address(given: object, what: Text) -> Address:
    fields = Fields({"address": given} if isinstance(given, str) else given, what)
    address = _address(fields)
    fields.done()
    return address


def _email(fields: Fields) -> str | None:
    email = fields.maybe("email", longest=125)
    return None if email is None else identifiers.email(email, fields.what)
