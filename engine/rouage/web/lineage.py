"""Where a file comes from, and what was made from it, as JSON data (features N-14).

Contents are followed by their hash, so names do not matter. Each answer takes a few look-ups
in indexes, however long the history is.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from rouage.durable.port import FileRecord, Reader
from rouage.model.run import UNDO, RunRecord
from rouage.records import dataclass
from rouage.safety.fingerprint import as_bytes, as_text
from rouage.sdk.json import JSON
from rouage.web.runs import instant

_MOST_MAKERS: Final = 20
_MOST_FILES: Final = 500
_DEEPEST: Final = 8
_MOST_RUNS: Final = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """How a file became known: by its content, or by its name alone (it was changed since)."""

    makers: Sequence[Mapping[str, JSON]]
    is_by_name: bool = False


async def origins_of(reader: Reader, path: str, fingerprint: str | None) -> Origin:
    """Return the runs that made the content of the file, each with what it was made from."""
    if fingerprint is not None:
        makers = await _makers(reader, fingerprint, depth=_DEEPEST, seen=set())
        if makers:
            return Origin(makers=makers)
    files = await reader.list_files(path=path, limit=_MOST_FILES)
    runs = _by_run(one for one in files if one.is_written)
    found = [await _maker(reader, run, files, _DEEPEST, set()) for run, files in runs.items()]
    return Origin(makers=[one for one in found if one is not None], is_by_name=bool(found))


async def products_of(reader: Reader, runs: Iterable[str]) -> list[dict[str, JSON]]:
    """Return what *runs* made, and what was made from that, in the order of going on."""
    waiting, seen = list(dict.fromkeys(runs)), set[str]()
    made: list[dict[str, JSON]] = []
    while waiting and len(seen) < _MOST_RUNS:
        run = await reader.get_run(waiting.pop(0))
        if run is None or run.id in seen:
            continue
        seen.add(run.id)
        files = await _written_by(reader, run)
        made += [_product(run, file) for file in files]
        for file in files:
            if file.hash is not None:
                waiting += await readers_of(reader, as_text(file.hash), but=seen)
    return made


async def readers_of(reader: Reader, fingerprint: str, but: set[str] | None = None) -> list[str]:
    """Return the runs that read this content, the newest first."""
    files = await reader.list_files(hash=as_bytes(fingerprint), limit=_MOST_FILES)
    runs = dict.fromkeys(one.run for one in files if not one.is_written)
    return [run for run in runs if run not in (but or ())]


async def _makers(
    reader: Reader, fingerprint: str, *, depth: int, seen: set[str]
) -> list[dict[str, JSON]]:
    files = await reader.list_files(hash=as_bytes(fingerprint), limit=_MOST_FILES)
    runs = _by_run(one for one in files if one.is_written)
    found = []
    for run, written in list(runs.items())[:_MOST_MAKERS]:
        if run not in seen:
            found.append(await _maker(reader, run, written, depth, {*seen, run}))
    return [one for one in found if one is not None]


async def _maker(
    reader: Reader, run_id: str, written: Sequence[FileRecord], depth: int, seen: set[str]
) -> dict[str, JSON] | None:
    run = await reader.get_run(run_id)
    if run is None or run.source.startswith(UNDO):
        return None
    versions = await reader.list_definitions(run.recipe)
    version = next((one for one in versions if one.hash == run.definition), None)
    files = await reader.list_files(run_id=run_id, limit=_MOST_FILES)
    read = [one for one in files if not one.is_written]
    sources: list[JSON] = [await _source(reader, file, depth, seen) for file in read]
    first = written[0]
    return {
        "run": run.id,
        "recipe": run.recipe,
        "state": run.state,
        "blanked": run.blanked,
        "at": instant(run.ended or run.started or run.created),
        "step": first.step,
        "path": first.path,
        "definition": run.definition,
        "version": None if version is None else instant(version.accepted),
        "event": {"id": run.event, "source": run.source, **_about(run.event_data)},
        "sources": sources,
        "approved_by": await _approvers(reader, run),
    }


async def _source(reader: Reader, file: FileRecord, depth: int, seen: set[str]) -> JSON:
    made_by: list[JSON] = []
    if file.hash is not None and depth > 0:
        made_by += await _makers(reader, as_text(file.hash), depth=depth - 1, seen=seen)
    return {"path": file.path, "hash": _shown(file), "step": file.step, "made_by": made_by}


async def _approvers(reader: Reader, run: RunRecord) -> list[JSON]:
    signals = await reader.list_signals(run.id)
    return [
        {"by": one.author, "at": instant(one.received)}
        for one in signals
        if isinstance(one.payload, Mapping) and one.payload.get("choice") == "approve"
    ]


async def _written_by(reader: Reader, run: RunRecord) -> list[FileRecord]:
    """Return what a run left: whole files, and those that it added a line to."""
    files = await reader.list_files(run_id=run.id, limit=_MOST_FILES)
    inverses = await reader.list_inverses(run.id)
    grown = [
        FileRecord(run=run.id, step=step, path=str(one["path"]), hash=None, is_written=True)
        for step, one in inverses.items()
        if isinstance(one, Mapping) and "at" in one
    ]
    return [one for one in files if one.is_written] + grown


def _product(run: RunRecord, file: FileRecord) -> dict[str, JSON]:
    return {
        "path": file.path,
        "hash": _shown(file),
        "run": run.id,
        "recipe": run.recipe,
        "step": file.step,
        "at": instant(run.ended or run.started or run.created),
    }


def _by_run(files: Iterable[FileRecord]) -> dict[str, list[FileRecord]]:
    found: dict[str, list[FileRecord]] = {}
    for file in files:
        found.setdefault(file.run, []).append(file)
    return found


def _about(data: Any) -> dict[str, JSON]:
    """Return what an event is about, in a word: a file, or the subject of a mail."""
    if not isinstance(data, Mapping):
        return {}
    file = data.get("file")
    if isinstance(file, Mapping):
        return {"file": file.get("path")}
    told: dict[str, JSON] = {}
    for name in ("subject", "from", "message_id"):
        if isinstance(data.get(name), str):
            told[name] = data[name]
    return told


def _shown(file: FileRecord) -> JSON:
    return None if file.hash is None else as_text(file.hash)
