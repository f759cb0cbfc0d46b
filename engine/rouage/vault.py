"""The present secrets, the mask made of them, and the accounts that need them."""

import time
from collections.abc import Mapping
from typing import Any, Final

from rouage.errors import StepError
from rouage.language import Text
from rouage.model.secret import Secret
from rouage.safety.redaction import Redactor
from rouage.sdk.json import JSON
from rouage.secrets import SecretStore
from rouage.settings import FILE_NAME
from rouage.settings.accounts import fill, references

_SECRETS_SECONDS: Final = 1.0
"""A changed secret is known after this time; looking costs two calls to the system."""

_NO_ACCOUNT: Final = Text(
    "{file} holds no account of type “{kind}”", "{file} ne contient aucun compte « {kind} »"
)
_NO_ACCOUNT_HINT: Final = Text(
    "describe one in {file} under `accounts:`, such as `pro: {{type: {kind}, …}}`",
    "décrivez-en un dans {file} sous `accounts:`, par exemple `pro: {{type: {kind}, …}}`",
)
_UNKNOWN: Final = Text(
    "{file} holds no account “{name}” of type “{kind}”",
    "{file} ne contient pas de compte « {name} » de type « {kind} »",
)
_UNKNOWN_HINT: Final = Text("accounts of this type: {known}", "comptes de ce type : {known}")
_AMBIGUOUS: Final = Text(
    "{file} holds several accounts of type “{kind}”",
    "{file} contient plusieurs comptes de type « {kind} »",
)
_AMBIGUOUS_HINT: Final = Text("name one of them: {known}", "nommez l’un d’eux : {known}")
_NO_SECRET: Final = Text(
    "the account “{name}” in {file} needs the secret {secret}, which is not set",
    "le compte « {name} » de {file} a besoin du secret {secret}, qui n’est pas donné",
)
_NO_SECRET_HINT: Final = Text(
    "run `rouage secrets set {secret}`", "lancez « rouage secrets set {secret} »"
)


class LiveSecrets:
    """The present secrets, and the mask made of them; both follow the file."""

    def __init__(self, store: SecretStore) -> None:
        self._store = store
        self._looked = float("-inf")
        self._values: Mapping[str, str] | None = None
        self._wrapped: dict[str, Secret] = {}
        self._redactor = Redactor(())

    def current(self) -> Mapping[str, Secret]:
        """Return the secrets by name."""
        now = time.monotonic()
        if now - self._looked < _SECRETS_SECONDS:
            return self._wrapped
        self._looked = now
        values = self._store.load()
        if values is not self._values:
            self._values = values
            self._wrapped = {name: Secret(clear, name=name) for name, clear in values.items()}
            self._redactor = Redactor(values.values())
        return self._wrapped

    def names(self) -> frozenset[str]:
        """Return the names, for the checks of recipes."""
        return frozenset(self.current())

    def mask(self, value: JSON) -> JSON:
        """Hide every secret in *value*."""
        self.current()
        masked: JSON = self._redactor.mask_json(value)
        return masked


class LiveAccounts:
    """The accounts in the settings, filled in with the present secrets (`sdk.Accounts`).

    `told` counts the accounts given out, so that whoever calls an action knows whether what
    comes back may hold a password.
    """

    def __init__(self, accounts: Mapping[str, Mapping[str, Any]], secrets: LiveSecrets) -> None:
        self._accounts = accounts
        self._secrets = secrets
        self.told = 0

    def find(self, kind: str, name: str | None = None) -> Mapping[str, JSON]:
        """Return an account of type *kind* with its secrets in clear.

        Raises:
            StepError: there is no such account, or a secret of it is missing.
        """
        name = self._chosen(kind, name)
        secrets = {key: secret.reveal() for key, secret in self._secrets.current().items()}
        self.told += 1
        try:
            filled: dict[str, JSON] = fill(self._accounts[name], secrets)
        except KeyError as error:
            secret = str(error.args[0])
            raise StepError(
                _NO_SECRET, hint=_NO_SECRET_HINT, name=name, secret=secret, file=FILE_NAME
            ) from None
        return {**filled, "account": name}

    def secrets_of(self, name: str) -> frozenset[str]:
        """Return the names of the secrets that the account *name* holds."""
        return references(self._accounts.get(name))

    def _chosen(self, kind: str, name: str | None) -> str:
        known = sorted(key for key, account in self._accounts.items() if account["type"] == kind)
        facts = {"file": FILE_NAME, "kind": kind, "name": name, "known": ", ".join(known)}
        if not known:
            raise StepError(_NO_ACCOUNT, hint=_NO_ACCOUNT_HINT, **facts)
        if name is None and len(known) > 1:
            raise StepError(_AMBIGUOUS, hint=_AMBIGUOUS_HINT, **facts)
        if name is not None and name not in known:
            raise StepError(_UNKNOWN, hint=_UNKNOWN_HINT, **facts)
        return name or known[0]
