"""The present secrets, and the mask made of them."""

import time
from collections.abc import Mapping
from typing import Final

from rouage.model.secret import Secret
from rouage.safety.redaction import Redactor
from rouage.sdk.json import JSON
from rouage.secrets import SecretStore

_SECRETS_SECONDS: Final = 1.0
"""A changed secret is known after this time; looking costs two calls to the system."""


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
