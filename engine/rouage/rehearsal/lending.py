"""Accounts as a rehearsal lends them: what is missing is noted, not held against the recipe."""

from collections.abc import Mapping

from rouage.errors import StepError
from rouage.sdk.accounts import Accounts
from rouage.sdk.json import JSON


class Lent:
    """The accounts for one action; `missing` is the type of the one that was not there."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self.missing: str | None = None

    def find(self, kind: str, name: str | None = None) -> Mapping[str, JSON]:
        """Return an account of type *kind*, as `sdk.Accounts` does.

        Raises:
            StepError: there is none.
        """
        try:
            return self._accounts.find(kind, name)
        except StepError:
            self.missing = kind
            raise
