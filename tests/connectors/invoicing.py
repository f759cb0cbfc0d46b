"""What the tests of invoices share: sellers, customers, and a bench that runs actions."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from rouage.errors import StepError
from rouage.language import Text
from rouage.safety.paths import Folders
from rouage.sdk.testing import ManualClock, make_context, run_action, simulate_action
from rouage_connectors.invoice import connector
from rouage_connectors.invoice.intake import charges_vat
from rouage_connectors.invoice.line_reading import read_adjustments, read_lines
from rouage_connectors.invoice.model import Invoice
from rouage_connectors.invoice.parties import read_buyer, read_seller

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
FRANCHISE = {
    "name": "Marie Durand",
    "siret": "73282932000074",
    "address": "3 rue des Lilas, 69003 Lyon",
    "email": "marie@example.org",
    "iban": "FR76 3000 6000 0112 3456 7890 189",
}
LIABLE = {**FRANCHISE, "regime": "vat", "vat_number": "FR44732829320"}
BUSINESS = {
    "name": "Boulangerie Martin",
    "siren": "404833048",
    "address": "12 rue du Port, 69002 Lyon",
    "email": "contact@example.org",
}
WORKS = {**BUSINESS, "vat_number": "FR83404833048"}
BERLIN = {
    "name": "Müller GmbH",
    "is_business": True,
    "vat_number": "DE136695976",
    "street": "Hauptstr. 1",
    "postcode": "10115",
    "city": "Berlin",
    "country": "DE",
    "email": "a@example.org",
}
GENEVA = {
    "name": "Horlogerie SA",
    "is_business": True,
    "street": "Rue du Rhône 1",
    "postcode": "1204",
    "city": "Genève",
    "country": "CH",
    "email": "a@example.org",
}
PERSON = {"name": "Mme Petit", "address": "1 rue Haute, 75001 Paris", "email": "p@example.org"}
SERVICE = {"label": "Pose d’étagères", "quantity": 2, "unit": "heure", "price": "45"}
GOODS = {"label": "Vis", "quantity": 3, "price": "1,333333", "nature": "goods", "discount": 10}


def invoice_of(seller, buyer, lines, **more):
    """Return an invoice without the words of an action around it."""
    read = read_seller(seller)
    return Invoice(
        kind=more.pop("kind", "invoice"),
        seller=read,
        buyer=read_buyer(buyer),
        adjustments=read_adjustments(
            more.pop("adjustments", None), has_vat=charges_vat(read, more.get("vat_case"))
        ),
        lines=read_lines(
            lines,
            nature="services",
            rate=Decimal(20),
            has_vat=charges_vat(read, more.get("vat_case")),
        ),
        payment_days=more.pop("payment_days", 30),
        **more,
    )


class Given:
    """Accounts as the test writes them, by type."""

    def __init__(self, **accounts):
        self.accounts = accounts

    def find(self, kind, name=None):
        if kind not in self.accounts:
            raise StepError(Text("no account {kind}", "pas de compte {kind}"), kind=kind)
        return {"account": name or "atelier", "type": kind, **self.accounts[kind]}


class Bench:
    """Runs actions in one workspace, each with a key of its own unless one is given."""

    def __init__(self, folder: Path, seller=FRANCHISE, **accounts):
        self.folder = folder
        self.workspace = folder / "workspace"
        self.workspace.mkdir(exist_ok=True)
        self.accounts = Given(seller=dict(seller), **accounts)
        self.clock = ManualClock(NOW)
        self.files = Folders(workspace=self.workspace, home=folder)
        self.count = 0

    def context(self, key=None):
        self.count += 1
        return make_context(
            self.folder,
            key=key or f"key-{self.count}",
            accounts=self.accounts,
            clock=self.clock,
            files=self.files,
        )

    async def do(self, action, *, step=None, **parameters):
        return await run_action(connector, f"invoice.{action}", parameters, self.context(step))

    async def simulate(self, action, **parameters):
        return await simulate_action(connector, f"invoice.{action}", parameters, self.context())

    async def issue(self, action="draft", *, step=None, **parameters):
        """Draft and issue."""
        drafted = await self.do(action, **parameters)
        return await self.do("issue", step=step, draft=drafted["draft"])

    async def pass_days(self, days):
        await self.clock.advance(days * 86_400)

    def picture(self):
        """Return every file that the owner sees, with its bytes."""
        return {
            str(path.relative_to(self.workspace)): path.read_bytes()
            for path in sorted(self.workspace.rglob("*"))
            if path.is_file() and ".rouage" not in path.parts
        }


def day(text):
    return date.fromisoformat(text)
