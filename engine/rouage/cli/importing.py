"""`rouage import FILE`: recipes made of what another program had; nothing is dropped silently."""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rouage.cli.new.file import free_name, ids_in, write_new
from rouage.cli.parser import Parser
from rouage.cli.recipe_files import shown_here
from rouage.cli.session import FAILED, OK, Session
from rouage.errors import UsageError
from rouage.language import Text
from rouage.records import dataclass

if TYPE_CHECKING:
    from rouage.analysis.drafting.draft import Piece
    from rouage.analysis.importing.foreign import Imported
    from rouage.analysis.importing.settling import Settled

KINDS: Final = ("home-assistant", "n8n", "crontab", "github-actions")

_FILE: Final = Text(
    "the file of the other program (- for standard input)",
    "le fichier de l’autre programme (- pour l’entrée standard)",
)
_FROM: Final = Text(
    "which program it is from (default: told by the file itself)",
    "de quel programme il vient (par défaut : d’après le fichier lui-même)",
)
_TO: Final = Text(
    "folder to write to (default: the recipes of the workspace)",
    "dossier où écrire (par défaut : les recettes de l’espace de travail)",
)
_ENABLE: Final = Text(
    "switch on what was taken over whole (default: all is written switched off)",
    "activer ce qui a été repris en entier (par défaut : tout est écrit en sommeil)",
)
_DRY: Final = Text("print the recipes, write nothing", "afficher les recettes, ne rien écrire")
_UNREADABLE: Final = Text("{path} cannot be read: {cause}", "{path} est illisible : {cause}")
_WRITTEN: Final = Text("{file}: “{name}”", "{file} : « {name} »")
_COUNT: Final = Text(
    "  taken over: {taken}   to finish: {open}   not supported: {missing}",
    "  repris : {taken}   à compléter : {open}   non pris en charge : {missing}",
)
_LINE: Final = Text("  line {line}: {reason}", "  ligne {line} : {reason}")
_NOTE: Final = Text("  note: {reason}", "  remarque : {reason}")
_SECRET: Final = Text(
    "store this secret first: rouage secrets set {name}",
    "rangez d’abord ce secret : rouage secrets set {name}",
)
_WRONG: Final = Text(
    "  It does not pass `rouage check` yet: {problem}",
    "  Elle ne passe pas encore « rouage check » : {problem}",
)
_NEXT: Final = Text(
    "Next: read {file}, then `rouage try {file}` shows what it would do. When {program} no longer "
    "does it, take `enabled: false` away.",
    "Ensuite : lisez {file}, puis « rouage try {file} » montre ce qu’elle ferait. Quand {program} "
    "ne le fait plus, retirez « enabled: false ».",
)
_SECRETS: Final = re.compile(r"\bsecrets\.([a-z][a-z0-9_]*)")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Made:
    """One recipe that was made, and the file it went to; None when nothing is written."""

    settled: "Settled"
    path: Path | None
    secrets: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Say whether nothing is left to do before it runs as it did."""
        return not self.settled.problems and not self.settled.draft.unfinished()


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take("file", about=_FILE, metavar=parser.say(Text("FILE", "FICHIER")))
    parser.take("--from", about=_FROM, dest="kind", choices=KINDS)
    parser.take("--to", about=_TO, metavar=parser.say(Text("DIR", "DOSSIER")))
    parser.take("--enable", about=_ENABLE, action="store_true")
    parser.take("--dry-run", about=_DRY, action="store_true")


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Write the recipes; 0 when all was taken over, 1 when something is left for a person."""
    from rouage.analysis.importing.recognising import recognise

    source = _source(session, arguments.file)
    imported = recognise(source, _name(session, arguments.file), arguments.kind)
    folder = None if arguments.dry_run else _folder(session, arguments.to)
    for draft in imported.drafts:
        draft.is_asleep = not arguments.enable
    made = _make(session, imported, folder)
    if session.is_json:
        data = {"from": imported.program, "recipes": [_as_json(session, one) for one in made]}
        session.output.data(data)
    else:
        for one in made:
            _report(session, one)
        first = next((one.path for one in made if one.path is not None), None)
        if first is not None:
            session.tell(_NEXT, file=shown_here(session, first), program=imported.program)
    return OK if all(one.is_complete for one in made) else FAILED


def _source(session: Session, name: str) -> bytes:
    """Return the bytes of the file, no more than can be imported.

    Raises:
        UsageError: it cannot be read.
    """
    from rouage.analysis.importing.foreign_yaml import MAX_BYTES

    if name == "-":
        buffer = getattr(session.stdin, "buffer", None)
        if buffer is not None:
            data: bytes = buffer.read(MAX_BYTES + 1)
            return data
        return session.stdin.read(MAX_BYTES + 1).encode()
    path = session.here / Path(name).expanduser()
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(_UNREADABLE, path=name, cause=error.strerror) from error


