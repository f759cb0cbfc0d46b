"""The accounts that a new recipe needs: asked for in plain words, written into the settings."""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rouage.analysis.editing.snippets import yaml_text
from rouage.cli.new.conversation import Conversation
from rouage.cli.session import Session
from rouage.errors import RouageError, UsageError, WorkspaceError
from rouage.language import Text
from rouage.sdk.accounts import Finding, TestAccount

if TYPE_CHECKING:
    from rouage.catalog.catalog import Catalog

_EXAMPLE: Final[Mapping[str, Any]] = {
    "type": "seller",
    "name": "Camille Exemple",
    "trade_name": "ATELIER EXEMPLE",
    "siret": "73282932000074",
    "address": "1 place de l’Exemple, 75000 Paris",
}
_EXAMPLE_WORDS: Final = frozenset({"", "exemple", "example"})
_ACCOUNTS: Final = re.compile(r"^accounts:[ \t]*(?:#.*)?$", re.MULTILINE)
_OTHER_ACCOUNTS: Final = re.compile(r"^(?:accounts|[\"']accounts[\"'])\s*:", re.MULTILINE)

_SELLER: Final = Text(
    "Invoices need to know who you are. This is asked once.",
    "Les factures doivent dire qui vous êtes. C’est demandé une seule fois.",
)
_SIRET: Final = Text("Your SIRET number, 14 digits", "Votre numéro SIRET, 14 chiffres")
_NO_SIRET: Final = Text(
    "(nothing at hand? leave it empty: an invented workshop stands in until you change it)",
    "(rien sous la main ? laissez vide : un atelier inventé en tient lieu jusqu’au changement)",
)
_NAME: Final = Text("Your first and last name", "Vos prénom et nom")
_ADDRESS: Final = Text(
    "Your address, such as 3 rue des Lilas, 69003 Lyon",
    "Votre adresse, comme 3 rue des Lilas, 69003 Lyon",
)
_VAT: Final = Text(
    "Your VAT number (leave it empty if you charge no VAT)",
    "Votre numéro de TVA (laissez vide si vous ne facturez pas de TVA)",
)
_IBAN: Final = Text(
    "Your IBAN, printed so that you are paid (may stay empty)",
    "Votre IBAN, imprimé pour être payé (peut rester vide)",
)
_INVENTED: Final = Text(
    "An invented workshop is written into {file}: put your own name and SIRET there before you "
    "issue an invoice.",
    "Un atelier inventé est écrit dans {file} : mettez-y votre nom et votre SIRET avant d’émettre "
    "une facture.",
)
_MAIL: Final = Text(
    "This recipe uses a mailbox. Its address (leave it empty to connect it later)",
    "Cette recette utilise une boîte mail. Son adresse (laissez vide pour la relier plus tard)",
)
_PASSWORD: Final = Text(
    "Now store its password: rouage secrets set {secret} — then try it: rouage account test {name}",
    "Rangez maintenant son mot de passe : rouage secrets set {secret} — puis essayez : "
    "rouage account test {name}",
)
_LATER: Final = Text(
    "An account of type {kind} is still to be described in {file}.",
    "Il reste à décrire un compte de type {kind} dans {file}.",
)
_EMPTY: Final = Text("an answer is needed here", "il faut une réponse ici")
_NO_ADDRESS: Final = Text("this is no e-mail address", "ce n’est pas une adresse e-mail")
_REFUSED: Final = Text("{why}", "{why}")
_BY_HAND: Final = Text(
    "{file} could not be changed; write the account under `accounts:` there yourself",
    "{file} n’a pas pu être changé ; écrivez vous-même le compte sous `accounts:`",
)


def connect(
    session: Session, catalog: "Catalog", needs: tuple[str, ...], talk: Conversation | None
) -> None:
    """See that each type of account in *needs* is described, as far as somebody can answer."""
    known = {str(one["type"]) for one in session.settings.accounts.values()}
    for kind in needs:
        if kind in known:
            continue
        account = None
        if talk is not None and kind == "seller":
            account = _seller(session, catalog, talk)
        elif talk is not None and kind == "mail":
            account = _mail(session, talk)
        if account is None:
            session.tell(_LATER, kind=kind, file=session.places.settings_file.name)
            continue
        add_account(session, _free_name(session, kind), account)


