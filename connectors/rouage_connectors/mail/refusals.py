"""What goes wrong between us and a mail server, in plain words, with the next gesture."""

import asyncio
import ssl
from typing import Final, Literal

from rouage.sdk import RetryableError, StepError, Text
from rouage.sdk.records import dataclass
from rouage_connectors.mail.account import Account, Server
from rouage_connectors.mail.session import ImapRefusal
from rouage_connectors.mail.wire import WireError

Kind = Literal[
    "login", "name", "refused", "silent", "certificate", "protocol", "folder", "settings", "other"
]

_SAID: Final = Text("{what} (the server says: {words})", "{what} (le serveur dit : {words})")
_LOGIN: Final = Text(
    "{server} refuses the name or the password of the account “{account}”",
    "{server} refuse l’identifiant ou le mot de passe du compte « {account} »",
)
_LOGIN_HINT: Final = Text(
    "check the password by logging in on the web, store it with `rouage secrets set`, then run "
    "`rouage account test {account}`",
    "vérifiez le mot de passe en vous connectant sur le web, enregistrez-le avec « rouage secrets "
    "set », puis lancez « rouage account test {account} »",
)
_NAME: Final = Text("there is no server called {host}", "aucun serveur ne s’appelle {host}")
_NAME_HINT: Final = Text(
    "check the spelling in rouage.yaml, and that this machine is connected to the internet",
    "vérifiez l’orthographe dans rouage.yaml, et que cette machine est connectée à internet",
)
_REFUSED: Final = Text("nothing answers at {server}", "rien ne répond à l’adresse {server}")
_REFUSED_HINT: Final = Text(
    "check the port in rouage.yaml; if it is right, the server is down: Rouage tries again",
    "vérifiez le port dans rouage.yaml ; s’il est bon, le serveur est en panne : Rouage réessaie",
)
_SILENT: Final = Text("{server} does not answer in time", "{server} ne répond pas à temps")
_SILENT_HINT: Final = Text(
    "a firewall may stand in between, or the port wants another kind of encryption",
    "un pare-feu s’interpose peut-être, ou ce port attend un autre chiffrement",
)
_CERTIFICATE: Final = Text(
    "{server} cannot prove that it is {host}: {reason}",
    "{server} ne peut pas prouver qu’il est {host} : {reason}",
)
_CERTIFICATE_HINT: Final = Text(
    "for a server of your own, write `certificate:` with the file of its certificate; otherwise "
    "do not go on: somebody may be listening",
    "pour un serveur à vous, écrivez `certificate:` avec le fichier de son certificat ; sinon "
    "n’insistez pas : quelqu’un écoute peut-être",
)
_NO_CERTIFICATE: Final = Text(
    "the file of `certificate:` cannot be read: {path}",
    "le fichier de `certificate:` est illisible : {path}",
)
_PROTOCOL: Final = Text(
    "what answers at {server} does not speak the language of mail servers",
    "ce qui répond à l’adresse {server} ne parle pas la langue des serveurs de mail",
)
_PROTOCOL_HINT: Final = Text(
    "check the port and `security:` in rouage.yaml (993 and 465 are tls, 143 and 587 starttls)",
    "vérifiez le port et `security:` dans rouage.yaml (993 et 465 : tls, 143 et 587 : starttls)",
)
_NO_TLS: Final = Text(
    "{server} offers no encryption, so the password was not sent",
    "{server} n’offre aucun chiffrement : le mot de passe n’a pas été envoyé",
)
_FOLDER: Final = Text("{server} does not open the folder", "{server} n’ouvre pas le dossier")
_FOLDER_HINT: Final = Text(
    "check its name: `rouage account test {account}` lists the folders",
    "vérifiez son nom : « rouage account test {account} » donne la liste des dossiers",
)
_ENDED: Final = Text("{server} hung up", "{server} a raccroché")
_OTHER: Final = Text("{server} refuses", "{server} refuse")
_LATER: Final = Text("Rouage tries again by itself", "Rouage réessaie tout seul")


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """One thing that went wrong: of which kind, what to say, and what to do about it."""

    kind: Kind
    what: Text
    hint: Text | None = None

    @property
    def is_passing(self) -> bool:
        """Say whether trying again later may help without anybody doing anything."""
        return self.kind in {"name", "refused", "silent", "other"}

    def as_error(self) -> StepError:
        """Return it as the failure of a step."""
        kind = RetryableError if self.is_passing else StepError
        return kind(self.what, hint=self.hint)


