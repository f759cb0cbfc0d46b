"""Accounts that the owner described under `accounts:` in `rouage.yaml`: a mailbox, a broker.

Recipes name an account, or none when there is only one of its kind; what it takes to use it
(address, password) never passes through a recipe, an event or the journal.
"""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final, Literal, Protocol

from rouage.errors import StepError
from rouage.language import Text
from rouage.records import dataclass
from rouage.sdk.json import JSON

_NO_ACCOUNTS: Final = Text(
    "there are no accounts here, and this needs one of type “{kind}”",
    "il n’y a pas de compte ici, et ceci en demande un de type « {kind} »",
)


class Accounts(Protocol):
    """The accounts of a workspace."""

    def find(self, kind: str, name: str | None = None) -> Mapping[str, JSON]:
        """Return what is written of an account of type *kind*, with its secrets in clear.

        None stands for the only account of that type. The mapping also holds `account`: the
        name. Use it at once and keep it nowhere: a secret may change at any time.

        Raises:
            StepError: there is no such account, or a secret of it is missing.
        """
        ...


class NoAccounts:
    """For places where no account may be used."""

    def find(self, kind: str, name: str | None = None) -> Mapping[str, JSON]:
        """Refuse.

        Raises:
            StepError: always.
        """
        del name
        raise StepError(_NO_ACCOUNTS, kind=kind)


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that the test of an account found: what, and the way out if it is not well."""

    state: Literal["ok", "warning", "failed"]
    what: Text
    hint: Text | None = None


TestAccount = Callable[[Mapping[str, JSON], Path], Awaitable[list[Finding]]]
"""Try an account as `Accounts.find` gives it, in a workspace, and change nothing."""
