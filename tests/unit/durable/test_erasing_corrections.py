"""Forgetting a person takes what was guessed of the owner's corrections with it."""

from pathlib import Path

from rouage.clock import SystemClock
from rouage.durable.erasure import Sought
from rouage.durable.sqlite import open_engine
from rouage.durable.sqlite.erasing import Erasing
from rouage.durable.sqlite.opening import open_for_writing
from rouage.flow.corrections.rows import OWNER, read_known


async def test_a_correction_that_names_the_person_is_blanked(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    engine = open_engine(path, clock=SystemClock())
    row = {"old": "/out/Alice Martin 1.pdf", "new": "/new/Alice Martin 1.pdf"}
    await engine.put_items(OWNER, {b"cabc": row, b"cdef": {"old": "/out/Zoé.pdf"}})
    await engine.close(0)
    connection = open_for_writing(path)
    try:
        erasing = Erasing(connection, Sought(["Alice Martin"]))
        found = erasing.search()
        erasing.write()
    finally:
        connection.close()
    assert found.kept_state == []
    engine = open_engine(path, clock=SystemClock())
    items = await engine.load_items(OWNER)
    await engine.close(0)
    assert "Alice" not in str(items)
    assert items[b"cdef"] == {"old": "/out/Zoé.pdf"}
    assert set(read_known(items).lost) == {"cabc", "cdef"}
