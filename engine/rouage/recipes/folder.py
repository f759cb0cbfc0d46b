"""A folder of recipes: load, reload what changed, keep the last good version running.

`scan` is synchronous and pure but for reading the folder; the daemon decides when to call it
and brings the changes into force. One bad file never stops the others.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any, Final, Literal

from rouage.catalog.catalog import Catalog
from rouage.language import Language, Text
from rouage.model.recipe import Recipe
from rouage.problem import Problem
from rouage.recipes.calling import Call, missing_recipes
from rouage.recipes.checker import Checked, check
from rouage.recipes.definition import parse
from rouage.recipes.listing import Listing, Signature, is_recipe_file, list_recipes
from rouage.recipes.reader import MAX_BYTES
from rouage.recipes.same_id import refuse_second, wanted_id
from rouage.records import dataclass

__all__ = ["Change", "RecipeFile", "RecipeFolder", "is_recipe_file"]

State = Literal["active", "last_good", "invalid", "disabled"]

GRACE_SECONDS: Final = 5.0
SETTLE_SECONDS: Final = 0.2

_STATES: Final[Mapping[State, Text]] = {
    "active": Text("active", "active"),
    "last_good": Text(
        "changed but invalid; the last good version is active",
        "modifiée mais invalide ; la dernière bonne version reste active",
    ),
    "invalid": Text("invalid, not active", "invalide, inactive"),
    "disabled": Text("switched off", "désactivée"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What the daemon has to do: run *recipe* under this id, or stop it when None.

    `accepted` is a version to keep as the newest good one, also when it is not to run
    (`enabled: false`), so that a bad save after a restart does not bring back an older one;
    `source` is its text.
    """

    recipe_id: str
    recipe: Recipe | None
    state: State
    file: str
    accepted: Recipe | None = None
    source: bytes | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RecipeFile:
    """How one file is: `recipe` is the version in force, `problems` those of the present text."""

    file: str
    recipe_id: str
    state: State
    recipe: Recipe | None
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class _Seen:
    """What is remembered of one file between scans."""

    signature: Signature | None = None
    first_seen: float = 0.0
    is_settled: bool = False
    digest: str = ""
    known: RecipeFile | None = None
    missing_since: float | None = None
    is_stale: bool = field(default=False)
    calls: tuple[Call, ...] = ()


