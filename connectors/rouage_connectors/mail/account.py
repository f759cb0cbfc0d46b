"""One mail account: what `rouage.yaml` says of it, completed by what is known of its provider."""

import json
import re
from collections.abc import Mapping
from dataclasses import field
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, Literal

from rouage.sdk import JSON, StepError, Text
from rouage.sdk.records import dataclass

Security = Literal["tls", "starttls", "none"]
ADDRESS: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*"
    r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?",
    re.ASCII,
)
_HOST: Final = re.compile(r"(\[[0-9a-fA-F:]{2,45}\]|[A-Za-z0-9.-]{1,253})(?::(\d{1,5}))?", re.ASCII)
_PORTS: Final[Mapping[int, Security]] = {993: "tls", 465: "tls", 143: "starttls", 587: "starttls"}
_DEFAULT_PORTS: Final = {"imap": 993, "smtp": 465}
_KEYS: Final = frozenset(
    {
        *("type", "account", "address", "name", "password", "username", "provider"),
        *("imap", "smtp", "certificate", "recipients", "keep_copy"),
    }
)

_WRONG: Final = Text(
    "the account “{account}” in rouage.yaml: {what}",
    "le compte « {account} » de rouage.yaml : {what}",
)
_NO_ADDRESS: Final = Text(
    "`address` must be a mail address, such as marie@orange.fr",
    "`address` doit être une adresse mail, comme marie@orange.fr",
)
_NO_PASSWORD: Final = Text("`password` is missing", "il manque `password`")
_NO_PASSWORD_HINT: Final = Text(
    "run `rouage secrets set mail_password`, then write password: ${{ secrets.mail_password }}",
    "lancez « rouage secrets set mail_password », puis écrivez "
    "password: ${{ secrets.mail_password }}",
)
_UNKNOWN_KEY: Final = Text("unknown line “{key}”", "ligne inconnue « {key} »")
_UNKNOWN_KEY_HINT: Final = Text("known lines: {known}", "lignes connues : {known}")
_NO_SERVER: Final = Text(
    "nothing is known of the servers of {domain}", "les serveurs de {domain} ne sont pas connus"
)
_NO_SERVER_HINT: Final = Text(
    "write `provider:` (one of {providers}), or `imap: host:port` and `smtp: host:port`",
    "écrivez `provider:` (l’un de {providers}), ou `imap: hôte:port` et `smtp: hôte:port`",
)
_BAD_SERVER: Final = Text(
    "`{which}` must be host:port, such as {which}.example.org:{port}",
    "`{which}` doit être hôte:port, comme {which}.exemple.fr:{port}",
)
_UNSAFE: Final = Text(
    "`{which}` without encryption would send the password in clear over the network",
    "`{which}` sans chiffrement enverrait le mot de passe en clair sur le réseau",
)
_UNSAFE_HINT: Final = Text(
    "write security: tls (or starttls); none is for a server on this machine only",
    "écrivez security: tls (ou starttls) ; none ne vaut que pour un serveur sur cette machine",
)
_BAD_RECIPIENTS: Final = Text(
    "`recipients` is a list of addresses, such as *@example.org",
    "`recipients` est une liste d’adresses, comme *@exemple.fr",
)
_BAD_TEXT: Final = Text("`{key}` must be a text on one line", "`{key}` doit tenir sur une ligne")


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """Where a server listens, and how the line to it is protected."""

    host: str
    port: int
    security: Security

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """A mailbox and how to reach it. `advice` is what its provider wants people to know."""

    account: str
    address: str
    sender: str | None
    username: str
    password: str = field(repr=False)
    imap: Server
    smtp: Server
    certificate: Path | None = None
    recipients: tuple[str, ...] = ()
    advice: Text | None = None
    keep_copy: bool | str = True
    """Whether what is sent is put into the folder of sent mails, or into which folder."""

    @property
    def domain(self) -> str:
        """Return what follows the @ of the address."""
        return self.address.rpartition("@")[2]


