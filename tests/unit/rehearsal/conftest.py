"""A rehearsal of a recipe written as text, over all that is installed and a canary."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from rouage.catalog.catalog import Catalog
from rouage.catalog.discovery import discover
from rouage.recipes.checker import check
from rouage.rehearsal.answers import read_answers
from rouage.rehearsal.scene import Cue, Performance, Surround
from rouage.rehearsal.stage import rehearse
from rouage.sdk import JSON, Connector, Context, param, params

MORNING = datetime(2026, 9, 14, 6, 30, tzinfo=UTC)


@params
class Song:
    """What to sing."""

    text: str = param("Text.", default="tweet")


class Canary:
    """A connector whose actions sing when they are really called."""

    def __init__(self) -> None:
        self.sang: list[str] = []
        self.connector = Connector("canary", about="Sings when it is called.")
        for effect in ("none", "local", "outward", "irreversible"):
            self._add(effect)

    def _add(self, effect: Any) -> None:
        async def sing(params: Song, context: Context) -> JSON:
            self.sang.append(f"{context.step} {params.text}")
            return {}

        shape = {"type": "object", "properties": {"text": {"type": "string"}}}
        self.connector.action(effect, effect=effect, simulate=sing, result=shape)(sing)


@pytest.fixture
def canary() -> Canary:
    return Canary()


@pytest.fixture
def catalog(canary: Canary) -> Catalog:
    return Catalog([*discover().installed, canary.connector])


Rehearse = Callable[..., Awaitable[Performance]]


@pytest.fixture
def rehearsed(catalog: Catalog, tmp_path: Path) -> Rehearse:
    """Return what rehearses recipes: the first one, the others may be called."""

    def load(name: str, text: str) -> Any:
        checked = check(text.encode(), file=f"{name}.yaml", catalog=catalog, recipe_id=name)
        assert checked.recipe is not None, [(p.code, p.facts) for p in checked.problems]
        return checked.recipe

    async def play(
        text: str,
        data: JSON = None,
        *,
        answers: dict[str, JSON] | None = None,
        others: dict[str, str] | None = None,
        reads: bool = False,
        agrees: bool = False,
        **more: Any,
    ) -> Performance:
        recipe = load("r", text)
        surround = Surround(
            catalog=catalog,
            workspace=tmp_path,
            timezone=ZoneInfo("Europe/Paris"),
            language="en",
            reads=reads,
            recipes=lambda: {name: load(name, one) for name, one in (others or {}).items()},
            **more,
        )
        cue = Cue(
            trigger=recipe.triggers[0].id if recipe.triggers else "manual",
            data={} if data is None else data,
            now=MORNING,
            answers={name: read_answers(one) for name, one in (answers or {}).items()},
            agrees=agrees,
        )
        return await rehearse(recipe, cue, surround)

    return play
