"""`rouage lsp`: the language server for editors, over standard input and output."""

import argparse
import logging
import os
import sys
from contextlib import redirect_stdout
from typing import Final

from rouage.cli.parser import Parser
from rouage.cli.session import OK, Session
from rouage.errors import WorkspaceError
from rouage.language import Text

_STDIO: Final = Text(
    "speak over standard input and output, which it always does",
    "parler par l’entrée et la sortie standard, ce qu’il fait toujours",
)
_CLIENT: Final = Text("process of the editor; not needed", "processus de l’éditeur ; pas utilisé")
_MISSING: Final = Text(
    "the language server needs the package {package}, which is not installed",
    "le serveur de langage demande le paquet {package}, qui n’est pas installé",
)
_INSTALL: Final = Text(
    'install it with: "{python}" -m pip install "rouage[lsp]"',
    'installez-le par : « {python} » -m pip install "rouage[lsp]"',
)


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take("--stdio", about=_STDIO, action="store_true")
    parser.take("--clientProcessId", about=_CLIENT, metavar="N")


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Serve one editor until it leaves.

    Raises:
        WorkspaceError: a package is missing.
    """
    del arguments
    try:
        from rouage.lsp.server import make_server
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in {"pygls", "lsprotocol"}:
            raise
        package = error.name.partition(".")[0]
        raise WorkspaceError(
            _MISSING, hint=_INSTALL, package=package, python=sys.executable
        ) from error
    from rouage.catalog.discovery import discover
    from rouage.cli.lsp.neighbours import WorkspaceNeighbours

    _log_quietly()
    # The protocol has the pipe to itself: whatever else is printed goes to standard error.
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as pipe, redirect_stdout(sys.stderr):
        server = make_server(discover(), WorkspaceNeighbours(session))
        server.start_io(stdin=sys.stdin.buffer, stdout=pipe)
    return OK


def _log_quietly() -> None:
    """Send what goes wrong to standard error: standard output belongs to the protocol."""
    shown = logging.StreamHandler(sys.stderr)
    shown.setFormatter(logging.Formatter("rouage lsp: %(message)s"))
    for name in ("rouage.lsp", "pygls"):
        log = logging.getLogger(name)
        log.setLevel(logging.ERROR)
        log.addHandler(shown)