class RecipeFolder:
    """The recipes below *folder*.

    *known_secrets* names the secrets that exist (or is called for them at each scan);
    *last_definition* gives the newest accepted version of a recipe, from the journal.
    With `on_invalid="stop"` a bad save stops its recipe instead of keeping the last good one.
    """

    def __init__(
        self,
        folder: Path,
        catalog: Catalog,
        *,
        known_secrets: Callable[[], Collection[str]] | Collection[str] | None = None,
        input_values: Mapping[str, Mapping[str, Any]] | None = None,
        last_definition: Callable[[str], bytes | None] | None = None,
        on_invalid: Literal["keep", "stop"] = "keep",
        grace_seconds: float = GRACE_SECONDS,
        settle_seconds: float = SETTLE_SECONDS,
    ) -> None:
        self._folder = folder
        self._catalog = catalog
        self._known_secrets = known_secrets
        self._input_values = input_values or {}
        self._last_definition = last_definition
        self._on_invalid = on_invalid
        self._grace_seconds = grace_seconds
        self._settle_seconds = settle_seconds
        self._seen: dict[str, _Seen] = {}
        self._owners: dict[str, str] = {}
        self._secrets: frozenset[str] | None = None
        self._has_scanned = False
        self._at_rest: Listing | None = None

    @property
    def files(self) -> tuple[RecipeFile, ...]:
        """Return how each file is, by name."""
        found = [(seen.known, seen.calls) for _, seen in sorted(self._seen.items())]
        return tuple(self._with_calls(file, calls) for file, calls in found if file is not None)

    def _with_calls(self, file: RecipeFile, calls: tuple[Call, ...]) -> RecipeFile:
        missing = missing_recipes(calls, self._owners, file.file) if calls else ()
        return replace(file, problems=(*file.problems, *missing)) if missing else file

    def status(self, language: Language) -> list[dict[str, Any]]:
        """Return how each recipe is, as JSON for people and tools."""
        return [
            {
                "id": one.recipe_id,
                "name": one.recipe.name if one.recipe is not None else None,
                "file": one.file,
                "state": one.state,
                "message": _STATES[one.state].render(language),
                "hash": one.recipe.hash if one.recipe is not None else None,
                "problems": len(one.problems),
            }
            for one in self.files
        ]

    def scan(self, now: float) -> list[Change]:
        """Read what changed and return what follows from it; *now* are monotonic seconds."""
        changes: list[Change] = []
        self._refresh_secrets()
        is_stale = any(seen.is_stale for seen in self._seen.values())
        if self._at_rest is not None and not is_stale and self._at_rest.still_holds():
            return changes
        listing = list_recipes(self._folder)
        present = listing.files
        if self._at_rest is not None and not is_stale and present == self._at_rest.files:
            self._at_rest = listing
            return changes
        for name, seen in list(self._seen.items()):
            if name not in present and seen.missing_since is None:
                seen.missing_since = now
        for name in sorted(present):
            changes += self._look(name, present[name], now)
        for name, seen in list(self._seen.items()):
            if seen.missing_since is not None and (
                now - seen.missing_since >= self._grace_seconds or seen.known is None
            ):
                changes += self._forget(name)
        changes += self._look_again(present)
        self._has_scanned = True
        self._at_rest = listing if not changes and self._is_at_rest() else None
        return changes

    @property
    def is_at_rest(self) -> bool:
        """Say whether nothing is under way: no file is being written, none has just gone."""
        return self._at_rest is not None

    def _is_at_rest(self) -> bool:
        """Say whether a folder that looks the same at the next scan needs no second look."""
        return all(
            seen.is_settled and seen.missing_since is None and not seen.is_stale
            for seen in self._seen.values()
        )

    # -- reading -----------------------------------------------------------------------------

    def _refresh_secrets(self) -> None:
        known = self._known_secrets
        names = known() if callable(known) else known
        secrets = None if names is None else frozenset(names)
        if self._has_scanned and secrets != self._secrets:
            for seen in self._seen.values():
                seen.is_stale = True
        self._secrets = secrets

    def _look(self, name: str, signature: Signature, now: float) -> list[Change]:
        """Read the file *name* if it changed and has come to rest."""
        seen = self._seen.setdefault(name, _Seen())
        seen.missing_since = None
        if signature != seen.signature:
            seen.signature, seen.first_seen, seen.is_settled = signature, now, False
        # What was read may have changed within the same tick of the file system's clock, so
        # a new signature is read once more after it has settled.
        if seen.is_settled and not seen.is_stale:
            return []
        has_rested = now - seen.first_seen >= self._settle_seconds
        if not has_rested and self._has_scanned:
            return []
        seen.is_settled = has_rested and now > seen.first_seen
        return self._read(name, seen)

    def _read(self, name: str, seen: _Seen) -> list[Change]:
        source = self._bytes(name)
        if source is None:
            return []
        digest = hashlib.sha256(source).hexdigest()
        if digest == seen.digest and not seen.is_stale:
            return []
        seen.digest, seen.is_stale = digest, False
        return self._judge(name, seen, source)

    def _bytes(self, name: str) -> bytes | None:
        try:
            with (self._folder / name).open("rb") as file:
                # One byte more than allowed is enough to be refused for its size.
                return file.read(MAX_BYTES + 1)
        except OSError:
            return None

    # -- judging -----------------------------------------------------------------------------

    def _check(self, name: str, source: bytes) -> Checked:
        return check(
            source,
            file=name,
            catalog=self._catalog,
            known_secrets=self._secrets,
            input_values=self._input_values,
        )

    def _judge(self, name: str, seen: _Seen, source: bytes) -> list[Change]:
        """Decide what the new text of a file means."""
        checked = self._check(name, source)
        seen.calls = checked.calls
        owner = self._owners.get(checked.recipe_id)
        if owner is not None and owner != name and not self._is_gone(owner):
            checked = refuse_second(checked, source, name=name, owner=owner)
        if checked.recipe is None:
            return self._keep_last_good(name, seen, checked)
        return self._accept(name, seen, checked.recipe, checked, source)

    def _is_gone(self, name: str) -> bool:
        seen = self._seen.get(name)
        return seen is None or seen.missing_since is not None

    def _accept(
        self, name: str, seen: _Seen, recipe: Recipe, checked: Checked, source: bytes
    ) -> list[Change]:
        state: State = "active" if recipe.enabled else "disabled"
        changes = self._release(name, seen, keep=recipe.id)
        before = self._in_force(recipe.id)
        self._claim(name, recipe.id)
        seen.known = RecipeFile(
            file=name,
            recipe_id=recipe.id,
            state=state,
            recipe=recipe,
            problems=checked.problems,
        )
        if before is not None and before.hash == recipe.hash:
            return changes
        runs = recipe if recipe.enabled else None
        change = Change(
            recipe_id=recipe.id, recipe=runs, state=state, file=name, accepted=recipe, source=source
        )
        return [*changes, change]

    def _in_force(self, recipe_id: str) -> Recipe | None:
        owner = self._owners.get(recipe_id)
        seen = self._seen.get(owner) if owner is not None else None
        return seen.known.recipe if seen is not None and seen.known is not None else None

    def _claim(self, name: str, recipe_id: str) -> None:
        """Make *name* the file of the recipe; a file it was renamed from is forgotten."""
        owner = self._owners.get(recipe_id)
        if owner is not None and owner != name:
            self._seen.pop(owner, None)
        self._owners[recipe_id] = name

    def _release(self, name: str, seen: _Seen, *, keep: str) -> list[Change]:
        """Stop the recipe that the file held before, when its id is another one now."""
        before = seen.known
        if before is None or before.recipe_id == keep or self._owners.get(before.recipe_id) != name:
            return []
        del self._owners[before.recipe_id]
        if before.recipe is None:
            return []
        return [Change(recipe_id=before.recipe_id, recipe=None, state=before.state, file=name)]

    def _keep_last_good(self, name: str, seen: _Seen, checked: Checked) -> list[Change]:
        """Leave the version in force as it is, or take the one in the journal at a start."""
        before = seen.known
        recipe = before.recipe if before is not None else self._restored(name, checked)
        recipe_id = recipe.id if recipe is not None else checked.recipe_id
        if recipe is None or self._on_invalid == "stop":
            changes = self._release(name, seen, keep="")
            state: State = "invalid"
            recipe = None
        else:
            state = "last_good" if recipe.enabled else "disabled"
            changes = []
            if before is None:
                self._claim(name, recipe_id)
                runs = recipe if recipe.enabled else None
                changes = [Change(recipe_id=recipe_id, recipe=runs, state=state, file=name)]
        seen.known = RecipeFile(
            file=name,
            recipe_id=recipe_id,
            state=state,
            recipe=recipe,
            problems=checked.problems,
        )
        return changes

    def _restored(self, name: str, checked: Checked) -> Recipe | None:
        owner = self._owners.get(checked.recipe_id)
        if self._last_definition is None or (owner is not None and owner != name):
            return None
        definition = self._last_definition(checked.recipe_id)
        return None if definition is None else parse(definition)

    def _forget(self, name: str) -> list[Change]:
        """Stop the recipe of a file that is gone for longer than a rename takes."""
        seen = self._seen.pop(name)
        return self._release(name, seen, keep="")

    def _look_again(self, present: Mapping[str, Signature]) -> list[Change]:
        """Judge again the files whose id was taken by a file that let it go."""
        changes: list[Change] = []
        for name, seen in list(self._seen.items()):
            known = seen.known
            wanted = None if known is None else wanted_id(known.problems)
            if name in present and wanted is not None and wanted not in self._owners:
                source = self._bytes(name)
                if source is not None:
                    changes += self._judge(name, seen, source)
        return changes
