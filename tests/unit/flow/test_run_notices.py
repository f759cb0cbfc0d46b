"""Runs that need a decision: one notice for each recipe, told again only when it is news."""

from collections.abc import Coroutine
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from rouage.flow.notices import Notice, Notices
from rouage.flow.run_notices import Doubts
from rouage.language import Text
from tests.clock import ManualClock

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


class World:
    """A journal that says which runs are in doubt, and the list of the owner."""

    def __init__(self) -> None:
        self.runs: list[tuple[str, str]] = []
        self.notices = Notices(ManualClock(NOW), start=self.start, tell=self.tell)
        self.doubts = Doubts(self, self.notices, ManualClock(NOW))  # type: ignore[arg-type] # a small one

    async def list_runs(self, chosen: Any, *, limit: int) -> Any:
        assert chosen.states == {"needs_attention"}
        runs = [SimpleNamespace(id=run, recipe=recipe) for recipe, run in self.runs]
        return SimpleNamespace(runs=tuple(runs[:limit]))

    def start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        work.close()

    async def tell(self, notice: Notice) -> None:
        raise AssertionError

    async def look(self, *runs: tuple[str, str]) -> dict[str, str]:
        """Return what is told of each recipe while *runs* are in doubt."""
        self.runs = list(runs)
        await self.doubts.look()
        return {str(one.recipe): one.text.fr for one in self.notices.open}


@pytest.fixture
def world() -> World:
    return World()


async def test_each_recipe_has_one_notice_that_says_how_many(world: World) -> None:
    told = await world.look(("mails", "r1"), ("orders", "r2"))
    assert "rouage resolve r1 --done" in told["mails"]
    told = await world.look(("mails", "r1"), ("mails", "r3"), ("orders", "r2"))
    assert "2 exécutions de la recette mails" in told["mails"]
    assert "rouage resolve r2" in told["orders"]
    told = await world.look(("mails", "r3"))
    assert list(told) == ["mails"]
    assert "rouage resolve r3" in told["mails"]
    assert await world.look() == {}


async def test_what_the_owner_took_off_the_list_comes_back_only_with_another_run(
    world: World,
) -> None:
    for _ in range(3):
        await world.look(("mails", "r1"))
    (notice,) = world.notices.open
    assert notice.count == 1
    world.notices.forget(notice.key)
    assert await world.look(("mails", "r1")) == {}
    assert list(await world.look(("mails", "r1"), ("mails", "r2"))) == ["mails"]


async def test_other_notices_are_left_alone(world: World) -> None:
    world.notices.raise_("run:mails", "run_failed", Text("no", "non"), recipe="mails")
    assert await world.look() == {"mails": "non"}
