"""Accounts (`accounts` in `rouage.yaml`): how to reach a mailbox, a broker, a service.

Passwords and keys are never written there, only references to secrets (security S-54).
"""

import re
from collections.abc import Mapping
from typing import Any, Final

ACCOUNT_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,30}", re.ASCII)
REFERENCE: Final = re.compile(r"\$\{\{\s*secrets\.([a-z][a-z0-9_]{0,62})\s*\}\}", re.ASCII)
"""How a value names a secret; it may stand inside a longer text."""

_PRIVATE: Final = re.compile(r"(.*_)?(password|passphrase|token|secret|api_key)", re.ASCII)
_DEEPEST: Final = 4
_MOST: Final = 100


def read_accounts(value: Any) -> dict[str, dict[str, Any]]:
    """Return the accounts by name, their secrets still as references.

    Raises:
        ValueError: a name or an account does not fit.
    """
    if not isinstance(value, Mapping) or len(value) > _MOST:
        raise ValueError("accounts")
    return {_name(name): _account(given) for name, given in value.items()}


def fill(value: Any, secrets: Mapping[str, str]) -> Any:
    """Return *value* with each reference replaced by the secret it names.

    Raises:
        KeyError: there is no such secret; the argument is its name.
    """
    if isinstance(value, str):
        return REFERENCE.sub(lambda found: secrets[found[1]], value)
    if isinstance(value, Mapping):
        return {name: fill(item, secrets) for name, item in value.items()}
    if isinstance(value, list):
        return [fill(item, secrets) for item in value]
    return value


def references(value: Any) -> frozenset[str]:
    """Return the names of the secrets that *value* refers to."""
    if isinstance(value, str):
        return frozenset(found[1] for found in REFERENCE.finditer(value))
    inner = [*value.values()] if isinstance(value, Mapping) else value
    if not isinstance(inner, list):
        return frozenset()
    return frozenset().union(*map(references, inner))


def _name(value: Any) -> str:
    if not isinstance(value, str) or ACCOUNT_NAME.fullmatch(value) is None:
        raise ValueError("name")
    return value


def _account(given: Any) -> dict[str, Any]:
    is_known = isinstance(given, Mapping) and isinstance(given.get("type"), str)
    if not is_known or ACCOUNT_NAME.fullmatch(given["type"]) is None:
        raise ValueError("type")
    _check(given, depth=0)
    return dict(given)


def _check(value: Any, *, depth: int) -> None:
    if depth > _DEEPEST:
        raise ValueError("depth")
    if isinstance(value, Mapping):
        for name, item in value.items():
            if not isinstance(name, str) or (_is_private(name) and not _is_reference(item)):
                raise ValueError("secret")
            _check(item, depth=depth + 1)
    elif isinstance(value, list):
        for item in value:
            _check(item, depth=depth + 1)
    elif isinstance(value, str) and "${{" in REFERENCE.sub("", value):
        raise ValueError("reference")


def _is_private(name: str) -> bool:
    return _PRIVATE.fullmatch(name) is not None


def _is_reference(value: Any) -> bool:
    return isinstance(value, str) and REFERENCE.search(value) is not None


ACCOUNTS_SCHEMA: Final[Mapping[str, Any]] = {
    "type": "object",
    "propertyNames": {"pattern": f"^{ACCOUNT_NAME.pattern}$"},
    "maxProperties": _MOST,
    "additionalProperties": {
        "type": "object",
        "properties": {"type": {"type": "string", "pattern": f"^{ACCOUNT_NAME.pattern}$"}},
        "required": ["type"],
    },
    "default": {},
    "examples": [
        {
            "pro": {
                "type": "mail",
                "address": "marie@example.org",
                "password": "${{ secrets.mail_pro }}",
            }
        }
    ],
}