def read_account(given: Mapping[str, JSON], workspace: Path) -> Account:
    """Return the account that *given* describes, as `Accounts.find` gives it.

    Raises:
        StepError: something is missing or cannot be used.
    """
    name = str(given.get("account", "?"))
    for key in given:
        if key not in _KEYS:
            known = ", ".join(sorted(_KEYS - {"account"}))
            raise _wrong(name, _UNKNOWN_KEY, hint=_UNKNOWN_KEY_HINT, key=key[:40], known=known)
    address = given.get("address")
    if not isinstance(address, str) or ADDRESS.fullmatch(address) is None:
        raise _wrong(name, _NO_ADDRESS)
    password = given.get("password")
    if not isinstance(password, str) or not password:
        raise _wrong(name, _NO_PASSWORD, hint=_NO_PASSWORD_HINT)
    provider = find_provider(address, _text(name, given, "provider"))
    certificate = _text(name, given, "certificate")
    imap = _server(name, "imap", given, provider, address)
    return Account(
        account=name,
        address=address,
        sender=_text(name, given, "name"),
        username=_text(name, given, "username") or _usual_name(address, provider),
        password=password,
        imap=imap,
        smtp=_server(name, "smtp", given, provider, address),
        certificate=None if certificate is None else workspace / Path(certificate).expanduser(),
        recipients=_recipients(name, given.get("recipients", [])),
        advice=None if provider is None else _advice(provider),
        keep_copy=_keep_copy(name, given, imap),
    )


def find_provider(address: str, name: str | None = None) -> Mapping[str, Any] | None:
    """Return what is known of the provider called *name*, or else of the one of *address*."""
    if name is not None:
        return next((one for one in _providers() if one["id"] == name.lower()), None)
    domain = address.rpartition("@")[2].lower()
    return next((one for one in _providers() if domain in one["domains"]), None)


@lru_cache(maxsize=1)
def _providers() -> tuple[Mapping[str, Any], ...]:
    with (Path(__file__).parent / "providers.json").open(encoding="utf-8") as file:
        return tuple(json.load(file)["providers"])


def _usual_name(address: str, provider: Mapping[str, Any] | None) -> str:
    """Return what people log in with: the address, or its first part where a provider says so."""
    is_short = provider is not None and provider.get("username") == "name"
    return address.partition("@")[0] if is_short else address


def _advice(provider: Mapping[str, Any]) -> Text | None:
    said = provider.get("advice")
    return None if said is None else Text(said["en"], said["fr"])


def _server(
    account: str,
    which: Literal["imap", "smtp"],
    given: Mapping[str, JSON],
    provider: Mapping[str, Any] | None,
    address: str,
) -> Server:
    written = given.get(which, None if provider is None else provider[which])
    if written is None:
        providers = ", ".join(one["id"] for one in _providers())
        domain = address.rpartition("@")[2]
        raise _wrong(account, _NO_SERVER, hint=_NO_SERVER_HINT, domain=domain, providers=providers)
    details: dict[str, Any] = dict(written) if isinstance(written, dict) else {"host": written}
    found = _HOST.fullmatch(str(details.get("host", "")))
    port = details.get("port") or (found and found[2]) or _DEFAULT_PORTS[which]
    if found is None or not str(port).isdecimal() or not 0 < int(port) < 65_536:
        raise _wrong(account, _BAD_SERVER, which=which, port=_DEFAULT_PORTS[which])
    security = details.get("security") or _PORTS.get(int(port), "tls")
    if security not in {"tls", "starttls", "none"} or set(details) - {"host", "port", "security"}:
        raise _wrong(account, _BAD_SERVER, which=which, port=_DEFAULT_PORTS[which])
    server = Server(host=found[1].strip("[]"), port=int(port), security=security)
    if security == "none" and not _is_here(server.host):
        raise _wrong(account, _UNSAFE, hint=_UNSAFE_HINT, which=which)
    return server


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _recipients(account: str, value: JSON) -> tuple[str, ...]:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(one, str) and one for one in listed):
        raise _wrong(account, _BAD_RECIPIENTS)
    return tuple(str(one).lower() for one in listed)


def _keep_copy(account: str, given: Mapping[str, JSON], imap: Server) -> bool | str:
    """Return what is written; without it, no for providers that keep what is sent by themselves."""
    if isinstance(given.get("keep_copy"), bool):
        return bool(given["keep_copy"])
    folder = _text(account, given, "keep_copy")
    if folder is not None:
        return folder
    keepers = [one["imap"] for one in _providers() if one.get("keeps_sent")]
    hosts = {one["host"] if isinstance(one, dict) else one.partition(":")[0] for one in keepers}
    # A mail bridge on this machine answers for its provider only where that one was named.
    return imap.host not in (hosts if given.get("imap") is None else hosts - {"127.0.0.1"})


def _text(account: str, given: Mapping[str, JSON], key: str) -> str | None:
    value = given.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= 500:
        raise _wrong(account, _BAD_TEXT, key=key)
    return value


def _wrong(account: str, what: Text, *, hint: Text | None = None, **facts: object) -> StepError:
    return StepError(_WRONG, hint=hint, account=account, what=what.fill(**facts), **facts)
