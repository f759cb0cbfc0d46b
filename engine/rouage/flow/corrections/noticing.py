"""Tell which files that steps made were moved, renamed or edited by their owner.

The journal says what was made, and with which content; the disk says what is there. Nothing is
written here: what was noticed is given to `listening`.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from rouage.clock import Clock
from rouage.durable.port import Engine, Product
from rouage.flow.corrections.rows import Correction, digest
from rouage.flow.corrections.search import Identity, Missing, Search, identity_of
from rouage.flow.corrections.templates import LONGEST
from rouage.model.run import StepRecord
from rouage.records import dataclass
from rouage.sdk.json import JSON

_MOST_TRIES: Final = 3
"""A file that is nowhere is looked for so often: most likely it was deleted."""
_MOST_BYTES: Final = LONGEST * 4

Corrected = Mapping[str, Correction]


@dataclass(frozen=True, kw_only=True, slots=True)
class Around:
    """What is known of the world besides the journal.

    `folders` gives the folders that triggers watch, `takers` who moved a file a moment ago;
    `mask` hides secrets. What was touched within `settled_seconds` may still be on its way.
    """

    hidden: Sequence[Path] = ()
    folders: Callable[[], Iterable[str]] = tuple
    takers: Callable[[str], Sequence[str]] = lambda _: ()
    mask: Callable[[JSON], JSON] = lambda value: value
    settled_seconds: float = 2.0


class Noticing:
    """Compares what was made with what is there; remembers what need not be looked at again."""

    def __init__(self, engine: Engine, *, clock: Clock, around: Around) -> None:
        self._engine = engine
        self._clock = clock
        self._around = around
        self._search = Search(hidden=around.hidden)
        self._identities: dict[str, Identity] = {}
        self._tries: dict[str, int] = {}
        self._texts: dict[str, str] = {}
        """Edited texts that were judged already."""

    async def changes(
        self, products: Iterable[Product], known: Corrected
    ) -> tuple[dict[str, Correction], set[str]]:
        """Return the corrections that are new, by key, and the keys of those taken back."""
        made = self._newest(products)
        places = {key: known[key].new if key in known else one.path for key, one in made.items()}
        states = await asyncio.to_thread(_look_at, places)
        self._remember(made, states)
        missing = {key: places[key] for key, state in states.items() if state is None}
        back = {key: made[key].path for key in missing if key in known}
        states_back = await asyncio.to_thread(_look_at, back)
        taken_back = {key for key, state in states_back.items() if state is not None}
        wanted = {key: path for key, path in missing.items() if key not in taken_back}
        fresh = await self._moved(wanted, made, known)
        there = {key: one for key, one in made.items() if states.get(key) is not None}
        edited, edited_back = await self._edited(there, known)
        return {one.key: one for one in (*fresh, *edited)}, taken_back | edited_back

    def _newest(self, products: Iterable[Product]) -> dict[str, Product]:
        """Return what lies at each path by its key: what was written over is nobody's any more.

        What was made in a folder of ours is no business of the owner.
        """
        hidden = tuple(f"{one}/" for one in self._around.hidden)
        by_path: dict[str, Product] = {}
        for one in products:
            # A path that was blanked is none.
            if one.path.startswith("/") and not one.path.startswith(hidden):
                by_path.setdefault(one.path, one)
        return {"c" + digest(one.run, one.step, one.path): one for one in by_path.values()}

    def _remember(self, made: Mapping[str, Product], states: Mapping[str, Identity | None]) -> None:
        """Note which file is which, and let go of those that do not count any more."""
        self._identities |= {key: one for key, one in states.items() if one is not None}
        for memory in (self._identities, self._tries, self._texts):
            for key in [one for one in memory if one not in made]:
                del memory[key]

    # -- moved -----------------------------------------------------------------------------------

    async def _moved(
        self, missing: Mapping[str, str], made: Mapping[str, Product], known: Corrected
    ) -> list[Correction]:
        """Return the corrections of files that lie elsewhere now."""
        wanted = [one for one in self._wanted(missing, made) if not self._around.takers(one.path)]
        if not wanted:
            return []
        for one in wanted:
            self._tries[one.key] = self._tries.get(one.key, 0) + 1
        others = {one.new for one in known.values()}
        found = await asyncio.to_thread(
            self._search.find,
            wanted,
            places=[*self._around.folders(), *(str(Path(one).parent) for one in others)],
            known=frozenset({*others, *(one.path for one in made.values())}),
            before=time.time() - self._around.settled_seconds,
        )
        corrections = [self._correction(made[key], new) for key, new in found.items()]
        return [one for one in corrections if await self._is_wish(one, made[one.key].hash)]

    def _wanted(self, missing: Mapping[str, str], made: Mapping[str, Product]) -> Iterable[Missing]:
        for rank, key in enumerate(reversed(list(made))):
            if key in missing and self._tries.get(key, 0) < _MOST_TRIES:
                yield Missing(
                    key=key,
                    path=missing[key],
                    hash=made[key].hash,
                    made=made[key].made.timestamp(),
                    rank=rank,
                    identity=self._identities.get(key),
                )

    async def _is_wish(self, one: Correction, content: bytes) -> bool:
        """Say whether nobody but the owner can have brought the file to where it is.

        A place that a run read from or wrote to is no wish: an undo brings a file back there,
        and a later recipe moves it on.
        """
        files = await self._engine.list_files(hash=content)
        if any(file.path == one.new for file in files):
            return False
        self._tries.pop(one.key, None)
        return True

    # -- edited ----------------------------------------------------------------------------------

    async def _edited(
        self, there: Mapping[str, Product], known: Corrected
    ) -> tuple[list[Correction], set[str]]:
        """Return the texts that somebody changed, and the keys of those changed back."""
        before = {key: known[key].edited for key in there if key in known}
        suspects = {key: one for key, one in there.items() if before.get(key, "") is not None}
        changed = await asyncio.to_thread(_texts_changed, suspects)
        corrections = []
        for key, text in changed.items():
            if text not in {before.get(key), self._texts.get(key)}:
                self._texts[key] = text
                corrections += await self._edit(there[key], text)
        return corrections, {key for key in before if key in suspects and key not in changed}

    async def _edit(self, product: Product, text: str) -> list[Correction]:
        """Return the correction of a text that one parameter of a step was, and nothing else."""
        run = await self._engine.get_run(product.run)
        steps = () if run is None else run.steps
        step = next((one for one in steps if one.path == product.step), None)
        name = None if step is None else _whole_text(step, product.hash)
        if name is None or self._around.mask(text) != text:
            return []
        return [self._correction(product, product.path, edited=text, parameter=name)]

    def _correction(self, product: Product, new: str, **more: Any) -> Correction:
        return Correction(
            run=product.run,
            recipe=product.recipe,
            step=product.step,
            old=product.path,
            new=new,
            noticed=self._clock.now(),
            **more,
        )


def _look_at(places: Mapping[str, str]) -> dict[str, Identity | None]:
    """Return what lies at each place, by key; what cannot be told is left out."""
    found: dict[str, Identity | None] = {}
    for key, path in places.items():
        try:
            found[key] = identity_of(path)
        except OSError:
            continue
    return found


def _texts_changed(products: Mapping[str, Product]) -> dict[str, str]:
    """Return the short texts that are not what was written, by key; few are ever read."""
    changed: dict[str, str] = {}
    for key, one in products.items():
        try:
            found = Path(one.path).stat(follow_symlinks=False)
            if found.st_size > _MOST_BYTES or found.st_mtime <= one.made.timestamp():
                continue
            content = Path(one.path).read_bytes()
            text = content.decode()
        except (OSError, ValueError):
            continue
        if len(text) <= LONGEST and sha256(content).digest() != one.hash:
            changed[key] = text
    return changed


def _whole_text(step: StepRecord, content: bytes) -> str | None:
    """Return the parameter of a step that was the whole text of the file it made."""
    given = step.parameters if isinstance(step.parameters, dict) else {}
    texts = {name: one for name, one in given.items() if isinstance(one, str)}
    return next((name for name, one in texts.items() if _hash(one) == content), None)


def _hash(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogatepass")).digest()
