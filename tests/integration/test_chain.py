"""Recipes that follow recipes: through events, ends, troubles and files; circles are stopped."""

from typing import Any

from rouage.durable.port import RunOutcome
from rouage.durable.sqlite import open_engine
from rouage.model.event import Event, Verdict
from rouage.model.ids import new_event_id
from rouage.sdk import Connector, Emit, NoParams, Trigger

EMITS = """\
name: Orders
when:
  - manual.start: {}
do:
  - emit: {name: order_paid, data: {number: 1042, by: "${{ inputs.who }}"}}
    id: told
outputs: {listeners: "${{ steps.told.listeners }}"}
inputs:
  who: {type: text, default: Zoé}
"""
HEARS = """\
name: Parcels
when:
  - chain.event: {name: order_paid}
do:
  - set: {n: "${{ event.data.number }}"}
outputs: {number: "${{ vars.n }}", by: "${{ event.data.by }}", from: "${{ event.recipe }}"}
"""


async def verdicts(site: Any, source: str) -> list[Any]:
    found = await site.daemon.reader.find_events(source=source, limit=500)
    return [verdict for event in reversed(found) for verdict in event.verdicts]


async def looped(site: Any, wait_until: Any, source: str) -> Any:
    """Return the verdict that ended the circle."""

    async def ended() -> bool:
        return any(one.outcome == "looped" for one in await verdicts(site, source))

    await wait_until(ended)
    (stopped,) = [one for one in await verdicts(site, source) if one.outcome == "looped"]
    return stopped


async def test_an_emitted_event_reaches_every_recipe_that_listens(site: Any) -> None:
    site.recipe("orders", EMITS)
    site.recipe("parcels", HEARS)
    site.recipe("stock", HEARS)
    async with site.running() as daemon:
        await daemon.start_run("orders")
        (told,) = await site.ended("orders")
        assert told.outputs == {"listeners": 2}
        for name in ("parcels", "stock"):
            (heard,) = await site.ended(name)
            assert heard.outputs == {"number": 1042, "by": "Zoé", "from": "orders"}
            assert heard.trail == ("orders",)


async def test_an_event_that_nobody_listens_to_is_no_fault(site: Any) -> None:
    site.recipe("orders", EMITS)
    async with site.running() as daemon:
        await daemon.start_run("orders")
        (told,) = await site.ended("orders")
        assert (told.state, told.outputs) == ("succeeded", {"listeners": 0})


async def test_a_circle_of_emitted_events_is_stopped_and_named(site: Any, wait_until: Any) -> None:
    for own, other in (("ping", "pong"), ("pong", "ping")):
        site.recipe(
            own,
            f"name: {own}\nwhen:\n  - chain.event: {{name: {own}}}\n"
            f"do:\n  - emit: {{name: {other}}}\n",
        )
    site.recipe("go", "name: Go\nwhen:\n  - manual.start: {}\ndo:\n  - emit: {name: ping}\n")
    async with site.running() as daemon:
        await daemon.start_run("go")
        stopped = await looped(site, wait_until, "ping/trigger_1")
        assert "ping > pong > ping" in stopped.error["message"]["en"]
        assert "ping > pong > ping" in stopped.error["message"]["fr"]
        assert len(await site.ended("ping", 3)) == 3
        assert len(await site.ended("pong", 3)) == 3


FINISHED = """\
name: Follower
when:
  - chain.recipe_finished: {{recipe: {recipe}, states: {states}}}
do:
  - set: {{seen: "${{{{ event.outputs }}}}"}}
outputs:
  run: ${{{{ event.run }}}}
  state: ${{{{ event.state }}}}
  seen: ${{{{ vars.seen }}}}
"""


async def test_the_end_of_a_run_starts_the_recipes_that_follow_it(site: Any) -> None:
    site.recipe("orders", EMITS)
    site.recipe("after", FINISHED.format(recipe="orders", states="[succeeded]"))
    site.recipe("never", FINISHED.format(recipe="orders", states="[failed]"))
    async with site.running() as daemon:
        receipt = await daemon.start_run("orders")
        (run,) = await site.ended("after")
        assert run.outputs == {
            "run": receipt.runs[0], "state": "succeeded", "seen": {"listeners": 0}
        }  # fmt: skip
        assert run.trail == ("orders",)
        assert await site.runs("never") == ()


async def test_a_recipe_that_follows_itself_is_stopped(site: Any, wait_until: Any) -> None:
    site.recipe(
        "selfish",
        "name: S\nwhen:\n  - manual.start: {}\n    id: hand\n"
        "  - chain.recipe_finished: {recipe: selfish}\ndo:\n  - set: {a: 1}\n",
    )
    async with site.running() as daemon:
        await daemon.start_run("selfish")
        stopped = await looped(site, wait_until, "selfish/trigger_2")
        assert "selfish > selfish" in stopped.error["message"]["en"]
        assert len(await site.ended("selfish", 3)) == 3


