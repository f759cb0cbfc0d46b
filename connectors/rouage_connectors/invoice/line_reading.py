"""What is sold, read line by line, and what is taken off or added on the whole."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, Literal, cast

from rouage.sdk import StepError, Text
from rouage.sdk.files import shown
from rouage_connectors.invoice.fields import Fields
from rouage_connectors.invoice.legal_texts import vat_rates
from rouage_connectors.invoice.model import NATURES, UNITS, Adjustment, Line

MOST_LINES: Final = 500
_MOST_ADJUSTMENTS: Final = 20
_LINE: Final = Text("line {number}", "la ligne {number}")
_ADJUSTMENT: Final = Text("adjustment {number}", "l’ajustement {number}")

_NO_LINES: Final = Text("an invoice needs at least one line", "il faut au moins une ligne")
_NO_LINES_HINT: Final = Text(
    "write `lines:` as a list, each with a `label` and a `price`",
    "écrivez `lines:` comme une liste, avec `label` et `price` pour chacune",
)
_MANY: Final = Text(
    "an invoice has {limit} lines and {most} adjustments at most",
    "une facture a {limit} lignes et {most} ajustements au plus",
)
_MANY_HINT: Final = Text("make two invoices of it", "faites-en deux factures")
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
_DISCOUNT_HINT: Final = Text(
    "write `discount: 10` for 10 %; an amount belongs into `adjustments`",
    "écrivez `discount: 10` pour 10 % ; un montant se met dans `adjustments`",
)
_UNIT: Final = Text(
    "`unit` of {what}: “{value}” is not known", "`unit` dans {what} : « {value} » n’est pas connu"
)
_UNIT_HINT: Final = Text("known units: {known}", "unités connues : {known}")
_RATE: Final = Text(
    "`vat` of {what}: {value} % is not a French rate", "`vat` dans {what} : {value} % n’est pas "
    "un taux français"
)  # fmt: skip
_RATE_HINT: Final = Text("the rates are {known}", "les taux sont {known}")
_NO_RATE: Final = Text(
    "`vat` of {what}: this invoice charges no VAT",
    "`vat` dans {what} : cette facture est sans TVA",
)
_NO_RATE_HINT: Final = Text(
    "take `vat` out; if you do charge VAT, write `regime: vat` in the account of the seller, "
    "or take `vat_case` out",
    "retirez `vat` ; si vous facturez bien la TVA, écrivez `regime: vat` dans le compte du "
    "vendeur, ou retirez `vat_case`",
)
_ONE_OF_BOTH: Final = Text(
    "{what} is either an `amount` or a `percent`, and not zero",
    "{what} est soit un `amount`, soit un `percent`, et pas zéro",
)
_ONE_OF_BOTH_HINT: Final = Text(
    "write `amount: -20` for a discount of 20 €, `amount: 6,90` for shipping, "
    "`percent: -5` for 5 %",
    "écrivez `amount: -20` pour une remise de 20 €, `amount: 6,90` pour un port, "
    "`percent: -5` pour 5 %",
)


def read_lines(
    given: object, *, nature: str, rate: Decimal | None, has_vat: bool, discount: object = None
) -> tuple[Line, ...]:
    """Return the lines that *given* describes; *nature*, *rate*, *discount* where they say none.

    Raises:
        StepError: there is none, or one cannot be right.
    """
    if not isinstance(given, Sequence) or isinstance(given, str) or not given:
        raise StepError(_NO_LINES, hint=_NO_LINES_HINT)
    if len(given) > MOST_LINES:
        raise StepError(_MANY, hint=_MANY_HINT, limit=MOST_LINES, most=_MOST_ADJUSTMENTS)
    usual = rate if has_vat else None
    return tuple(
        _line(
            Fields(item, _LINE.fill(number=number)),
            nature=nature,
            rate=usual,
            has_vat=has_vat,
            discount=discount,
        )
        for number, item in enumerate(given, 1)
    )


def read_adjustments(given: object, *, has_vat: bool) -> tuple[Adjustment, ...]:
    """Return the discounts and charges on the whole that *given* describes.

    Raises:
        StepError: one cannot be right.
    """
    if given is None:
        return ()
    items = given if isinstance(given, Sequence) and not isinstance(given, str) else [given]
    if len(items) > _MOST_ADJUSTMENTS:
        raise StepError(_MANY, hint=_MANY_HINT, limit=MOST_LINES, most=_MOST_ADJUSTMENTS)
    return tuple(
        _adjustment(Fields(item, _ADJUSTMENT.fill(number=number)), has_vat=has_vat)
        for number, item in enumerate(items, 1)
    )


def _adjustment(fields: Fields, *, has_vat: bool) -> Adjustment:
    label = fields.text("label", longest=200)
    amount = fields.number("amount", most_decimals=2)
    percent = fields.number("percent", most_decimals=2)
    if (amount is None) == (percent is None) or not (amount or percent):
        raise StepError(_ONE_OF_BOTH, hint=_ONE_OF_BOTH_HINT, what=fields.what)
    adjustment = Adjustment(
        label=label, amount=amount, percent=percent, vat=_rate(fields, None, has_vat=has_vat)
    )
    fields.done()
    return adjustment


def _line(
    fields: Fields, *, nature: str, rate: Decimal | None, has_vat: bool, discount: object
) -> Line:
    label = fields.text("label", longest=500)
    quantity = fields.number("quantity", most_decimals=4)
    quantity = Decimal(1) if quantity is None else quantity
    price = fields.needed("price", most_decimals=6)
    for field, value in (("quantity", quantity), ("price", price)):
        if value <= 0:
            raise StepError(_NEGATIVE, hint=_NEGATIVE_HINT, field=field, what=fields.what)
    own_nature = fields.choice("nature", NATURES, nature)
    vat = _rate(fields, rate, has_vat=has_vat)
    if has_vat and vat is None:
        fields.needed("vat", most_decimals=2)  # says that it is missing
    line = Line(
        label=label,
        quantity=quantity,
        price=price,
        unit=_unit(fields),
        nature=cast("Literal['services', 'goods']", own_nature),
        vat=vat,
        discount=_discount(fields, discount),
        details=fields.maybe("details"),
    )
    fields.get("net")  # drafts show it; it is computed, never believed
    fields.done()
    return line


def _unit(fields: Fields) -> str:
    word = fields.maybe("unit", longest=40) or "C62"
    for code, words in UNITS.items():
        if word == code or word.lower() in words:
            return code
    known = ", ".join(words[0] for words in UNITS.values())
    raise StepError(_UNIT, hint=_UNIT_HINT, what=fields.what, value=shown(word), known=known)


def _rate(fields: Fields, default: Decimal | None, *, has_vat: bool) -> Decimal | None:
    rate = fields.number("vat", most_decimals=2)
    if not has_vat:
        if rate:
            raise StepError(_NO_RATE, hint=_NO_RATE_HINT, what=fields.what)
        return None
    rate = default if rate is None else rate
    if rate is not None and rate not in vat_rates():
        known = ", ".join(str(known) for known in vat_rates())
        raise StepError(_RATE, hint=_RATE_HINT, what=fields.what, value=rate, known=known)
    return rate


def _discount(fields: Fields, default: object) -> Decimal | None:
    own = fields.number("discount", most_decimals=2)
    if own is None and default is not None:
        own = Fields({"discount": default}, fields.what).number("discount", most_decimals=2)
    if own is None or not own:
        return None
    if not 0 < own < 100:
        raise StepError(_DISCOUNT, hint=_DISCOUNT_HINT, what=fields.what)
    return own
