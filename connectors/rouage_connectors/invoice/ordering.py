"""What an order says, and the document it asks for: the parameters of drafts and quotes."""

from decimal import Decimal
from typing import Any, Final, Literal

from rouage.sdk import JSON, StepError, Text, param, params
from rouage_connectors.invoice.amounts import euros
from rouage_connectors.invoice.declaration import (
    ACCOUNT_PATTERN,
    CUSTOMER,
    CUSTOMER_TITLE,
    KEY,
    KEY_TITLE,
    LINES,
    LINES_TITLE,
    SELLER,
    SELLER_TITLE,
)
from rouage_connectors.invoice.fields import Fields
from rouage_connectors.invoice.intake import charges_vat, checked, days
from rouage_connectors.invoice.line_reading import read_adjustments, read_lines
from rouage_connectors.invoice.model import Invoice, Kind
from rouage_connectors.invoice.parties import read_buyer
from rouage_connectors.invoice.trade import Trade
from rouage_connectors.invoice.vat_cases import CASES

_GIVEN: Final = Text("the step", "l’étape")
_READ_HERE: Final = ("sold_on", "sold_until", "paid_on", "expected_total")

_OTHER_TOTAL: Final = Text(
    "the lines come to {total} with VAT, and {expected} was agreed ({difference})",
    "les lignes font {total} TTC, et le total convenu est {expected} ({difference})",
)
_OTHER_TOTAL_HINT: Final = Text(
    "look whether the prices include VAT (`prices: gross`), and whether shipping or a discount "
    "is missing (`adjustments`)",
    "regardez si les prix sont TTC (`prices: gross`), et s’il manque un port ou une remise "
    "(`adjustments`)",
)

EXAMPLE: Final[dict[str, JSON]] = {
    "customer": {
        "name": "Boulangerie Martin",
        "siren": "404833048",
        "address": "12 rue du Port, 69002 Lyon",
        "email": "contact@example.org",
    },
    "lines": [{"label": "Pose d’étagères", "quantity": 2, "unit": "heure", "price": "45"}],
    "key": "commande-1042",
}


