"""What an action knows and may use: nothing is fetched from globals or the environment."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from rouage.clock import Clock
from rouage.errors import StepError
from rouage.language import Text
from rouage.records import dataclass
from rouage.safety.paths import Folders
from rouage.sdk.accounts import Accounts, NoAccounts
from rouage.sdk.business import Business
from rouage.sdk.json import JSON

if TYPE_CHECKING:
    from aiohttp import ClientSession


Render = Callable[[str, Mapping[str, JSON]], str]
Ledger = Callable[[str], Awaitable[JSON]]


def _no_templates(template: str, data: Mapping[str, JSON]) -> str:
    del data
    if "${{" in template:
        raise StepError(
            Text("templates cannot be filled in here", "aucun modèle ne peut être rempli ici")
        )
    return template


async def _empty_ledger(key: str) -> JSON:
    del key
    return None


def _not_told(path: str) -> None:
    del path


@dataclass(kw_only=True, slots=True)
class Context:
    """One attempt at one step.

    `idempotency_key` is the same for every attempt at this step of this run, so a target
    that honours it acts once. `files` is the only way to the disk: it admits the folders
    that the recipe names and the workspace. `scratch` is a private folder of the run.

    `render(template, data)` fills in the `${{ }}` of a text that did not come from the recipe
    (a template file); the expressions see the names of *data* and nothing else. `templates`
    holds the source text of each parameter that held an expression, by JSON pointer
    (`/command/1`), so that an action can insist on literal values.

    `wrote(path)` tells the engine of a file that the action made, changed or took away, so that
    a folder trigger can say who caused its event. It may be called from a thread.

    `accounts` gives the accounts of the workspace, such as its mailboxes; `business` says
    when the business works. `ledger(key)` says which step was done once under a key that all
    recipes share (`once` on a step), or gives None.
    """

    run_id: str
    recipe_id: str
    step: str
    attempt: int
    idempotency_key: str
    workspace: Path
    files: Folders
    timezone: tzinfo
    clock: Clock
    log: logging.Logger | logging.LoggerAdapter[logging.Logger]
    open_http: Callable[[], "ClientSession"]
    scratch: Callable[[], Path]
    render: Render = _no_templates
    templates: Mapping[str, str] = field(default_factory=dict)
    wrote: Callable[[str], None] = _not_told
    accounts: Accounts = field(default_factory=NoAccounts)
    business: Business = field(default_factory=Business)
    ledger: Ledger = _empty_ledger

    @property
    def http(self) -> "ClientSession":
        """Return the shared HTTP client, which refuses private addresses (security S-37)."""
        return self.open_http()
