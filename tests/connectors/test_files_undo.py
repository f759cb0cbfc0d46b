"""What the inverse of an action on files tells: the same, at hand or looked up, and undone."""

import pytest

from rouage.safety.world import World
from rouage.sdk.testing import run_action
from rouage_connectors.files import connector

ACTIONS = {
    "files.move": {"source": "a.txt", "target": "out/"},
    "files.copy": {"source": "a.txt", "target": "out/"},
    "files.rename": {"path": "a.txt", "name": "b.txt"},
    "files.write": {"path": "out/c.txt", "text": "new"},
    "files.delete": {"path": "a.txt"},
}


def parts(action, parameters):
    spec = connector.actions[action]
    return spec.undo, spec.parameters.build(parameters)


@pytest.fixture
def workspace(folders):
    (folders.workspace / "a.txt").write_text("hello")
    return folders.workspace


def picture(folder):
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and ".rouage" not in path.parts
    }


@pytest.mark.parametrize("is_looked_up", [True, False])
@pytest.mark.parametrize("action", ACTIONS)
async def test_what_is_noted_of_the_file_is_what_lies_there(
    workspace, folders, context_for, action, is_looked_up
):
    before, context = picture(workspace), context_for()
    undo, params = parts(action, ACTIONS[action])
    inverse = await undo.prepare(params, context)
    result = await run_action(connector, action, ACTIONS[action], context)
    if is_looked_up:
        # As after a restart: what the action left is not at hand any more.
        left = folders.left.take(context.idempotency_key)
        assert left.keys() == {result.get("trash") or result["path"]}
    inverse = await undo.complete(params, inverse, result, context)
    world = World(folders)
    for entry in inverse["files"]:
        assert entry["is"] == world.state(entry["path"])
    assert undo.check(inverse, World(folders))
    await undo.apply(inverse, context_for(key="undo"))
    assert picture(workspace) == before


async def test_a_file_that_is_written_between_the_look_and_the_move_is_told_as_it_is(
    workspace, folders, context_for
):
    context = context_for()
    undo, params = parts("files.move", ACTIONS["files.move"])
    inverse = await undo.prepare(params, context)
    (workspace / "a.txt").write_text("changed meanwhile")
    result = await run_action(connector, "files.move", ACTIONS["files.move"], context)
    inverse = await undo.complete(params, inverse, result, context)
    moved = inverse["files"][1]
    assert moved["is"] == World(folders).state(moved["path"])
    assert moved["is"]["hash"] != inverse["files"][0]["was"]["hash"]


async def test_a_content_that_was_kept_in_vain_is_let_go(workspace, folders, context_for):
    (workspace / "b.txt").write_text("other")
    parameters = {"source": "a.txt", "target": "b.txt", "on_conflict": "overwrite"}
    context = context_for()
    undo, params = parts("files.copy", parameters)
    inverse = await undo.prepare(params, context)
    (kept,) = (folders.private / "kept").glob("*/*")
    assert await undo.complete(params, inverse, None, context) == inverse
    assert not kept.exists()
