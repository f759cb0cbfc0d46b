"""The accounts as one call sees them: which secrets they took is noted with its step (S-60)."""

from collections.abc import Mapping

from rouage.durable.port import StepSpec
from rouage.flow.services import Services
from rouage.sdk.json import JSON


class Lent:
    """The accounts of the workspace, for the step that *spec* describes."""

    __slots__ = ("_services", "_spec")

    def __init__(self, services: Services, spec: StepSpec) -> None:
        self._services = services
        self._spec = spec

    def find(self, kind: str, name: str | None = None) -> Mapping[str, JSON]:
        """Return an account of type *kind*, and note the secrets in it by name.

        Raises:
            StepError: there is no such account, or a secret of it is missing.
        """
        account = self._services.accounts.find(kind, name)
        self._spec.secrets |= self._services.secrets_of(str(account["account"]))
        return account