def _seller(session: Session, catalog: "Catalog", talk: Conversation) -> dict[str, Any]:
    session.output.line(session.say(_SELLER))
    session.output.line(session.say(_NO_SIRET))
    test = _Test(session, catalog)
    siret = talk.ask(session.say(_SIRET), lambda text: test.siret(text))
    if siret.lower() in _EXAMPLE_WORDS:
        session.tell(_INVENTED, file=session.places.settings_file.name)
        return dict(_EXAMPLE)
    account: dict[str, Any] = {"type": "seller", "siret": siret}
    account["name"] = talk.ask(session.say(_NAME), _needed)
    account["address"] = talk.ask(
        session.say(_ADDRESS), lambda text: test.field(account, "address", text)
    )
    vat = talk.ask(session.say(_VAT), lambda text: test.vat(account, text))
    if vat:
        account |= {"regime": "vat", "vat_number": vat}
    iban = talk.ask(session.say(_IBAN), lambda text: test.field(account, "iban", text))
    return account | ({"iban": iban} if iban else {})


class _Test:
    """Holds an answer against what the connector says of the account that it makes."""

    def __init__(self, session: Session, catalog: "Catalog") -> None:
        self._session = session
        tests = (one.account_tests.get("seller") for one in catalog.connectors.values())
        self._test = next((one for one in tests if one is not None), None)

    def siret(self, text: str) -> str:
        """Return the number, or the word for the example."""
        digits = re.sub(r"\s", "", text)
        if digits.lower() not in _EXAMPLE_WORDS:
            self._check({**_EXAMPLE, "siret": digits})
        return digits

    def field(self, account: Mapping[str, Any], name: str, text: str) -> str:
        """Return the value of one field; an empty one is left out, where it may be."""
        if not text and name == "iban":
            return ""
        self._check({**_EXAMPLE, **account, name: _needed(text)})
        return text

    def vat(self, account: Mapping[str, Any], text: str) -> str:
        """Return the VAT number, or nothing for who charges none."""
        if text:
            self._check({**_EXAMPLE, **account, "regime": "vat", "vat_number": text})
        return text

    async def _findings(self, test: TestAccount, account: Mapping[str, Any]) -> list[Finding]:
        return await test({**account, "account": "seller"}, self._session.workspace)

    def _check(self, account: Mapping[str, Any]) -> None:
        if self._test is None:
            return
        found = asyncio.run(self._findings(self._test, account))
        for one in found:
            if one.state == "failed":
                raise UsageError(_REFUSED, why=one.what, hint=one.hint)


def _mail(session: Session, talk: Conversation) -> dict[str, Any] | None:
    def read(text: str) -> str:
        if text and ("@" not in text.strip("@") or " " in text):
            raise UsageError(_NO_ADDRESS)
        return text

    address = talk.ask(session.say(_MAIL), read)
    if not address:
        return None
    secret = f"mail_{_free_name(session, 'mail')}"
    session.tell(_PASSWORD, secret=secret, name=_free_name(session, "mail"))
    return {"type": "mail", "address": address, "password": f"${{{{ secrets.{secret} }}}}"}


def _needed(text: str) -> str:
    if not text:
        raise UsageError(_EMPTY)
    return text


def _free_name(session: Session, kind: str) -> str:
    taken = session.settings.accounts
    wish = {"seller": "moi" if session.language == "fr" else "me", "mail": "pro"}.get(kind, kind)
    return next(one for one in (wish, *(f"{wish}_{n}" for n in range(2, 99))) if one not in taken)


def add_account(session: Session, name: str, account: Mapping[str, Any]) -> None:
    """Write *account* into the settings; the rest of the file stays as it is.

    Raises:
        WorkspaceError: the file cannot be changed so that it can still be read.
    """
    path = session.places.settings_file
    try:
        before = path.read_text(encoding="utf-8")
        _replace(path, _with_account(before, name, account))
    except (OSError, ValueError) as error:
        raise WorkspaceError(_BY_HAND, file=path) from error
    try:
        session.use_workspace(str(session.workspace))
        is_there = name in session.settings.accounts
    except RouageError:
        is_there = False
    if not is_there:
        _replace(path, before)
        session.use_workspace(str(session.workspace))
        raise WorkspaceError(_BY_HAND, file=path)


def _with_account(text: str, name: str, account: Mapping[str, Any]) -> str:
    lines = [f"  {name}:", *(f"    {key}: {yaml_text(value)}" for key, value in account.items())]
    block = "\n".join(lines) + "\n"
    found = _ACCOUNTS.search(text)
    if found is not None:
        return f"{text[: found.end()]}\n{block}{text[found.end() :].removeprefix(chr(10))}"
    if _OTHER_ACCOUNTS.search(text):
        raise ValueError("accounts")
    return f"{text.rstrip(chr(10))}\n\naccounts:\n{block}"


def _replace(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(text, encoding="utf-8", newline="\n")
    draft.replace(path)
