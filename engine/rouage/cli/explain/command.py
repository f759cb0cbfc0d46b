"""`rouage explain RECIPE` and `rouage explain CODE`: in plain sentences."""

import argparse
from typing import Final

from rouage.cli.parser import Parser
from rouage.cli.session import OK, Session
from rouage.errors import UsageError
from rouage.language import Text

_WHAT: Final = Text(
    "a recipe (its id, or a file), or the code of a message such as RG211",
    "une recette (son identifiant, ou un fichier), ou le code d’un message comme RG211",
)
_NEXT: Final = Text(
    "also list the next instants at which its schedules fire, so many",
    "lister aussi les prochains instants de ses horaires, en tel nombre",
)
_FAR: Final = Text("--next is a number from 0 to {most}", "--next est un nombre de 0 à {most}")
_MOST_NEXT: Final = 1000
_NO_CODE: Final = Text("there is no message {code}", "il n’y a pas de message {code}")
_NEAR: Final = Text(
    "the nearest one is {near}: {sentence}", "le plus proche est {near} : {sentence}"
)
_LABELS: Final = {
    "why": Text("Why", "Raison"),
    "remedy": Text("Remedy", "Remède"),
    "bad": Text("Wrong", "Faux"),
    "good": Text("Right", "Juste"),
}
_INDENT: Final = "    "


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    metavar = parser.say(Text("RECIPE|CODE", "RECETTE|CODE"))
    parser.take("what", about=_WHAT, metavar=metavar)
    parser.take("--next", about=_NEXT, type=int, default=0, metavar="N")


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Print what the recipe or the code means."""
    from rouage.analysis.wording import CODE

    if CODE.fullmatch(arguments.what) is not None:
        _explain_code(session, arguments.what.upper())
        return OK
    from rouage.cli.explain.recipe import explain_recipe

    if not 0 <= arguments.next <= _MOST_NEXT:
        raise UsageError(_FAR, most=_MOST_NEXT)
    return explain_recipe(session, arguments.what, instants=arguments.next)


def _explain_code(session: Session, code: str) -> None:
    """Print the page of *code*.

    Raises:
        UsageError: there is no such code.
    """
    from rouage.analysis.catalogue import ENTRIES
    from rouage.analysis.wording import nearest_code, page

    if code not in ENTRIES:
        near = nearest_code(code)
        message = page(near, session.language)["message"]
        raise UsageError(_NO_CODE, hint=_NEAR, code=code, near=near, sentence=message)
    shown = page(code, session.language)
    if session.is_json:
        session.output.data(shown)
        return
    session.tell(Text("{code}  {message}", "{code}  {message}"), **shown)
    session.output.line(f"{_INDENT}({shown['family']})")
    for name in ("why", "remedy"):
        if shown[name]:
            colon = " :" if session.language == "fr" else ":"
            session.output.line(f"\n{session.say(_LABELS[name])}{colon} {shown[name]}")
    for name in ("bad", "good"):
        if shown[name]:
            session.output.line(f"\n{session.say(_LABELS[name])}")
            for line in str(shown[name]).splitlines():
                session.output.line(f"{_INDENT}{line}")