@params
class Ordering:
    """Who buys what."""

    customer: dict[str, Any] = param(CUSTOMER, title=CUSTOMER_TITLE, examples=[EXAMPLE["customer"]])
    lines: Any = param(LINES, title=LINES_TITLE, examples=[EXAMPLE["lines"]])
    key: str | None = param(KEY, title=KEY_TITLE, default=None, max_length=300)
    sold_on: str | None = param(
        Text("Day of the sale, or first day of the period.", "Jour de la vente, ou premier jour "
             "de la période."),
        title=Text("Sold on", "Vendu le"),
        default=None,
        examples=["2026-11-20"],
    )  # fmt: skip
    sold_until: str | None = param(
        Text("Last day of the period.", "Dernier jour de la période."),
        title=Text("Until", "Jusqu’au"),
        default=None,
        examples=["2026-11-30"],
    )
    payment_days: int | None = param(
        Text(
            "Days to pay, if not those of the account.", "Jours pour payer, sinon ceux du compte."
        ),
        title=Text("Days to pay", "Délai de paiement"),
        default=None,
        minimum=0,
        maximum=60,
    )
    paid_on: str | None = param(
        Text("Day on which it was paid, if it is paid.", "Jour du paiement, si c’est déjà payé."),
        title=Text("Paid on", "Payé le"),
        default=None,
        examples=["2026-11-20"],
    )
    paid_with: str | None = param(
        Text(
            "How it was paid: transfer, card, cash, cheque, debit or other.",
            "Comment c’est payé : transfer, card, cash, cheque, debit ou other.",
        ),
        title=Text("Paid with", "Moyen de paiement"),
        default=None,
        pattern="^(transfer|card|cash|cheque|debit|other)$",
    )
    order: str | None = param(
        Text("Number of the customer’s order.", "Numéro de commande du client."),
        title=Text("Order", "Bon de commande"),
        default=None,
        max_length=100,
    )
    discount: str | None = param(
        Text("A discount on every line, in percent.", "Une remise sur chaque ligne, en pour cent."),
        title=Text("Discount", "Remise"),
        default=None,
        examples=["10"],
    )
    adjustments: Any = param(
        Text(
            "Discounts and charges on the whole: a list of label, and amount (below zero for a "
            "discount) or percent, and vat.",
            "Remises et frais sur l’ensemble : une liste de label, et amount (négatif pour une "
            "remise) ou percent, et vat.",
        ),
        title=Text("Discounts and charges", "Remises et frais"),
        default=None,
        examples=[[{"label": "Frais de port", "amount": "6,90"}]],
    )
    prices: Literal["net", "gross"] | None = param(
        Text(
            "net: prices are before VAT; gross: they include it. The account says which is usual.",
            "net : les prix sont hors taxe ; gross : ils sont TTC. Le compte dit l’usage.",
        ),
        title=Text("Prices", "Prix"),
        default=None,
    )
    nature: Literal["services", "goods"] | None = param(
        Text(
            "What the lines sell, unless they say it: services or goods; else as the account says.",
            "Ce que vendent les lignes qui ne le disent pas : services ou goods ; sinon comme le "
            "compte.",
        ),
        title=Text("What is sold", "Nature"),
        default=None,
    )
    vat_case: str | None = param(
        Text(
            "When VAT is not charged as usual: building (reverse charge for subcontracted works), "
            "eu_services, eu_goods, export, outside_services, french (a person abroad) or "
            "franchise.",
            "Quand la TVA n’est pas facturée comme d’habitude : building (autoliquidation de "
            "travaux sous-traités), eu_services, eu_goods, export, outside_services, french "
            "(particulier à l’étranger) ou franchise.",
        ),
        title=Text("VAT case", "Cas de TVA"),
        default=None,
        pattern=f"^({'|'.join(CASES)})$",
        examples=["eu_services"],
    )
    expected_total: str | None = param(
        Text(
            "What the customer agreed to pay, with VAT: another total is refused.",
            "Ce que le client a accepté de payer, TTC : un autre total est refusé.",
        ),
        title=Text("Agreed total", "Total convenu"),
        default=None,
        examples=["108,00"],
    )
    note: str | None = param(
        Text("A remark to print.", "Une remarque à imprimer."),
        title=Text("Remark", "Remarque"),
        default=None,
        max_length=2_000,
    )
    seller: str | None = param(
        SELLER, title=SELLER_TITLE, default=None, pattern=ACCOUNT_PATTERN, examples=["atelier"]
    )


def ordered(params: Ordering, trade: Trade, kind: Kind) -> Invoice:
    """Return the document of *kind* that an order asks for.

    Raises:
        StepError: something is missing or cannot be right.
    """
    fields = Fields({name: getattr(params, name) for name in _READ_HERE}, _GIVEN)
    has_vat = charges_vat(trade.seller, params.vat_case)
    lines = read_lines(
        params.lines,
        nature=params.nature or trade.nature,
        rate=trade.rate,
        has_vat=has_vat,
        discount=params.discount,
    )
    invoice = checked(
        Invoice(
            kind=kind,
            seller=trade.seller,
            buyer=read_buyer(params.customer),
            lines=lines,
            payment_days=days(params.payment_days, trade.payment_days),
            sold_on=fields.day("sold_on"),
            sold_until=fields.day("sold_until"),
            paid_on=fields.day("paid_on"),
            paid_with=params.paid_with,
            order=params.order or None,
            key=params.key or None,
            note=params.note or None,
            prices=params.prices or trade.prices,
            vat_case=params.vat_case or None,
            adjustments=read_adjustments(params.adjustments, has_vat=has_vat),
        )
    )
    _check_total(invoice, fields.number("expected_total", most_decimals=2))
    return invoice


def _check_total(invoice: Invoice, expected: Decimal | None) -> None:
    """Refuse lines that do not come to what was agreed: something was forgotten, or mistyped."""
    totals = invoice.totals
    total = totals.gross + totals.rounding
    if expected is not None and total != expected:
        raise StepError(
            _OTHER_TOTAL, hint=_OTHER_TOTAL_HINT, total=euros(total), expected=euros(expected),
            difference=euros(total - expected),
        )  # fmt: skip