async def test_ends_that_nobody_heard_of_before_a_crash_are_told_once_after_it(site: Any) -> None:
    site.recipe("orders", EMITS)
    site.recipe("after", FINISHED.format(recipe="orders", states="[succeeded, failed]"))
    async with site.running() as daemon:
        await daemon.start_run("orders")
        await site.ended("after")
    missed = await _end_unheard(site)
    async with site.running():
        runs = await site.ended("after", 2)
        assert runs[0].outputs["run"] == missed
        assert runs[0].outputs["state"] == "failed"
    async with site.running():
        assert len(await site.runs("after")) == 2


async def _end_unheard(site: Any) -> str:
    """End a run of `orders` while nobody listens, as if the daemon had died just after it."""
    engine = open_engine(site.places.journal)

    async def fail(*_: Any) -> RunOutcome:
        return RunOutcome(state="failed", error={"kind": "StepError"})

    digest = await engine.put_definition("orders", b"{}")
    await engine.open(fail)
    now = site.daemon.clock.now()
    event = Event(id=new_event_id(now), source="orders/x", time=now, data={}, key="k")
    verdict = Verdict(recipe="orders", outcome="matched", definition=digest)
    answer = await engine.accept(event, (verdict,))
    await engine.wait_idle()
    await engine.close()
    return answer.runs[0]


async def test_a_recipe_that_calls_itself_is_stopped_and_named(site: Any) -> None:
    site.recipe(
        "deep",
        "name: D\nconcurrency: {mode: parallel}\nwhen:\n  - manual.start: {}\n"
        "do:\n  - call: {recipe: deep}\n",
    )
    async with site.running() as daemon:
        await daemon.start_run("deep")
        runs = await site.ended("deep", 3)
        assert {run.state for run in runs} == {"failed"}
        assert any("deep > deep" in str(run.error) for run in runs)


async def test_a_recipe_is_not_started_by_a_file_that_it_wrote(site: Any, wait_until: Any) -> None:
    folder = site.folder / "files" / "in"
    folder.mkdir(parents=True)
    when = f"when:\n  - folder.file: {{path: {folder}, settle: 100ms}}\n"
    site.recipe(
        "copier",
        f"name: C\n{when}do:\n  - files.copy:\n      source: ${{{{ event.file.path }}}}\n"
        f"      target: {folder}/copy of ${{{{ event.file.name }}}}\n",
    )
    site.recipe("reader", f"name: R\n{when}do:\n  - log.write: {{message: seen}}\n")
    async with site.running():
        (folder / "a.txt").write_text("hello")
        stopped = await looped(site, wait_until, "copier/trigger_1")
        assert "copier > copier" in stopped.error["message"]["en"]
        assert len(await site.ended("copier")) == 1
        runs = await site.ended("reader", 2)
        assert [run.trail for run in runs] == [("copier",), ()]


async def test_a_file_that_a_person_changes_later_starts_the_recipe_again(
    site: Any, wait_until: Any
) -> None:
    folder = site.folder / "files" / "in"
    folder.mkdir(parents=True)
    site.recipe(
        "stamp",
        f"name: S\nwhen:\n  - folder.file: {{path: {folder}, settle: 100ms}}\ndo:\n"
        "  - files.append: {path: '${{ event.file.path }}', text: seen}\n",
    )
    async with site.running():
        (folder / "a.txt").write_text("hello\n")
        await looped(site, wait_until, "stamp/trigger_1")
        (folder / "a.txt").write_text("changed by hand\n")
        assert len(await site.ended("stamp", 2)) == 2


async def test_a_failure_is_told_to_others_but_not_to_the_one_that_failed(
    site: Any, wait_until: Any
) -> None:
    tells = "when:\n  - manual.start: {}\n    id: hand\n  - chain.engine: {on: [run_failed]}\n"
    fails = "do:\n  - stop: {text: no more, result: failed}\n"
    site.recipe("broken", f"name: B\n{tells}{fails}")
    site.recipe(
        "watchman",
        f"name: W\n{tells}do:\n  - log.write: {{message: oh}}\n"
        "outputs: {recipe: '${{ event.recipe }}', error: '${{ event.error.message.en }}'}\n",
    )
    async with site.running() as daemon:
        await daemon.start_run("broken")
        (run,) = await site.ended("watchman")
        assert run.outputs == {"recipe": "broken", "error": "no more"}
        assert run.trail == ("broken",)
        assert len(await site.ended("broken")) == 1


async def test_the_start_and_a_trigger_that_fails_are_told(site: Any, wait_until: Any) -> None:
    connector = Connector("bad", about="Fails.")

    @connector.trigger("bug", sample={})
    class Bug(Trigger[NoParams]):
        async def listen(self, emit: Emit) -> None:
            raise ZeroDivisionError

    site.extra_connectors = [connector]
    site.recipe("bad", "name: B\nwhen:\n  - bad.bug: {}\ndo:\n  - set: {a: 1}\n")
    site.recipe(
        "watchman",
        "name: W\nwhen:\n  - chain.engine: {on: [started, trigger_failed]}\n"
        "do:\n  - set: {a: 1}\noutputs: {kind: '${{ event.kind }}'}\n",
    )
    async with site.running():
        runs = await site.ended("watchman", 2)
        assert {run.outputs["kind"] for run in runs} == {"started", "trigger_failed"}
