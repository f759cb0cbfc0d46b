"""The seller as an account of type `seller` describes him: what is printed, and how he works."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal, cast

from rouage.sdk import JSON, Context, Finding, StepError, Text
from rouage.sdk.records import dataclass
from rouage_connectors.invoice.declaration import connector
from rouage_connectors.invoice.fields import Fields
from rouage_connectors.invoice.intake import days
from rouage_connectors.invoice.model import NATURES, PRICES, Kind, Seller
from rouage_connectors.invoice.parties import SELLER, read_seller
from rouage_connectors.invoice.register import Register

KIND: Final = "seller"
_FOLDER: Final = "files/invoices"
_PREFIXES: Final = {"invoice": "FA-{year}-", "credit": "AV-{year}-", "quote": "DE-{year}-"}
_PREFIX: Final = re.compile(r"(?:[A-Za-z0-9_+-]|\{year\}|\{month\}){1,24}", re.ASCII)
_OWN: Final = frozenset(
    {"type", "account", "activity", "vat", "prices", "payment_days", "folder", "prefixes"}
)

_BAD_PREFIX: Final = Text(
    "`prefixes`: “{prefix}” may hold letters, digits, - and _, {{year}} and {{month}}",
    "`prefixes` : « {prefix} » peut contenir lettres, chiffres, - et _, {{year}} et {{month}}",
)
_SAME_PREFIX: Final = Text(
    "`prefixes`: quotes need another prefix than invoices",
    "`prefixes` : les devis ont besoin d’un autre préfixe que les factures",
)
_ACCOUNT_WRONG: Final = Text(
    "the account “{account}” in rouage.yaml: {what}",
    "le compte « {account} » de rouage.yaml : {what}",
)
_GOOD: Final = Text(
    "{name}, SIRET {siret}, {regime}: everything an invoice needs is there",
    "{name}, SIRET {siret}, {regime} : tout ce que demande une facture est là",
)
_REGIMES: Final = {
    "franchise": Text("no VAT (franchise)", "sans TVA (franchise)"),
    "vat": Text("with VAT", "avec TVA"),
}
_NO_IBAN: Final = Text("there is no `iban`", "il n’y a pas d’`iban`")
_NO_IBAN_HINT: Final = Text(
    "write it, so that customers can pay by transfer",
    "écrivez-le, pour que vos clients puissent payer par virement",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Trade:
    """A seller and his habits: what he sells, at which rate and price, where his invoices lie."""

    seller: Seller
    nature: str
    rate: Decimal | None
    prices: Literal["net", "gross"]
    payment_days: int
    folder: str
    prefixes: Mapping[str, str]

    def series(self, kind: Kind, day: date) -> str:
        """Return the beginning of the numbers of documents of *kind* on *day*."""
        prefix = self.prefixes[kind if kind in self.prefixes else "invoice"]
        return prefix.replace("{year}", f"{day:%Y}").replace("{month}", f"{day:%m}")


def find_trade(context: Context, account: str | None) -> Trade:
    """Return the seller that *account* describes (None: the only one).

    Raises:
        StepError: there is none, or what is written cannot be right.
    """
    return read_trade(context.accounts.find(KIND, account))


def read_trade(given: Mapping[str, JSON]) -> Trade:
    """Return the seller that *given* describes, as `Accounts.find` gives it.

    Raises:
        StepError: what is written cannot be right.
    """
    try:
        return _trade(given)
    except StepError as error:
        what = Text(error.render("en"), error.render("fr"))
        hint = Text(error.render_hint("en") or "", error.render_hint("fr") or "")
        raise StepError(
            _ACCOUNT_WRONG,
            hint=hint if hint.en else None,
            account=str(given.get("account", "?")),
            what=what,
        ) from error


def _trade(given: Mapping[str, JSON]) -> Trade:
    seller = read_seller({name: value for name, value in given.items() if name not in _OWN})
    fields = Fields({name: value for name, value in given.items() if name in _OWN}, SELLER)
    folder = fields.maybe("folder", longest=500) or _FOLDER
    rate = fields.number("vat", most_decimals=2)
    is_liable = seller.regime == "vat"
    return Trade(
        seller=seller,
        nature=fields.choice("activity", NATURES, "services"),
        rate=(Decimal(20) if rate is None else rate) if is_liable else None,
        prices=cast("Any", fields.choice("prices", PRICES, "net")),
        payment_days=days(fields.get("payment_days")),
        folder=folder.rstrip("/"),
        prefixes=_prefixes(fields.get("prefixes") or {}),
    )


def _prefixes(given: object) -> Mapping[str, str]:
    fields = Fields(given, SELLER)
    prefixes = {kind: fields.maybe(kind) or usual for kind, usual in _PREFIXES.items()}
    fields.done()
    for prefix in prefixes.values():
        if _PREFIX.fullmatch(prefix) is None:
            raise StepError(_BAD_PREFIX, prefix=prefix)
    if prefixes["quote"] in {prefixes["invoice"], prefixes["credit"]}:
        raise StepError(_SAME_PREFIX)
    return prefixes


def register_of(trade: Trade, context: Context, *, create: bool = False) -> Register:
    """Return the register of the seller; with *create*, its folder is made if it is missing."""
    path = f"{trade.folder}/register.db"
    if create:
        with context.files.place(path, "write", create=True) as place:
            return Register(Path(place.path))
    return Register(context.files.check(path, "read"))


@connector.account_test(KIND)
async def try_seller(account: Mapping[str, JSON], workspace: Path) -> list[Finding]:
    """Say whether what is written of a seller is enough for invoices."""
    del workspace
    try:
        trade = read_trade(account)
    except StepError as error:
        hint = error.render_hint("en"), error.render_hint("fr")
        said = Text(error.render("en"), error.render("fr"))
        return [
            Finding(
                state="failed",
                what=said,
                hint=Text(*hint) if hint[0] and hint[1] else None,  # type: ignore[arg-type] # both or none
            )
        ]
    seller = trade.seller
    good = _GOOD.fill(name=seller.full_name, siret=seller.siret, regime=_REGIMES[seller.regime])
    found = [Finding(state="ok", what=good)]
    if seller.iban is None:
        found.append(Finding(state="warning", what=_NO_IBAN, hint=_NO_IBAN_HINT))
    return found
