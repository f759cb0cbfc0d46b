"""The product against a small model of it: send, tick, kill, restart, edit, approve, jump, fail.

Hypothesis invents sequences of what the world can do to a workspace with one recipe that
uses loops, branches, waits and approvals. The model is the dictionary `orders` and a few
rules; after each move the journal is held against it.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from rouage.durable.port import Accepted, Duplicate, Recorded
from rouage.errors import JournalError
from rouage.model.run import FINAL_STATES
from tests.model.world import World

pytestmark = pytest.mark.slow

KEYS = st.sampled_from(["A", "B", "C", "D"])
TURNS = 400
"""Turns of the loop after each move: more than any run here needs to come to rest."""

SETTLED = {"done", "failed", "skipped"}


@dataclass
class Order:
    """What the model knows of one accepted order."""

    run: str
    version: int
    accepted_at: Any
    answer: str | None = None
    results: dict[str, Any] = field(default_factory=dict)


class Machine(RuleBasedStateMachine):
    """One workspace through its troubles."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.world = World()
        self.orders: dict[str, Order] = {}
        self.version = 1
        self.is_broken = False
        self.kills = 0
        self.set_back = 0
        """By how many seconds the clock was set back: so much later may a wait end (R8)."""
        self._run(self.world.start(self.version))

    def teardown(self) -> None:
        """Mend everything, let all time pass, and expect every order to be settled."""
        self.mend()
        for order in self.orders.values():
            if order.answer is None:
                self._answer(order, "approve")
        for _ in range(4):
            self._advance(7200 + self.set_back)
        for key, order in self.orders.items():
            run = self._run(self.world.engine.get_run(order.run))
            expected = "cancelled" if order.answer == "refuse" else "succeeded"
            assert run.state == expected, (key, run.state, run.error, run.reason)
            said = self.world.said(key)
            packed = [text for text in said if text.startswith("pack")]
            assert sorted(set(packed)) == [f"pack {key} {n} v{order.version}" for n in (1, 2, 3)]
            sent = [text for text in said if text.startswith("send")]
            assert set(sent) == (
                {f"send {key} v{order.version}"} if expected == "succeeded" else set()
            )
            assert f"bye {key}" in said
        self._run(self.world.stop())
        self.loop.close()

    # -- moves -------------------------------------------------------------------------------

    @rule(key=KEYS)
    def send(self, key: str) -> None:
        """An order arrives, perhaps again."""
        try:
            answer = self._run(self.world.send(key))
        except JournalError:
            assert self.is_broken
            return
        assert not self.is_broken
        if key in self.orders:
            assert isinstance(answer, Duplicate)
        else:
            assert isinstance(answer, Accepted)
            (run,) = answer.runs
            self.orders[key] = Order(run, self.version, self.world.clock.now())

    @precondition(lambda self: self.orders and not self.is_broken)
    @rule(data=st.data(), choice=st.sampled_from(["approve", "refuse"]))
    def answer(self, data: Any, choice: str) -> None:
        """The owner answers a question, also one that was answered or not asked yet."""
        order = self.orders[data.draw(st.sampled_from(sorted(self.orders)))]
        self._answer(order, choice)

    @rule(seconds=st.sampled_from([0, 1, 59, 3599, 3600, 7200]))
    def tick(self, seconds: int) -> None:
        """Time passes."""
        self._advance(seconds)

    @rule(seconds=st.sampled_from([-86400, -3600, 3600, 86400]))
    def jump(self, seconds: int) -> None:
        """Somebody sets the clock; the machine notices within its next look."""
        self.set_back += max(0, -seconds)
        self.world.clock.jump(seconds)
        self._advance(6)

    @rule()
    def kill(self) -> None:
        """The process dies; what was not committed is gone."""
        self.kills += 1
        self._run(self.world.kill())
        self.is_broken = False
        self._run(self.world.start(self.version))

    @precondition(lambda self: not self.is_broken)
    @rule()
    def restart(self) -> None:
        """The daemon is stopped and started."""
        self._run(self.world.stop())
        self._run(self.world.start(self.version))

    @precondition(lambda self: not self.is_broken)
    @rule()
    def edit(self) -> None:
        """The owner saves a new version of the recipe; runs keep theirs."""
        self.version += 1
        self._run(self.world.edit(self.version))

    @rule()
    def fill_disk(self) -> None:
        """Nothing can be written any more."""
        self.is_broken = True
        self.world.journal.break_down()

    @precondition(lambda self: self.is_broken)
    @rule()
    def mend(self) -> None:
        """There is space again."""
        if self.is_broken:
            self.is_broken = False
            self.world.journal.mend()
            self._settle()

    # -- what always holds -------------------------------------------------------------------

    @invariant()
    def every_order_has_its_run(self) -> None:
        """An acknowledged order is a run that is over or visibly open, one and only one."""
        runs = self._run(self.world.all_runs())
        assert len({run.event for run in runs}) == len(runs)
        known = {run.id for run in runs}
        assert {order.run for order in self.orders.values()} <= known

    @invariant()
    def no_recorded_result_changes(self) -> None:
        """What was recorded once reads the same for ever."""
        for key, order in self.orders.items():
            run = self._run(self.world.engine.get_run(order.run))
            assert run is not None, key
            now = {step.path: step.result for step in run.steps if step.state in SETTLED}
            for path, result in order.results.items():
                assert now.get(path) == result, (key, path)
            order.results = now

    @invariant()
    def nothing_is_sent_without_a_yes(self) -> None:
        """The clock never approves."""
        for key, order in self.orders.items():
            if order.answer != "approve":
                assert not [text for text in self.world.said(key) if text.startswith("send")]

    @invariant()
    def effects_are_not_repeated_without_a_crash(self) -> None:
        """Without a kill no effect happens twice."""
        if self.kills == 0:
            assert len(set(self.world.effects)) == len(self.world.effects)

    # -- the machinery -----------------------------------------------------------------------

    def _answer(self, order: Order, choice: str) -> None:
        run = self._run(self.world.engine.get_run(order.run))
        assert run is not None
        outcome = self._run(self.world.answer(order.run, choice))
        if isinstance(outcome, Recorded) and order.answer is None:
            assert run.state not in FINAL_STATES
            order.answer = choice

    def _advance(self, seconds: int) -> None:
        self.world.clock.advance(seconds)
        self._settle()

    def _settle(self) -> None:
        self._run(_turns(TURNS))

    def _run(self, work: Any) -> Any:
        return self.loop.run_until_complete(_then_settle(work))


async def _turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def _then_settle(work: Any) -> Any:
    result = await work
    await _turns(TURNS // 4)
    return result


def test_the_product_agrees_with_its_model() -> None:
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=60,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
