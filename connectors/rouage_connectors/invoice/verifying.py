"""`invoice.verify`: hold a document against the official rules, or the register against itself."""

import asyncio
import base64
from collections.abc import Iterator
from typing import Any, Final

from rouage.sdk import JSON, Context, StepError, Text, param, params
from rouage.sdk.files import shown
from rouage_connectors.invoice.apart import workshop
from rouage_connectors.invoice.declaration import (
    ACCOUNT_PATTERN,
    SELLER,
    SELLER_TITLE,
    connector,
)
from rouage_connectors.invoice.pdf import digest
from rouage_connectors.invoice.trade import find_trade, register_of

_MOST_BYTES: Final = 50 << 20
_MOST_FINDINGS: Final = 100

_NOTHING: Final = Text(
    "{file} is empty: there is nothing to verify", "{file} est vide : il n’y a rien à vérifier"
)
_NO_RULES: Final = Text(
    "the official rules need a package that is not installed",
    "les règles officielles ont besoin d’un paquet qui n’est pas installé",
)
_NO_RULES_HINT: Final = Text(
    "run `pip install 'rouage[invoice-verify]'`, then start Rouage again",
    "lancez « pip install 'rouage[invoice-verify]' », puis relancez Rouage",
)


@params
class Verifying:
    """What to verify."""

    file: str | None = param(
        Text(
            "A PDF or XML invoice; without it, the register and all files it names.",
            "Une facture en PDF ou XML ; sans elle, le registre et tous ses fichiers.",
        ),
        title=Text("Invoice", "Facture"),
        default=None,
        format="path",
        examples=["files/invoices/2026/FA-2026-0001.pdf"],
    )
    seller: str | None = param(
        SELLER, title=SELLER_TITLE, default=None, pattern=ACCOUNT_PATTERN, examples=["atelier"]
    )


@connector.action(
    "verify",
    title=Text("Verify invoices", "Vérifier des factures"),
    about=Text(
        "Hold an invoice against the official rules, or the register against its files.",
        "Confronte une facture aux règles officielles, ou le registre à ses fichiers.",
    ),
    effect="none",
    idempotent=True,
    result={
        "type": "object",
        "properties": {
            "is_valid": {"type": "boolean"},
            "count": {"type": "integer", "description": "How many documents were looked at"},
            "findings": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "set": {
                            "type": "string",
                            "description": "pdf, xsd, en16931, fr or register",
                        },
                        "rule": {"type": "string"},
                        "text": {"type": "string"},
                    },
                },
            },
        },
        "required": ["is_valid", "count", "findings"],
    },
    example={"file": "files/invoices/2026/FA-2026-0001.pdf"},
    describe=Text("verify {file}", "vérifier {file}"),
)
async def verify(params: Verifying, context: Context) -> JSON:
    """Hold an invoice against the official rules, or the register against its files."""
    if params.file is None:
        return await asyncio.to_thread(_verify_register, params, context)
    return await asyncio.to_thread(_verify_file, params.file, context)


def _verify_file(path: str, context: Context) -> JSON:
    data = context.files.read_bytes(path, limit=_MOST_BYTES)
    if not data.strip():
        raise StepError(_NOTHING, file=shown(path))
    text = base64.b64encode(data).decode()
    is_pdf = data[:1024].lstrip().startswith(b"%PDF")
    answer = workshop().ask("examine", pdf=text) if is_pdf else workshop().ask("check", xml=text)
    findings = answer["findings"]
    # A fault that was found needs no further rule to be one.
    if not answer["rules"] and not findings:
        raise StepError(_NO_RULES, hint=_NO_RULES_HINT)
    return _told(findings, count=1)


def _verify_register(params: Verifying, context: Context) -> JSON:
    trade = find_trade(context, params.seller)
    with register_of(trade, context).reading() as book:
        broken = book.broken()
        documents = [(entry.number, entry.content) for entry in book.all("document")]
    findings = (
        [] if broken is None else [_finding("chain", broken, "une inscription a été changée")]
    )
    for number, content in documents:
        findings += _file_findings(number, content, context)
    return _told(findings, count=len(documents))


def _file_findings(number: str, content: Any, context: Context) -> Iterator[dict[str, str]]:
    for name in ("pdf", "xml"):
        kept = content[name]
        if kept is None:
            continue
        try:
            data = context.files.read_bytes(kept["path"], limit=_MOST_BYTES)
        except StepError as error:
            yield _finding("file", number, error.render("fr"))
        else:
            if digest(data) != kept["sha256"]:
                yield _finding("sha256", number, f"{kept['path']} a été changé")


def _finding(rule: str, number: str, text: str) -> dict[str, str]:
    return {"set": "register", "rule": rule, "text": f"{number} : {text}"}


def _told(findings: list[dict[str, str]], *, count: int) -> JSON:
    shown_: list[JSON] = [dict(finding) for finding in findings[:_MOST_FINDINGS]]
    return {"is_valid": not findings, "count": count, "findings": shown_}