def explain(error: BaseException, account: Account, server: Server) -> Trouble:
    """Return what *error*, met at *server*, means to the owner of *account*."""
    if isinstance(error, ImapRefusal):
        return _refusal(error, account, server)
    if isinstance(error, ssl.SSLError):
        return _tls(error, server)
    if isinstance(error, WireError):
        return _trouble("protocol", _PROTOCOL, _PROTOCOL_HINT, server=server)
    if isinstance(error, EOFError | asyncio.IncompleteReadError):
        return _trouble("other", _ENDED, _LATER, server=server)
    return _network(error, account, server)


def refused_login(account: Account, server: Server, words: str) -> Trouble:
    """Return that the server refuses name or password, with what its provider wants known."""
    what = _said(_LOGIN.fill(server=server, account=account.account), words)
    return Trouble(
        kind="login", what=what, hint=account.advice or _LOGIN_HINT.fill(account=account.account)
    )


def no_encryption(server: Server) -> Trouble:
    """Return that the password was kept back, since the line would not have been encrypted."""
    return _trouble("protocol", _NO_TLS, _PROTOCOL_HINT, server=server)


def _refusal(error: ImapRefusal, account: Account, server: Server) -> Trouble:
    if error.command == "STARTTLS":
        return no_encryption(server)
    if error.command in {"LOGIN", "AUTHENTICATE"} and error.code != "UNAVAILABLE":
        return refused_login(account, server, error.words)
    if error.command in {"SELECT", "EXAMINE"}:
        what = _said(_FOLDER.fill(server=server), error.words)
        return Trouble(kind="folder", what=what, hint=_FOLDER_HINT.fill(account=account.account))
    return Trouble(kind="other", what=_said(_OTHER.fill(server=server), error.words), hint=_LATER)


def _tls(error: ssl.SSLError, server: Server) -> Trouble:
    if isinstance(error, ssl.SSLCertVerificationError):
        facts = {"server": server, "host": server.host, "reason": error.verify_message}
        return _trouble("certificate", _CERTIFICATE, _CERTIFICATE_HINT, **facts)
    return _trouble("protocol", _PROTOCOL, _PROTOCOL_HINT, server=server)


def _network(error: BaseException, account: Account, server: Server) -> Trouble:
    if isinstance(error, TimeoutError):
        return _trouble("silent", _SILENT, _SILENT_HINT, server=server)
    if isinstance(error, FileNotFoundError | PermissionError) and account.certificate is not None:
        return _trouble("certificate", _NO_CERTIFICATE, None, path=account.certificate)
    import socket

    if isinstance(error, socket.gaierror):
        return _trouble("name", _NAME, _NAME_HINT, host=server.host)
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return _trouble("other", _ENDED, _LATER, server=server)
    return _trouble("refused", _REFUSED, _REFUSED_HINT, server=server)


def _trouble(kind: Kind, what: Text, hint: Text | None, **facts: object) -> Trouble:
    return Trouble(kind=kind, what=what.fill(**facts), hint=hint)


def _said(what: Text, words: str) -> Text:
    # No braces: the sentence is a template until it is shown.
    plain = "".join(one for one in words if one.isprintable() and one not in "{}").strip()[:200]
    return _SAID.fill(what=what, words=plain) if plain else what
