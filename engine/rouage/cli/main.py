"""`rouage`: find the command, load only that one, and turn every outcome into an exit code."""

import atexit
import gc
import logging
import os
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Final

from rouage import __version__
from rouage.cli.parser import Parser
from rouage.cli.session import BROKEN, FAILED, OK, USAGE, Session
from rouage.errors import RouageError, UsageError
from rouage.language import Text

# Each is a module in this package with `configure(parser)` and `run(session, arguments)`.
COMMANDS: Final[dict[str, Text]] = {
    "init": Text("make a new workspace", "créer un espace de travail"),
    "new": Text("write a new recipe with you", "écrire une recette avec vous"),
    "import": Text("take recipes over from elsewhere", "reprendre des recettes venues d’ailleurs"),
    "up": Text("run the daemon in the foreground", "lancer le service au premier plan"),
    "status": Text("how the daemon and its triggers are", "l’état du service et des déclencheurs"),
    "pause": Text("keep what comes, start nothing", "garder ce qui arrive, ne rien lancer"),
    "resume": Text("end a pause", "mettre fin à une pause"),
    "doctor": Text("look for trouble, say the remedy", "chercher les soucis, dire le remède"),
    "service": Text("start with the machine", "démarrer avec la machine"),
    "check": Text("check recipes without running them", "vérifier des recettes sans les exécuter"),
    "fmt": Text("lay recipes out evenly", "mettre des recettes en forme"),
    "explain": Text("say what a recipe or a message means", "dire ce que veut dire une recette"),
    "try": Text("what a recipe would do, doing nothing", "ce qu’une recette ferait, sans le faire"),
    "test": Text("run the tests beside recipes", "lancer les tests à côté des recettes"),
    "run": Text("start a recipe by hand", "lancer une recette à la main"),
    "runs": Text("list what ran", "lister les exécutions"),
    "show": Text("show one run, step by step", "montrer une exécution, étape par étape"),
    "approvals": Text("what waits for a decision", "ce qui attend une décision"),
    "approve": Text("say yes to what a run asks", "dire oui à ce que demande une exécution"),
    "refuse": Text("say no to what a run asks", "dire non à ce que demande une exécution"),
    "outbox": Text("what waits to go out", "ce qui attend de partir"),
    "rerun": Text("do a finished run again", "refaire une exécution terminée"),
    "replay": Text("make an event happen again", "faire se reproduire un événement"),
    "undo": Text("take back what a run did", "annuler ce qu’une exécution a fait"),
    "corrections": Text("what you correct by hand", "ce que vous corrigez à la main"),
    "from": Text("where a file comes from", "d’où vient un fichier"),
    "resolve": Text("settle a step in doubt", "régler une étape incertaine"),
    "cancel": Text("end a run that is not over", "mettre fin à une exécution"),
    "history": Text("the versions of a recipe", "les versions d’une recette"),
    "diff": Text("what changed in a recipe", "ce qui a changé dans une recette"),
    "why": Text("what happened to a file, and why", "ce qui est arrivé à un fichier, et pourquoi"),
    "forget": Text("blank what names a person", "effacer ce qui nomme une personne"),
    "capsule": Text("a run, made safe to send for help", "une exécution à envoyer à qui vous aide"),
    "eval": Text("evaluate one expression", "évaluer une expression"),
    "account": Text("list and try mailboxes and services", "lister et essayer vos comptes"),
    "secrets": Text("keep secrets and test them", "garder des secrets et les tester"),
    "hooks": Text("where webhooks and forms listen", "où écoutent webhooks et formulaires"),
    "schedule": Text("when a schedule fires next", "les prochains déclenchements d’un horaire"),
    "schema": Text("print the JSON Schema of recipes", "afficher le schéma JSON des recettes"),
    "backup": Text("copy and verify the journal", "copier et vérifier le journal"),
    "restore": Text("go back to a backup", "revenir à une sauvegarde"),
    "paths": Text("print every path in use", "afficher tous les chemins utilisés"),
    "lsp": Text("serve an editor (language server)", "servir un éditeur (serveur de langage)"),
    "demo": Text("make and run the demo workspace", "créer et lancer l’espace de démonstration"),
}

# Commands of several files are folders; Python keeps some words for itself.
_MODULES: Final = {
    "import": "importing",
    "from": "provenance",
    "try": "trying.command",
    "capsule": "capsule.command",
    "check": "check.command",
    "corrections": "corrections.command",
    "diff": "diff.command",
    "doctor": "doctor.command",
    "explain": "explain.command",
    "forget": "forget.command",
    "lsp": "lsp.command",
    "new": "new.command",
    "schedule": "schedule.command",
    "service": "service.command",
    "test": "test.command",
    "why": "why.command",
}

