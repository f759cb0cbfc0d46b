"""What one rehearsal is given, and what it comes to."""

from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import datetime, tzinfo
from pathlib import Path

from rouage.catalog.catalog import Catalog
from rouage.flow.services import Mask
from rouage.language import Language, Text
from rouage.model.event import Event, Verdict
from rouage.model.recipe import Recipe
from rouage.model.run import RunRecord
from rouage.model.secret import Secret
from rouage.records import dataclass
from rouage.rehearsal.acting import Acted
from rouage.rehearsal.answers import Answer
from rouage.rehearsal.recalling import Recall
from rouage.sdk.accounts import Accounts, NoAccounts
from rouage.sdk.business import Business
from rouage.sdk.json import JSON

MANUAL = "manual"
"""The trigger of a start by hand."""


def _same(value: JSON) -> JSON:
    return value


@dataclass(frozen=True, kw_only=True, slots=True)
class Surround:
    """Where recipes are rehearsed: what a workspace would give them.

    `reads` admits reading from the disk (`try`); a test reads nothing. `recipes` gives the
    recipes that may be called, by id.
    """

    catalog: Catalog
    workspace: Path
    timezone: tzinfo
    language: Language
    folders: tuple[Path, ...] = ()
    reads: bool = False
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    mask: Mask = _same
    recipes: Callable[[], Mapping[str, Recipe]] = dict
    business: Business = field(default_factory=Business)
    accounts: Accounts = field(default_factory=NoAccounts)
    accounts_told: Callable[[], int] = int
    """How many accounts were given out so far: a result after one may hold a password."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cue:
    """What starts the rehearsal: an event of a trigger at an instant, and what is answered.

    With *agrees*, questions that nobody answered are answered with yes, and events that are
    waited for come as their triggers' samples.
    """

    trigger: str
    data: JSON
    now: datetime
    answers: Mapping[str, tuple[Answer, ...]] = field(default_factory=dict)
    agrees: bool = False
    imagined: frozenset[str] = frozenset()
    """Files that the event tells of and that are not there."""
    event: str | None = None
    """The id of a stored event; what is derived from it comes out as it did then."""
    recall: Recall | None = None
    """What the steps came to then: answers that are found by what a step is given."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Performance:
    """What came of it. `run` is None when the recipe would not start.

    `acted` lists the actions in the order in which they were played; `assumed` what was taken
    for granted; `open` what nobody answered; `unused` the answers that no step asked for.
    """

    event: Event
    verdict: Verdict
    run: RunRecord | None = None
    called: tuple[RunRecord, ...] = ()
    acted: tuple[Acted, ...] = ()
    assumed: tuple[Text, ...] = ()
    unanswered: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
