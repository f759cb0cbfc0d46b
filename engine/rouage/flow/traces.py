"""What a step leaves behind besides its result: how to take it back, which files it touched.

The inverse is asked for before the call and completed after it; both ride in the commits that
are made anyway. Nothing here may fail a step whose effect is had.
"""

import logging
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Final

from rouage.durable.port import FileUse, StepSpec
from rouage.errors import OutcomeUnknown, RouageError, StepError
from rouage.flow.journey import Journey
from rouage.flow.plan import StepPlan
from rouage.flow.services import Services
from rouage.records import dataclass
from rouage.safety.fingerprint import as_bytes, fingerprint
from rouage.safety.paths import Folders
from rouage.sdk.connector import ActionSpec
from rouage.sdk.context import Context
from rouage.sdk.json import JSON

logger = logging.getLogger(__name__)

MOST_FILES: Final = 10_000
"""Files of one step that are recorded; those beyond are not known by where they come from."""


@dataclass(slots=True)
class FilesSeen:
    """The files that one call opens and writes, each once, in their order."""

    read: dict[str, None] = field(default_factory=dict)
    written: dict[str, None] = field(default_factory=dict)

    def note_read(self, path: str) -> None:
        """Note that *path* is opened for reading; may be called from a thread."""
        if len(self.read) < MOST_FILES:
            self.read[path] = None

    def note_written(self, path: str) -> None:
        """Note that *path* was made or changed; may be called from a thread."""
        if len(self.written) < MOST_FILES:
            self.written[path] = None


@dataclass(slots=True)
class Calling:
    """One step about to be taken: what it calls, with what, and what the journal is told."""

    step: StepPlan
    action: ActionSpec
    parameters: Any
    path: str
    spec: StepSpec
    clear: JSON = None
    """The parameters as JSON, secrets in clear: never recorded."""


def touches_files(calling: Calling) -> bool:
    """Say whether a call is worth watching: the others only compute or talk."""
    action, parameters = calling.action, calling.parameters
    if action.effect == "local":
        return True
    return any(getattr(parameters, name, None) for name in action.parameters.paths)


async def conclude(
    journey: Journey, calling: Calling, result: JSON, context: Context, seen: FilesSeen | None
) -> None:
    """Note with the step what is known now that its action has returned *result*."""
    spec, undo = calling.spec, calling.action.undo
    if seen is None and undo is None:
        return
    try:
        if undo is not None and undo.complete is not None:
            done = await undo.complete(calling.parameters, spec.inverse, result, context)
            spec.inverse = {} if done is None and spec.inverse is not None else done
            spec.inverse = without_secrets(spec.inverse, journey)
        if isinstance(spec.inverse, dict) and "at" in spec.inverse and seen is not None:
            # A file that grows line by line is another content each time: it has no one origin.
            seen.written.pop(str(spec.inverse["path"]), None)
        if seen is not None and (seen.read or seen.written):
            files = await _files(spec.inverse, seen, context.files, journey.services)
            spec.files = tuple(one for one in files if without_secrets(one.path, journey))
    except (RouageError, OSError) as error:
        logger.warning("%s of run %s: %s", context.step, context.run_id, error)


async def withdraw(calling: Calling, failure: StepError, context: Context) -> None:
    """Let go of what was kept for a call that surely failed."""
    undo, inverse = calling.action.undo, calling.spec.inverse
    if undo is None or undo.complete is None or not inverse or isinstance(failure, OutcomeUnknown):
        return
    try:
        await undo.complete(calling.parameters, inverse, None, context)
    except (RouageError, OSError) as error:
        logger.warning("%s of run %s: %s", context.step, context.run_id, error)


def without_secrets(value: JSON, journey: Journey) -> JSON:
    """Return *value*, or None when it holds a secret: no journal keeps one (security S-56)."""
    if not journey.plan.uses_secrets or journey.services.mask(value) == value:
        return value
    return None


async def _files(
    inverse: JSON, seen: FilesSeen, folders: Folders, services: Services
) -> list[FileUse]:
    facts: Mapping[str, Any] = inverse if isinstance(inverse, dict) else {}
    known = _known(facts, seen)
    unknown = [path for path in (*seen.read, *seen.written) if path not in known]
    if unknown:
        known |= await services.in_thread(_fingerprints, unknown, folders)
    read = [path for path in seen.read if path not in seen.written]
    written = [path for path in seen.written if path in known]
    return [
        *(_use(path, known, is_written=False) for path in read),
        *(_use(path, known, is_written=True) for path in written),
    ]


def _known(facts: Mapping[str, Any], seen: FilesSeen) -> dict[str, str]:
    """Return the fingerprints that the inverse tells, and note what was moved as read."""
    known: dict[str, str] = {}
    for entry in facts.get("files", ()):
        if entry["is"] is not None:
            known[entry["path"]] = entry["is"]["hash"]
        if "to" in entry:
            # What was moved away is told as written too: it is not there any more.
            seen.written.pop(entry["path"], None)
            seen.note_read(entry["path"])
            known[entry["path"]] = entry["was"]["hash"]
    return known


def _use(path: str, known: Mapping[str, str], *, is_written: bool) -> FileUse:
    found = known.get(path)
    return FileUse(path, as_bytes(found) if found else None, is_written)


def _fingerprints(paths: list[str], folders: Folders) -> dict[str, str]:
    found = {path: fingerprint(folders, path) for path in paths}
    return {path: text for path, text in found.items() if text is not None}
