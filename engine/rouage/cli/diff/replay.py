"""`rouage diff RECIPE --replay 30d`: what the newer version would have done differently."""

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import replace as with_changes
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from rouage.cli.rehearsing import Work, surround_of, work_of
from rouage.cli.session import FAILED, OK, Session
from rouage.cli.versions import Source
from rouage.errors import RecipeError, UsageError
from rouage.language import Text
from rouage.sdk.quantities import parse_duration

if TYPE_CHECKING:
    from rouage.cli.diff.replay_report import Replayed
    from rouage.model.recipe import Recipe
    from rouage.rehearsal.replaying import Tally

_INTERRUPTED: Final = 130
_PROGRESS_SECONDS: Final = 0.5

_NOT_A_DURATION: Final = Text(
    "“{given}” is no duration, such as 30d or 12h",
    "« {given} » n’est pas une durée, comme 30d ou 12h",
)
_SO_FAR: Final = Text("{count} events so far…", "{count} événements pour l’instant…")


def replay(
    session: Session, recipe: str, pair: tuple[Source, Source], *, past: str, shows_all: bool
) -> int:
    """Print what differs: 0 nothing, 1 something, or something that nobody can tell.

    Raises:
        UsageError: *past* is no duration.
        RecipeError: one of the two texts is no recipe here.
    """
    from rouage.cli.diff.replay_report import report

    replayed = play(session, recipe, pair, past=past, shows_all=shows_all)
    report(replayed)
    if not replayed.is_whole:
        return _INTERRUPTED
    return FAILED if replayed.tally.differs or replayed.tally.unknown else OK


def play(
    session: Session, recipe: str, pair: tuple[Source, Source], *, past: str, shows_all: bool
) -> "Replayed":
    """Return what differs, for whoever tells it.

    Raises:
        UsageError: *past* is no duration.
        RecipeError: one of the two texts is no recipe here.
    """
    from rouage.cli.diff.replay_report import Replayed
    from rouage.rehearsal.replaying import Tally

    until = datetime.now(UTC)
    since = until - _duration(past)
    work = work_of(session, session.places.recipes / f"{recipe}.yaml")
    secrets = _secrets(work)
    old, new = (_recipe(work, recipe, one, secrets) for one in pair)
    tally = Tally()
    is_whole = _look(work, old, new, tally, since=since, until=until, secrets=secrets)
    return Replayed(
        work=work,
        recipe=recipe,
        labels=(pair[0].label, pair[1].label),
        tally=tally,
        since=since,
        is_whole=is_whole,
        shows_all=shows_all,
    )


def _look(
    work: Work,
    old: "Recipe",
    new: "Recipe",
    tally: "Tally",
    *,
    since: datetime,
    until: datetime,
    secrets: Mapping[str, Any],
) -> bool:
    """Show every event to both versions; False when the reader had enough before the end."""
    from rouage.durable.sqlite.stored import stored_events
    from rouage.rehearsal.replaying import Replay, replay, sources_of
    from rouage.rehearsal.sealed import sealed

    # A test's stage: what was read then is in the journal, and the disk of today is not asked.
    shown = Replay(old, new, surround_of(work, reads=False, secrets=secrets))
    progress = _Progress(work.session)

    past = stored_events(
        work.settings.places.journal, old.id, sources_of(old, new), since=since, until=until
    )

    async def look() -> None:
        try:
            async for _ in replay(past, shown, tally):
                progress.tell(tally.replayed)
        finally:
            await shown.close()

    try:
        with sealed():
            asyncio.run(look())
    except (KeyboardInterrupt, asyncio.CancelledError):
        return False
    finally:
        past.close()
        progress.clear()
    return True


def _duration(text: str) -> timedelta:
    try:
        return timedelta(seconds=parse_duration(text))
    except (ValueError, OverflowError) as error:
        raise UsageError(_NOT_A_DURATION, given=text[:40]) from error


def _recipe(work: Work, identity: str, source: Source, secrets: Mapping[str, Any]) -> "Recipe":
    from rouage.recipes.checker import check

    checked = check(
        source.text,
        file=f"{identity}.yaml",
        catalog=work.catalog,
        recipe_id=identity,
        known_secrets=set(secrets),
        input_values=work.inputs,
    )
    if checked.recipe is None:
        raise RecipeError([with_changes(one, file=source.label) for one in checked.problems])
    return checked.recipe


def _secrets(work: Work) -> dict[str, Any]:
    from rouage.secrets import SecretStore
    from rouage.vault import LiveSecrets

    return dict(LiveSecrets(SecretStore(work.settings.places.secrets)).current())


class _Progress:
    """Tells on a terminal how far it is, on one line that goes away again."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._is_wanted = sys.stderr.isatty() and not session.is_json
        self._last = monotonic()
        self._is_shown = False

    def tell(self, count: int) -> None:
        """Say how many events were seen, at most twice a second."""
        now = monotonic()
        if self._is_wanted and now - self._last >= _PROGRESS_SECONDS:
            self._last, self._is_shown = now, True
            text = self._session.say(_SO_FAR, count=count)
            sys.stderr.write(f"\r{text}")
            sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self._is_shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