def _name(session: Session, name: str) -> str:
    return name if name == "-" else str((session.here / Path(name).expanduser()).absolute())


def _folder(session: Session, wish: str | None) -> Path:
    return session.places.recipes if wish is None else session.here / Path(wish).expanduser()


def _make(session: Session, imported: "Imported", folder: Path | None) -> list[_Made]:
    """Check each draft, give up what does not pass, and write it under a name that is free."""
    from rouage.analysis.importing.settling import settle
    from rouage.catalog.discovery import discover
    from rouage.recipes.checker import check

    catalog = discover()
    taken = {} if folder is None else ids_in(folder)
    made = []
    for draft in imported.drafts:
        name = free_name(folder or Path(), str(draft.settings.get("id", draft.name)), taken)
        if "id" in draft.settings:
            draft.settings["id"] = name
        file = f"{name}.yaml"
        settled = settle(
            draft,
            lambda text, file=file: check(text, file=file, catalog=catalog).problems,  # type: ignore[misc]
            session.language,
        )
        path = None if folder is None else folder / file
        if path is not None:
            write_new(path, settled.written.text)
        taken[name] = path or Path(file)
        made.append(_Made(settled=settled, path=path, secrets=_secrets(session, settled)))
    return made


def _secrets(session: Session, settled: "Settled") -> tuple[str, ...]:
    """Return the secrets that the recipe names and the workspace lacks."""
    named = dict.fromkeys(_SECRETS.findall(settled.written.text))
    known: set[str] = set()
    if session.has_workspace():
        from rouage.secrets import SecretStore

        known = set(SecretStore(session.places.secrets).names())
    return tuple(name for name in named if name not in known)


def _line_of(made: _Made, piece: "Piece") -> int:
    return next((span[0] for span in made.settled.written.spans if span[2] is piece), 1)


def _parts(made: _Made) -> tuple[list["Piece"], list["Piece"], list["Piece"]]:
    """Return what was taken over, what is to be finished, and what there is nothing for."""
    pieces = list(made.settled.draft.pieces())
    left = made.settled.draft.unfinished()
    taken = [one for one in pieces if one.entry is not None]
    open_ = [one for one in left if not one.is_unsupported]
    return taken, open_, [one for one in left if one.is_unsupported]


def _advice(made: _Made) -> list[Text]:
    notes = [note for piece in made.settled.draft.pieces() for note in piece.notes]
    stored = [_SECRET.fill(name=name) for name in made.secrets]
    return list(dict.fromkeys([*made.settled.draft.advice, *notes, *stored]))


def _report(session: Session, made: _Made) -> None:
    """Print what became of one recipe."""
    draft = made.settled.draft
    if made.path is None:
        session.output.line(made.settled.written.text)
        file = "–"
    else:
        file = shown_here(session, made.path)
    session.tell(_WRITTEN, file=file, name=draft.name)
    taken, open_, missing = _parts(made)
    session.tell(_COUNT, taken=len(taken), open=len(open_), missing=len(missing))
    for piece in (*open_, *missing):
        reason = session.say(piece.reason or Text("", ""))
        session.tell(_LINE, line=_line_of(made, piece), reason=reason)
    for note in _advice(made):
        session.tell(_NOTE, reason=session.say(note))
    for problem in _problems(session, made):
        session.tell(_WRONG, problem=problem)
    session.tell(Text("", ""))


def _problems(session: Session, made: _Made) -> Sequence[str]:
    from rouage.analysis.render import message_of

    return [
        f"{problem.range.start.line}:{problem.range.start.column} {problem.code} "
        f"{message_of(problem, session.language)}"
        for problem in made.settled.problems
    ]


def _as_json(session: Session, made: _Made) -> dict[str, Any]:
    taken, open_, missing = _parts(made)

    def told(pieces: list["Piece"]) -> list[dict[str, Any]]:
        return [
            {
                "what": piece.about,
                "line": _line_of(made, piece),
                "reason": None if piece.reason is None else session.say(piece.reason),
            }
            for piece in pieces
        ]

    return {
        "name": made.settled.draft.name,
        "file": None if made.path is None else str(made.path),
        "complete": made.is_complete,
        "taken": told(taken),
        "to_finish": told(open_),
        "unsupported": told(missing),
        "notes": [session.say(one) for one in _advice(made)],
        "secrets": list(made.secrets),
        "problems": list(_problems(session, made)),
        "text": made.settled.written.text if made.path is None else None,
    }
