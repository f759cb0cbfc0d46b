"""A question to a person on the terminal: what is asked, shown, and to be filled in."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rouage.cli.output import one_line
from rouage.cli.session import Session
from rouage.cli.states import local_time
from rouage.language import Text
from rouage.web.fields import kind_of, write_field
from rouage.web.questions import table_rows
from rouage.web.wording import size_of

_UNTIL: Final = Text("until {at}", "jusqu’à {at}")
_WHO: Final = Text("asked of {people}", "demandé à {people}")
_NEED: Final = Text("{need} people must agree", "{need} personnes doivent être d’accord")
_FILE: Final = Text(
    "file {path} ({size}, SHA-256 {digest}…)", "fichier {path} ({size}, SHA-256 {digest}…)"
)
_FIELD: Final = Text("field {name} ({kind}): {value}", "champ {name} ({kind}) : {value}")
_DIGEST_SHOWN: Final = 12


def first_line(text: Any) -> str:
    """Return the first line of a question."""
    lines = str(text or "").strip().splitlines()
    return lines[0] if lines else ""


def question_lines(session: Session, entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield a question as lines for a reader."""
    yield str(entry.get("ask") or "")
    for item in entry.get("show") or ():
        yield from _shown(session, item)
    for name, declared in (entry.get("fields") or {}).items():
        value = declared.get("value") if isinstance(declared, Mapping) else None
        facts = {"name": name, "kind": kind_of(declared), "value": one_line(write_field(value))}
        yield "  " + session.say(_FIELD, **facts)
    if entry.get("deadline"):
        at = local_time(entry["deadline"], session.settings.zone)
        yield "  " + session.say(_UNTIL, at=at)
    if entry.get("from"):
        yield "  " + session.say(_WHO, people=", ".join(map(str, entry["from"])))
    if isinstance(entry.get("need"), int) and entry["need"] > 1:
        yield "  " + session.say(_NEED, need=entry["need"])


def _shown(session: Session, item: Any) -> Iterator[str]:
    if isinstance(item, Mapping) and "path" in item:
        size = size_of(int(item.get("size") or 0), session.language)
        digest = str(item.get("sha256", ""))[:_DIGEST_SHOWN]
        yield "  " + session.say(_FILE, path=item["path"], size=size, digest=digest)
    elif isinstance(item, Mapping) and "table" in item:
        for cells in table_rows(item["table"]):
            yield "  | " + " | ".join(one_line(cell, most=60) for cell in cells)
    else:
        text = item.get("text") if isinstance(item, Mapping) else item
        for line in str(text or "").splitlines():
            yield f"  > {line}"
