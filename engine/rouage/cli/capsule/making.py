"""Put together what goes into a capsule, and try whether it plays under other names."""

import asyncio
import json
import random
import secrets
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from rouage.cli.journal import ask, find_run
from rouage.cli.rehearsing import Work, surround_of, work_of
from rouage.cli.session import Session
from rouage.errors import RouageError, WorkspaceError
from rouage.language import Text
from rouage.model.run import FINAL_STATES, RunRecord
from rouage.records import dataclass
from rouage.rerun import check_whole

if TYPE_CHECKING:
    from rouage.durable.port import DefinitionRecord, Reader
    from rouage.rehearsal.capsule import Subject

_NOT_OVER: Final = Text(
    "the run {run} is not over: pack it when it is",
    "l’exécution {run} n’est pas finie : emballez-la ensuite",
)
_NO_VERSION: Final = Text(
    "the text of the recipe that the run used is not in the journal any more",
    "le texte de la recette que l’exécution a suivie n’est plus dans le journal",
)
_LEAST, _MOST = 0.6, 1.7
"""Amounts are multiplied by a number between these two, which nobody is told."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """What is to be encrypted, and how true it is: amounts are others, and it plays."""

    data: dict[str, Any]
    is_scaled: bool
    plays: bool

    def remember(self, session: Session) -> None:
        """Keep what proves that an answer is one to this capsule."""
        folder = session.places.state / "capsules"
        folder.mkdir(mode=0o700, exist_ok=True)
        recipe = self.data["recipe"]
        kept = {
            "recipe": recipe["id"],
            "file": recipe["file"],
            "reply_key": self.data["reply_key"],
            "run": self.data["run"]["id"],
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        path = folder / f"{self.data['id']}.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(kept), encoding="utf-8")


def make(session: Session, wish: str) -> Made:
    """Return the capsule of the run that *wish* names.

    Raises:
        WorkspaceError: there is no such run, it is not over, or its version is unknown.
    """
    from rouage.rehearsal.capsule import contents, kept_words
    from rouage.rehearsal.pseudonyms import Pseudonyms

    record, definition, versions = ask(session, lambda reader: _find(reader, wish))
    if record.state not in FINAL_STATES:
        raise WorkspaceError(_NOT_OVER, run=record.id)
    check_whole(record.blanked, record.recipe)
    version = next((one for one in versions if one.hash == record.definition), None)
    if definition is None or version is None or version.source is None:
        raise WorkspaceError(_NO_VERSION)
    file = Path(version.file or f"{record.recipe}.yaml").name
    work = work_of(session, session.places.recipes / file)
    subject = _subject(work, record, definition, version.source.decode(), file)
    words, key = kept_words(subject), secrets.token_bytes(32)
    chosen, is_scaled, plays = Pseudonyms(key, words), False, False
    for factor in (random.SystemRandom().uniform(_LEAST, _MOST), 1.0):
        aliases = Pseudonyms(key, words, factor=factor)
        if _plays(work, subject, aliases):
            chosen, is_scaled, plays = aliases, factor != 1.0, True
            break
    data = contents(subject, chosen)
    data |= {"id": secrets.token_hex(8), "reply_key": secrets.token_hex(32)}
    return Made(data=session.mask(data), is_scaled=is_scaled, plays=plays)


async def _find(
    reader: "Reader", wish: str
) -> "tuple[RunRecord, bytes | None, tuple[DefinitionRecord, ...]]":
    record = await find_run(reader, wish)
    definition = await reader.get_definition(record.definition)
    return record, definition, await reader.list_definitions(record.recipe)


def _subject(work: Work, record: RunRecord, definition: bytes, text: str, file: str) -> "Subject":
    from rouage.recipes.definition import parse
    from rouage.rehearsal.capsule import Subject
    from rouage.rehearsal.keeping import Kept

    recipe = parse(definition)
    zone = ZoneInfo(recipe.timezone) if recipe.timezone else work.settings.zone
    kept = Kept(
        run=record,
        recipe=recipe,
        catalog=work.catalog,
        workspace=work.settings.workspace,
        zone=zone,
        language=work.session.language,
    )
    case: dict[str, Any] = {**kept.case(record.id), "timezone": str(zone)}
    inputs = work.inputs.get(recipe.id)
    if inputs:
        case = {**case, "inputs": dict(inputs)}
    return Subject(
        run=record,
        recipe=recipe,
        text=text,
        file=file,
        case=work.session.mask(case),
        catalog=work.catalog,
        timezone=str(work.settings.zone),
        language=work.session.language,
    )


def _plays(work: Work, subject: "Subject", aliases: Any) -> bool:
    """Say whether the run plays to the same end under aliases."""
    from rouage.recipes.checker import check
    from rouage.rehearsal.capsule import case_of
    from rouage.rehearsal.cases import read_cases
    from rouage.rehearsal.playing import play
    from rouage.rehearsal.sealed import sealed
    from rouage.rehearsal.writing import item

    told: Any = case_of(subject.case, aliases)
    cases, problems = read_cases(
        ("cases:\n" + item(told, 2)).encode(), file=subject.file, known=None
    )
    checked = check(
        subject.text.encode(),
        file=subject.file,
        catalog=work.catalog,
        recipe_id=subject.recipe.id,
        input_values={subject.recipe.id: told.get("inputs", {})},
    )
    if problems or checked.recipe is None:
        return False
    surround = surround_of(work, reads=False, secrets={})
    # Elsewhere there are neither our folders nor our other recipes.
    surround = replace(surround, folders=(), recipes=dict)
    try:
        with sealed():
            played = asyncio.run(play(cases[0], checked.recipe, surround, load=_no_file))
    except RouageError:
        return False
    return played.has_passed


def _no_file(name: str) -> Any:
    raise WorkspaceError(Text("{name} is not here", "{name} n’est pas ici"), name=name)
