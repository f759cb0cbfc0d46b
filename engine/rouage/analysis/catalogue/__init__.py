"""Every message of a problem by its code, in English and French (authoring M1, M2).

1xx text of the file, 2xx shape, 3xx references, 4xx expressions, 5xx values, 6xx connectors and
secrets, 7xx warnings. The sentences of expressions live beside the evaluator, which says them
at run time too.
"""

from collections.abc import Mapping
from typing import Final

from rouage.analysis.catalogue.entry import Entry
from rouage.analysis.catalogue.meaning import CONNECTORS, REFERENCES, VALUES
from rouage.analysis.catalogue.structure import STRUCTURE
from rouage.analysis.catalogue.warning import WARNINGS
from rouage.analysis.catalogue.words import ENGINE_WORDS
from rouage.analysis.catalogue.yaml_text import YAML_TEXT
from rouage.expressions.messages import MESSAGES
from rouage.language import Text

_UNKNOWN: Final = Entry(
    message=Text("problem {code}", "problème {code}"),
    remedy=Text("update Rouage", "mettez Rouage à jour"),
)


def _expressions() -> Mapping[str, Entry]:
    entries = {}
    for code, message in MESSAGES.items():
        bad, _, good = message.example.partition("->")
        entries[code] = Entry(
            message=message.text,
            why=message.why,
            remedy=message.fix,
            bad=bad.strip(),
            good=good.strip(),
        )
    return entries


ENTRIES: Final[Mapping[str, Entry]] = {
    **YAML_TEXT,
    **STRUCTURE,
    **ENGINE_WORDS,
    **REFERENCES,
    **_expressions(),
    **VALUES,
    **CONNECTORS,
    **WARNINGS,
}


def entry_of(code: str) -> Entry:
    """Return the messages of *code*; a code of a newer version gets a plain sentence."""
    return ENTRIES.get(code, _UNKNOWN)


__all__ = ["ENTRIES", "Entry", "entry_of"]
