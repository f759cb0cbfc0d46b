"""The settings file and the environment, read into one frozen `Settings`.

`fields.FIELDS` is the one declaration of what `rouage.yaml` may hold: checking, the JSON
Schema for editors and the variables of the environment are readings of it. Reading YAML is
the caller's part: these modules see plain data.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from rouage.errors import SettingsError
from rouage.language import Language, Text, choose_language
from rouage.records import dataclass
from rouage.settings.business import BusinessHours
from rouage.settings.corrections import Listening
from rouage.settings.fields import (
    DEFAULT_GRACE_SECONDS,
    DEFAULT_HOOKS_PORT,
    DEFAULT_PORT,
    FIELDS,
    LogLevel,
    Mistake,
    find_mistakes,
    settings_schema,
)
from rouage.settings.places import FILE_NAME, Places
from rouage.settings.rates import AccountRate, rate_of
from rouage.settings.retention import DEFAULT_RESERVE_BYTES, Retention
from rouage.settings.values import as_timezone

__all__ = [
    "FIELDS",
    "FILE_NAME",
    "AccountRate",
    "LogLevel",
    "Mistake",
    "Places",
    "Retention",
    "Settings",
    "find_mistakes",
    "locale_wishes",
    "rate_of",
    "settings_schema",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """How this workspace is run: `rouage.yaml`, the environment, and the defaults.

    `inputs` gives the values of recipe inputs by recipe id, then by name. `folders` are
    absolute; actions of every recipe may touch them. `hosts` are the loopback addresses to
    listen on; `allowed_hosts` the further names by which a request may call us; `public_url` is
    where a proxy or a tunnel leads people to the page of an approval.
    """

    workspace: Path
    language: Language = "en"
    timezone: str = "UTC"
    port: int = DEFAULT_PORT
    hooks_port: int = DEFAULT_HOOKS_PORT
    hosts: tuple[str, ...] = ("127.0.0.1", "::1")
    allowed_hosts: tuple[str, ...] = ()
    public_url: str | None = None
    trusted_proxies: tuple[str, ...] = ()
    folders: tuple[Path, ...] = ()
    inputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    grace_seconds: float = DEFAULT_GRACE_SECONDS
    log_level: LogLevel = "info"
    retention: Retention = field(default_factory=Retention)
    reserve_bytes: int = DEFAULT_RESERVE_BYTES
    rates: Mapping[str, AccountRate] = field(default_factory=dict)
    accounts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    business: BusinessHours = field(default_factory=BusinessHours)
    corrections: Listening = field(default_factory=Listening)
    ask_via: tuple[str, ...] = ()

    @property
    def places(self) -> Places:
        """Return where the parts of the workspace lie."""
        return Places(self.workspace)

    @property
    def console_hosts(self) -> tuple[str, ...]:
        """Return the further names by which the console may be called."""
        if self.public_url is None:
            return self.allowed_hosts
        return (*self.allowed_hosts, urlsplit(self.public_url).hostname or "")

    def address_of(self, port: int) -> str:
        """Return the address under which people reach the console that listens on *port*."""
        host = self.hosts[0]
        return self.public_url or f"http://{f'[{host}]' if ':' in host else host}:{port}"

    @property
    def zone(self) -> ZoneInfo:
        """Return the time zone of recipes that name none."""
        return ZoneInfo(self.timezone)

    @classmethod
    def from_data(
        cls, data: Any, workspace: Path, environment: Mapping[str, str] | None = None
    ) -> "Settings":
        """Return the settings that *data* and *environment* give for *workspace*.

        Raises:
            SettingsError: something cannot be used as written; the first such thing is told.
        """
        environment = environment or {}
        for mistake in find_mistakes(data):
            raise mistake.as_error()
        values = {
            declared.attribute: declared.read(data[name])
            for name, declared in FIELDS.items()
            if declared.attribute and name in (data or {})
        }
        values |= _from_environment(environment)
        values.setdefault("timezone", _machine_timezone(environment))
        values["language"] = choose_language(
            environment.get("ROUAGE_LANG"), values.get("language"), *locale_wishes(environment)
        )
        values["folders"] = tuple(
            workspace / Path(folder).expanduser() for folder in values.get("folders", ())
        )
        return cls(workspace=workspace, **values)


def locale_wishes(environment: Mapping[str, str]) -> tuple[str | None, ...]:
    """Return what the POSIX locale variables ask for, the strongest first."""
    return tuple(environment.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    values = {}
    for declared in FIELDS.values():
        given = environment.get(declared.variable or "")
        if declared.variable is None or not given or declared.attribute == "language":
            continue
        try:
            is_number = declared.schema.get("type") == "integer"
            values[declared.attribute] = declared.read(int(given) if is_number else given)
        except ValueError:
            raise SettingsError(
                _UNFIT_VARIABLE,
                hint=declared.hint,
                name=declared.variable,
                wanted=declared.wanted,
            ) from None
    return values


def _machine_timezone(environment: Mapping[str, str]) -> str:
    """Return the name of the machine's time zone; UTC when it has none we can name."""
    wishes = [environment.get("TZ", "").removeprefix(":")]
    link = Path("/etc/localtime")
    with contextlib.suppress(OSError):
        wishes.append(str(link.readlink()).partition("zoneinfo/")[2])
    with contextlib.suppress(OSError, ValueError):
        wishes.append(Path("/etc/timezone").read_text(encoding="ascii").strip())
    for wish in wishes:
        try:
            return as_timezone(wish)
        except ValueError:
            continue
    return "UTC"


_UNFIT_VARIABLE: Final = Text(
    "the environment variable {name} must be {wanted}",
    "la variable d’environnement {name} doit être {wanted}",
)