_ABOUT: Final = Text(
    "Recipes that watch folders, clocks and webhooks, and lose nothing.",
    "Des recettes qui surveillent dossiers, horloges et webhooks, sans rien perdre.",
)
_UNKNOWN: Final = Text("unknown command “{name}”", "commande inconnue « {name} »")
_NEAR: Final = Text("did you mean `rouage {near}`?", "vouliez-vous dire « rouage {near} » ?")
_ALL: Final = Text("`rouage --help` lists them", "« rouage --help » en donne la liste")
_BROKEN: Final = Text(
    "something went wrong inside Rouage ({kind})", "un incident interne s’est produit ({kind})"
)
_BROKEN_HINT: Final = Text(
    "the details are in {path}; please report them", "les détails sont dans {path} ; signalez-les"
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that *argv* names and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        # Never fail over a character that the terminal lacks.
        getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")
    # At the end the memory goes back all at once: no look for garbage in it, a tenth of the time
    # that a command takes.
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)
    # A command says what it has to say itself; only `up` writes a log.
    logging.getLogger().addHandler(logging.NullHandler())
    session = Session(
        environment=os.environ,
        here=Path.cwd(),
        workspace=_value_of("--workspace", words),
        language=_value_of("--lang", words),
        is_json="--json" in words,
    )
    try:
        code = _dispatch(session, words)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader had enough (`| head`); keep the interpreter from complaining at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    return code


def _dispatch(session: Session, words: list[str]) -> int:
    try:
        return _run(session, words)
    except UsageError as error:
        session.complain(error)
        return USAGE
    except RouageError as error:
        session.complain(error)
        return FAILED
    except (KeyboardInterrupt, BrokenPipeError):
        raise
    except SystemExit as leave:
        return leave.code if isinstance(leave.code, int) else OK
    except Exception as error:  # noqa: BLE001 - the border to the shell
        return _break(session, error)


def _run(session: Session, words: list[str]) -> int:
    name, before, after = _split(words)
    if name is None:
        return _without_command(session, before)
    if name not in COMMANDS:
        near = _nearest(name)
        raise UsageError(_UNKNOWN, hint=_NEAR if near else _ALL, name=name[:40], near=near)
    command = import_module(f"rouage.cli.{_MODULES.get(name, name)}")
    parser = _parser_of(name, command, session)
    return int(command.run(session, parser.parse_args([*before, *after])))


def _parser_of(name: str, command: ModuleType, session: Session) -> Parser:
    parser = Parser(prog=f"rouage {name}", about=COMMANDS[name], language=session.language)
    command.configure(parser)
    parser.take_common()
    return parser


def _without_command(session: Session, words: list[str]) -> int:
    if "--version" in words or "-V" in words:
        if session.is_json:
            session.output.data({"version": __version__})
        else:
            session.output.line(f"rouage {__version__}")
        return OK
    parser = Parser(prog="rouage", about=_ABOUT, language=session.language)
    parser.take_common()
    parser.parse_args([word for word in words if word not in {"-h", "--help"}])
    session.output.line(_help(session, parser))
    return OK


def _help(session: Session, parser: Parser) -> str:
    title = session.say(Text("commands", "commandes"))
    words = session.say(Text("COMMAND …", "COMMANDE …"))
    lines = [f"  {name:<9} {session.say(about)}" for name, about in COMMANDS.items()]
    parser.usage = f"rouage [--workspace …] [--lang en|fr] {words}"
    return "\n".join([parser.format_help().rstrip(), "", f"{title}:", *lines])


_WITH_VALUE: Final = frozenset({"--workspace", "--lang"})


def _split(words: list[str]) -> tuple[str | None, list[str], list[str]]:
    """Return the name of the command, the words before it, and those after it."""
    position = 0
    while position < len(words) and words[position].startswith("-"):
        position += 2 if words[position] in _WITH_VALUE else 1
    if position >= len(words):
        return None, words, []
    return words[position], words[:position], words[position + 1 :]


def _value_of(option: str, words: list[str]) -> str | None:
    """Return the value of *option*, which is needed before the command can be loaded."""
    for position, word in enumerate(words):
        if word == "--":
            return None
        if word.startswith(f"{option}="):
            return word.partition("=")[2]
        if word == option and position + 1 < len(words):
            return words[position + 1]
    return None


def _nearest(name: str) -> str | None:
    import difflib

    return next(iter(difflib.get_close_matches(name.lower(), COMMANDS, n=1)), None)


def _break(session: Session, error: Exception) -> int:
    """Report a fault of ours: a short sentence here, the details in a private file."""
    if isinstance(error, ExceptionGroup):
        known = error.subgroup(RouageError)
        if known is not None:
            session.complain(_first(known))
            return FAILED
    path = _keep_details(session, error)
    hint = None if path is None else _BROKEN_HINT
    fault = RouageError(_BROKEN, hint=hint, kind=type(error).__name__, path=path)
    try:
        session.complain(fault)
    except Exception:  # noqa: BLE001 - what broke may be what tells the language
        sys.stderr.write(f"{fault.render('en')}\n")
    return BROKEN


def _first(group: BaseException) -> RouageError:
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    assert isinstance(group, RouageError)  # noqa: S101 - the subgroup holds nothing else
    return group


def _keep_details(session: Session, error: Exception) -> Path | None:
    """Write the trace where only the owner reads it; None when there is no such place."""
    import traceback

    try:
        folder = session.places.logs
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"command-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
        text = session.mask("".join(traceback.format_exception(error)))
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(str(text))
    except (OSError, RouageError):
        return None
    return path
