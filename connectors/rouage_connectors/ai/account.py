"""An account of type `ai`: where the service is, what it costs, and how much may be spent."""

import re
from collections.abc import Mapping
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from rouage.sdk import JSON, Context, StepError, Text
from rouage.sdk.records import dataclass
from rouage_connectors.ai.declaration import KIND

MICROS: Final = 1_000_000
_PORTS: Final = {"http": 80, "https": 443}
_BUDGET: Final = re.compile(
    r"(?P<amount>\d{1,9}(?:[.,]\d{1,6})?) ?(?P<unit>tokens|[A-Z]{3}|€|\$) per (?:1mo|month)",
    re.ASCII | re.IGNORECASE,
)

_BAD_URL: Final = Text(
    "the account “{account}” needs a `url` such as https://api.example.org/v1",
    "le compte « {account} » a besoin d’une `url` comme https://api.example.org/v1",
)
_PLAIN: Final = Text(
    "the account “{account}” would send its key unencrypted: write https",
    "le compte « {account} » enverrait sa clé sans chiffrement : écrivez https",
)
_NO_MODEL: Final = Text(
    "the account “{account}” names no `model`", "le compte « {account} » ne nomme pas de `model`"
)
_BAD_PRICE: Final = Text(
    "`{name}` of the account “{account}” must be a number: the price of a million tokens",
    "`{name}` du compte « {account} » doit être un nombre : le prix d’un million de jetons",
)
_BAD_BUDGET: Final = Text(
    "`budget` of the account “{account}” must be written like “2 EUR per 1mo” or "
    "“500000 tokens per 1mo”",
    "`budget` du compte « {account} » doit s’écrire comme « 2 EUR per 1mo » ou "
    "« 500000 tokens per 1mo »",
)
_NO_PRICES: Final = Text(
    "the account “{account}” has a budget in money but no prices: write `price_in` and "
    "`price_out`, for a million tokens",
    "le compte « {account} » a un budget en argent mais pas de prix : écrivez `price_in` et "
    "`price_out`, pour un million de jetons",
)
_BAD_JSON: Final = Text(
    "`json` of the account “{account}” is schema, object or none",
    "`json` du compte « {account} » vaut schema, object ou none",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """How much may be used in a month: millionths of a currency, or tokens."""

    amount: int
    unit: str

    @property
    def is_money(self) -> bool:
        """Say whether it is in a currency."""
        return self.unit != "tokens"


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """One service: its address and key, the prices of a million tokens, the budget."""

    name: str
    url: str
    key: str | None
    model: str
    prices: tuple[float, float] | None
    budget: Budget | None
    answers_json: Literal["schema", "object", "none"]

    @property
    def private_host(self) -> str:
        """Return `host:port` of the service: the owner wrote it, so it may be at home."""
        parts = urlsplit(self.url)
        return f"{parts.hostname}:{parts.port or _PORTS[parts.scheme]}"

    def cost_of(self, tokens_in: int, tokens_out: int) -> int | None:
        """Return what so many tokens cost, in millionths, or None without prices."""
        if self.prices is None:
            return None
        # A price is for a million tokens, so that a token costs as many millionths.
        return round(tokens_in * self.prices[0] + tokens_out * self.prices[1])


def find_account(context: Context, name: str | None, model: str | None) -> Account:
    """Return the account *name*, checked.

    Raises:
        StepError: there is none, or it cannot be used as it is written.
    """
    given = context.accounts.find(KIND, name)
    facts: dict[str, Any] = {"account": given["account"]}
    chosen = model or given.get("model")
    if not isinstance(chosen, str) or not chosen:
        raise StepError(_NO_MODEL, **facts)
    prices, budget = _prices(given), _budget(given)
    if budget is not None and budget.is_money and prices is None:
        raise StepError(_NO_PRICES, **facts)
    answers = given.get("json", "schema")
    if answers not in {"schema", "object", "none"}:
        raise StepError(_BAD_JSON, **facts)
    key = given.get("api_key")
    return Account(
        name=str(given["account"]),
        url=_url(given, has_key=bool(key)),
        key=key if isinstance(key, str) and key else None,
        model=chosen,
        prices=prices,
        budget=budget,
        answers_json=answers,  # type: ignore[arg-type]  # one of the three, see above
    )


def _url(given: Mapping[str, JSON], *, has_key: bool) -> str:
    url = given.get("url")
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
        is_usable = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise StepError(_BAD_URL, account=given["account"]) from None
    if not is_usable:
        raise StepError(_BAD_URL, account=given["account"])
    is_here = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    if has_key and parts.scheme == "http" and not is_here:
        raise StepError(_PLAIN, account=given["account"])
    return str(url).rstrip("/")


def _prices(given: Mapping[str, JSON]) -> tuple[float, float] | None:
    if "price_in" not in given and "price_out" not in given:
        return None
    prices: list[float] = []
    for name in ("price_in", "price_out"):
        price: Any = given.get(name, 0)
        if isinstance(price, bool) or not isinstance(price, int | float) or not 0 <= price < 1e6:
            raise StepError(_BAD_PRICE, account=given["account"], name=name)
        prices.append(float(price))
    return prices[0], prices[1]


def _budget(given: Mapping[str, JSON]) -> Budget | None:
    written = given.get("budget")
    if written is None:
        return None
    found = _BUDGET.fullmatch(written.strip()) if isinstance(written, str) else None
    if found is None:
        raise StepError(_BAD_BUDGET, account=given["account"])
    amount, unit = float(found["amount"].replace(",", ".")), found["unit"]
    if unit.lower() == "tokens":
        return Budget(amount=int(amount), unit="tokens")
    return Budget(amount=round(amount * MICROS), unit=unit.upper())
