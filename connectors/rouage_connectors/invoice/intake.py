"""From what a recipe says, or an earlier draft, to an `Invoice`: checked field by field.

Drafts are read by the same functions as the words of a recipe, so that nothing in an approved
draft escapes the checks.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final, Literal, cast

from rouage.sdk import StepError, Text
from rouage.sdk.files import shown
from rouage_connectors.invoice import identifiers
from rouage_connectors.invoice.fields import Fields
from rouage_connectors.invoice.legal_texts import cash_limit, payment_days, vat_rates
from rouage_connectors.invoice.model import (
    KINDS,
    NATURES,
    UNITS,
    Address,
    Buyer,
    Invoice,
    Kind,
    Line,
    Reference,
    Seller,
)

MOST_LINES: Final = 500
_COUNTRY: Final = re.compile(r"[A-Z]{2}", re.ASCII)
_ONE_LINE: Final = re.compile(
    r"(?P<street>[^\n]{1,200}?)\s*[,\n]\s*(?P<postcode>\d{5})\s+(?P<city>[^\n,]{1,100})"
)

CUSTOMER: Final = Text("the customer", "le client")
SELLER: Final = Text("the seller", "le vendeur")
_INVOICE: Final = Text("the draft", "le projet")
_LINE: Final = Text("line {number}", "la ligne {number}")
_DELIVERY: Final = Text("the delivery address", "l’adresse de livraison")
_REFERENCE: Final = Text("the earlier document", "le document précédent")

_ADDRESS: Final = Text(
    "the address of {what} must be like “3 rue des Lilas, 69003 Lyon”, not “{value}”",
    "l’adresse dans {what} s’écrit comme « 3 rue des Lilas, 69003 Lyon », pas « {value} »",
)
_NO_LINES: Final = Text("an invoice needs at least one line", "il faut au moins une ligne")
_MANY_LINES: Final = Text(
    "an invoice has {limit} lines at most", "une facture a {limit} lignes au plus"
)
_NEGATIVE: Final = Text(
    "`{field}` of {what} must be above zero", "`{field}` dans {what} doit être supérieur à zéro"
)
_NEGATIVE_HINT: Final = Text(
    "a discount is written `discount: 10`; what was billed wrongly needs invoice.credit",
    "une remise s’écrit `discount: 10` ; une erreur de facturation se corrige par invoice.credit",
)
_DISCOUNT: Final = Text(
    "`discount` of {what} is a percentage below 100",
    "`discount` dans {what} est un pourcentage inférieur à 100",
)
_UNIT: Final = Text(
    "`unit` of {what}: “{value}” is not known", "`unit` dans {what} : « {value} » n’est pas connu"
)
_UNIT_HINT: Final = Text("known units: {known}", "unités connues : {known}")
_RATE: Final = Text(
    "`vat` of {what}: {value} % is not a French rate ({known})",
    "`vat` dans {what} : {value} % n’est pas un taux français ({known})",
)
_NO_RATE: Final = Text(
    "`vat` of {what}: a seller under the franchise charges no VAT",
    "`vat` dans {what} : un vendeur en franchise ne facture pas de TVA",
)
_COUNTRY_CODE: Final = Text(
    "`country` of {what} is two capital letters, such as FR",
    "`country` dans {what} s’écrit en deux majuscules, comme FR",
)
_ABROAD: Final = Text(
    "sales with VAT to customers abroad are not prepared here: their VAT follows other rules",
    "les ventes avec TVA à l’étranger ne sont pas préparées ici : leur TVA suit d’autres règles",
)
_ABROAD_HINT: Final = Text(
    "make this invoice with your accountant",
    "faites cette facture avec votre comptable",
)
_DAYS: Final = Text(
    "`payment_days` is a whole number from 0 to {limit}",
    "`payment_days` est un nombre entier de 0 à {limit}",
)
_OVERPAID: Final = Text(
    "the deposits exceed the invoice by {due} €: credit one of them first",
    "les acomptes dépassent la facture de {due} € : faites d’abord l’avoir de l’un d’eux",
)
_CASH: Final = Text(
    "a professional may not be paid more than {limit} € in cash",
    "un professionnel ne peut pas recevoir plus de {limit} € en espèces",
)
_PERIOD: Final = Text(
    "the sale ends before it begins", "la prestation finit avant d’avoir commencé"
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
    delivery = fields.get("delivery")
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
        delivery=None if delivery is None else _delivery(delivery),
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


def read_lines(
    given: object, seller: Seller, *, nature: str, rate: Decimal | None, discount: object = None
) -> tuple[Line, ...]:
    """Return the lines that *given* describes; *nature*, *rate*, *discount* where they say none.

    Raises:
        StepError: there is none, or one cannot be right.
    """
    if not isinstance(given, Sequence) or isinstance(given, str) or not given:
        raise StepError(_NO_LINES)
    if len(given) > MOST_LINES:
        raise StepError(_MANY_LINES, limit=MOST_LINES)
    return tuple(
        _line(item, number, seller, nature=nature, rate=rate, discount=discount)
        for number, item in enumerate(given, 1)
    )


def _line(
    given: object,
    number: int,
    seller: Seller,
    *,
    nature: str,
    rate: Decimal | None,
    discount: object,
) -> Line:
    fields = Fields(given, _LINE.fill(number=number))
    label = fields.text("label", longest=500)
    quantity = fields.number("quantity", most_decimals=4)
    quantity = Decimal(1) if quantity is None else quantity
    price = fields.needed("price", most_decimals=6)
    for field, value in (("quantity", quantity), ("price", price)):
        if value <= 0:
            raise StepError(_NEGATIVE, hint=_NEGATIVE_HINT, field=field, what=fields.what)
    own_nature = fields.choice("nature", NATURES, nature)
    line = Line(
        label=label,
        quantity=quantity,
        price=price,
        unit=_unit(fields),
        nature=cast("Literal['services', 'goods']", own_nature),
        vat=_rate(fields, seller, rate),
        discount=_discount(fields, discount),
        details=fields.maybe("details"),
    )
    fields.get("net")  # drafts show it; it is computed, never believed
    fields.done()
    return line


def read_invoice(given: object) -> Invoice:
    """Return the invoice that a draft holds.

    Raises:
        StepError: somebody changed it into what cannot be right.
    """
    fields = Fields(given, _INVOICE)
    seller = read_seller(fields.get("seller"))
    corrects = fields.get("corrects")
    invoice = Invoice(
        kind=cast("Kind", fields.choice("kind", KINDS, "invoice")),
        seller=seller,
        buyer=read_buyer(fields.get("buyer")),
        lines=read_lines(fields.get("lines"), seller, nature="services", rate=None),
        payment_days=days(fields.get("payment_days")),
        sold_on=fields.day("sold_on"),
        sold_until=fields.day("sold_until"),
        due_on=fields.day("due_on"),
        paid_on=fields.day("paid_on"),
        paid_with=fields.maybe("paid_with", longest=20),
        order=fields.maybe("order", longest=100),
        quote=fields.maybe("quote", longest=100),
        key=fields.maybe("key", longest=300),
        note=fields.maybe("note"),
        reason=fields.maybe("reason", longest=500),
        corrects=None if corrects is None else read_reference(corrects),
        deposits=tuple(read_reference(item) for item in fields.get("deposits") or ()),
    )
    fields.done()
    return checked(invoice)


def checked(invoice: Invoice) -> Invoice:
    """Return *invoice* if its parts fit together.

    Raises:
        StepError: they do not.
    """
    if invoice.seller.regime == "vat" and invoice.buyer.address.country != "FR":
        raise StepError(_ABROAD, hint=_ABROAD_HINT)
    if invoice.sold_on and invoice.sold_until and invoice.sold_until < invoice.sold_on:
        raise StepError(_PERIOD)
    if invoice.totals.due < 0:
        raise StepError(_OVERPAID, due=-invoice.totals.due)
    if invoice.paid_with == "cash" and invoice.totals.gross > cash_limit():
        raise StepError(_CASH, limit=cash_limit())
    return invoice


def read_reference(given: object) -> Reference:
    """Return the earlier document that *given* names.

    Raises:
        StepError: a field is missing or cannot be right.
    """
    fields = Fields(given, _REFERENCE)
    day = fields.day("issued_on")
    if day is None:
        fields.text("issued_on")
    amount = fields.number("amount", most_decimals=2)
    reference = Reference(
        number=fields.text("number", longest=35),
        issued_on=cast("Any", day),
        amount=Decimal(0) if amount is None else amount,
    )
    fields.done()
    return reference


def days(given: object, default: int | None = None) -> int:
    """Return how many days the customer has to pay.

    Raises:
        StepError: it is no whole number, or longer than the law allows.
    """
    usual, longest = payment_days()
    if given is None:
        return usual if default is None else default
    text = str(given)
    if not (text.isascii() and text.isdigit() and len(text) < 4 and int(text) <= longest):
        raise StepError(_DAYS, limit=longest)
    return int(text)


def _address(fields: Fields) -> Address:
    """Return the address: fields of its own, the field `address`, or one text in it."""
    whole = fields.get("address")
    if isinstance(whole, str):
        found = _ONE_LINE.fullmatch(whole.strip())
        if found is None:
            raise StepError(_ADDRESS, what=fields.what, value=shown(whole[:80]))
        whole = {**found.groupdict(), "country": fields.get("country") or "FR"}
    if whole is not None:
        inner = Fields(whole, fields.what)
        address = _address(inner)
        inner.done()
        return address
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


def _delivery(given: object) -> Address:
    fields = Fields(given, _DELIVERY)
    address = _address(fields)
    fields.done()
    return address


def _email(fields: Fields) -> str | None:
    email = fields.maybe("email", longest=125)
    return None if email is None else identifiers.email(email, fields.what)


def _unit(fields: Fields) -> str:
    word = fields.maybe("unit", longest=40) or "C62"
    for code, words in UNITS.items():
        if word == code or word.lower() in words:
            return code
    known = ", ".join(words[0] for words in UNITS.values())
    raise StepError(_UNIT, hint=_UNIT_HINT, what=fields.what, value=shown(word), known=known)


def _rate(fields: Fields, seller: Seller, default: Decimal | None) -> Decimal | None:
    rate = fields.number("vat", most_decimals=2)
    if seller.regime == "franchise":
        if rate:
            raise StepError(_NO_RATE, what=fields.what)
        return None
    rate = default if rate is None else rate
    if rate not in vat_rates():
        known = ", ".join(str(known) for known in vat_rates())
        raise StepError(_RATE, what=fields.what, value=rate, known=known)
    return rate


def _discount(fields: Fields, default: object) -> Decimal | None:
    own = fields.number("discount", most_decimals=2)
    if own is None and default is not None:
        own = Fields({"discount": default}, fields.what).number("discount", most_decimals=2)
    if own is None or not own:
        return None
    if not 0 < own < 100:
        raise StepError(_DISCOUNT, what=fields.what)
    return own
