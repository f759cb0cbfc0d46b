"""Folders end to end: versions and their runs, what recipes do to each other's files, commands."""

import json

import pytest

FILE = """
name: F
when:
  - folder.file: {path: in, settle: 60ms%s}
do:
%s
"""

COPY = """\
  - shell.run: {command: [sleep, "1"]}
    if: event.file.size == 5
  - files.copy: {source: "${{ event.file.path }}", target: "out/${{ run.id }}"}
"""
SLOW = """\
  - shell.run: {command: [sleep, "0.7"]}
  - files.read: {path: "${{ event.file.path }}"}
"""


@pytest.fixture
def inbox(site):
    folder = site.folder / "in"
    folder.mkdir()
    return folder


async def runs_of(site, recipe, count):
    """Wait until *count* runs of *recipe* are over, and return them, oldest first."""
    ended = await site.ended(recipe, count)
    return sorted(ended, key=lambda run: run.created)


async def known(site, wait_until, recipe="f"):
    """Wait until the trigger of the recipe listens."""

    async def listens():
        _, status = await site.api("GET", "/status")
        states = [one["state"] for one in status["triggers"] if one["recipe"] == recipe]
        return states == ["listening"]

    await wait_until(listens)


async def replace_while_it_runs(site, inbox, wait_until, times=4):
    (inbox / "a.txt").write_text("first")

    async def begun():
        return any(run.state == "running" for run in await site.runs("f"))

    await wait_until(begun)
    for number in range(1, times + 1):
        (inbox / "a.txt").write_text(f"version {number}")

        async def came(wanted=number + 1):
            return len(await site.runs("f")) >= wanted

        await wait_until(came)


async def test_a_file_replaced_during_a_run_makes_one_further_run(site, inbox, wait_until):
    (site.folder / "out").mkdir()
    site.recipe("f", FILE % ("", COPY))
    async with site.running():
        await known(site, wait_until)
        await replace_while_it_runs(site, inbox, wait_until)
        runs = await runs_of(site, "f", 5)
    assert [run.state for run in runs] == ["succeeded", *["skipped"] * 3, "succeeded"]
    assert all("superseded" in run.reason["message"]["en"] for run in runs[1:4])
    assert (site.folder / "out" / runs[4].id).read_text() == "version 4"


async def test_every_version_has_its_run_when_all_are_wanted(site, inbox, wait_until):
    (site.folder / "out").mkdir()
    site.recipe("f", FILE % (", versions: all", COPY))
    async with site.running():
        await known(site, wait_until)
        await replace_while_it_runs(site, inbox, wait_until)
        runs = await runs_of(site, "f", 5)
    assert [run.state for run in runs] == ["succeeded"] * 5
    contents = [(site.folder / "out" / run.id).read_text() for run in runs]
    assert contents == ["first", *[f"version {number}" for number in range(1, 5)]]


async def test_a_file_that_went_before_its_run_ends_it_without_an_error(site, inbox, wait_until):
    site.recipe("f", FILE % ("", SLOW))
    async with site.running():
        await known(site, wait_until)
        (inbox / "first.txt").write_text("first")
        (inbox / "second.txt").write_text("second")

        async def both():
            return len(await site.runs("f")) == 2

        await wait_until(both)
        states = {run.id: run.state for run in await site.runs("f")}
        (queued,) = [run for run, state in states.items() if state == "queued"]
        record = await site.daemon.reader.get_run(queued)
        (inbox / record.event_data["file"]["name"]).unlink()
        runs = {run.id: run for run in await runs_of(site, "f", 2)}
    assert runs[queued].state == "skipped"
    assert "vanished" in runs[queued].reason["message"]["en"]
    assert "disparu" in runs[queued].reason["message"]["fr"]


async def test_what_a_recipe_moves_away_is_no_removal_unless_asked_for(site, inbox, wait_until):
    site.recipe(
        "f", FILE % ("", '  - files.move: {source: "${{ event.file.path }}", target: out/}')
    )
    removed = "name: R\nwhen:\n  - folder.removed: {path: in, settle: 60ms%s}\ndo:\n"
    note = '  - log.write: {message: "${{ event.file.name }}"}\n'
    site.recipe("quiet", removed % "" + note)
    site.recipe("all", removed % ", by_recipes: true" + note)
    (inbox / "kept.txt").write_text("kept")
    async with site.running():
        for recipe in ("f", "quiet", "all"):
            await known(site, wait_until, recipe)
        (inbox / "a.txt").write_text("a" * 10)
        await site.ended("f")
        (run,) = await site.ended("all")
        assert run.event_data["file"]["name"] == "a.txt"
        assert run.event_data["by_recipe"] is True
        (inbox / "kept.txt").unlink()
        (run,) = await site.ended("quiet")
        assert (run.event_data["file"]["name"], run.event_data["by_recipe"]) == ("kept.txt", False)


async def test_files_that_were_there_first_are_processed_by_command(site, inbox, wait_until):
    for number in range(3):
        (inbox / f"{number}.txt").write_text(f"old {number}")
    site.recipe("f", FILE % ("", '  - log.write: {message: "${{ event.file.name }}"}'))
    site.recipe("m", "name: M\nwhen:\n  - manual.start: {}\ndo:\n  - log.write: {message: m}\n")
    async with site.running():
        await known(site, wait_until)
        assert await site.runs("f") == ()
        status, answer = await site.api("POST", "/api/recipes/f/existing", json={})
        assert (status, answer) == (202, {"files": 3})
        runs = await site.ended("f", 3)
        assert {run.event_data["file"]["name"] for run in runs} == {"0.txt", "1.txt", "2.txt"}
        status, answer = await site.api("POST", "/api/recipes/m/existing", json={})
        assert status >= 400
        assert "watches no folder" in json.dumps(answer)
        status, _ = await site.api("POST", "/api/recipes/none/existing", json={})
        assert status >= 400
