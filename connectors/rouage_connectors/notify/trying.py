"""Whether the addresses of a channel can be right; nothing is sent to find out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rouage.sdk import JSON, Finding, StepError, Text
from rouage.sdk.extras import require
from rouage_connectors.notify.send import KIND, connector, server_of, service_of, urls_of

_KNOWN: Final = Text(
    "address {number} leads to {service}; `notify.send` says whether it takes a message",
    "l’adresse {number} mène à {service} ; « notify.send » dira si un message y est pris",
)


@connector.account_test(KIND)
async def try_account(given: Mapping[str, JSON], workspace: Path) -> list[Finding]:
    """Look at each address of a channel; a message would ring at somebody's, so none is sent."""
    del workspace
    try:
        urls = urls_of(given)
        apprise = require("apprise", "notify")
    except StepError as error:
        return [_failed(error)]
    findings = []
    for number, url in enumerate(urls):
        try:
            server_of(apprise, url, number, given)
        except StepError as error:
            findings.append(_failed(error))
        else:
            said = _KNOWN.fill(number=number + 1, service=service_of(url))
            findings.append(Finding(state="ok", what=said))
    return findings


def _failed(error: StepError) -> Finding:
    what = Text(error.render("en"), error.render("fr"))
    hint = error.hint
    if hint is not None:
        hint = Text(error.render_hint("en") or "", error.render_hint("fr") or "")
    return Finding(state="failed", what=what, hint=hint)
