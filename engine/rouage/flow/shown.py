"""What people are shown before they decide, by content: it must be the same when it is used."""

import hashlib
from pathlib import Path
from typing import Any, Final

from rouage.errors import StepError
from rouage.expressions import reveal
from rouage.flow.journey import Journey
from rouage.flow.named import all_steps
from rouage.language import Text
from rouage.model.run import SHADOW
from rouage.sdk.json import JSON

_CHUNK: Final = 1 << 20
_LONGEST_PATH: Final = 4_096

_CHANGED: Final = Text(
    "{path} is no longer what was approved", "{path} n’est plus ce qui a été validé"
)
_GONE: Final = Text(
    "approve: the file to show, {path}, is not there or cannot be read",
    "approve : le fichier à montrer, {path}, n’existe pas ou ne peut pas être lu",
)
_FORESEEN: Final = Text(
    "the file that the step {step} would make: {name}",
    "le fichier que l’étape {step} ferait : {name}",
)
_CHANGED_HINT: Final = Text(
    "look at the file, then have the run done again so that it is asked anew",
    "regardez le fichier, puis relancez l’exécution pour que la question soit reposée",
)


class ChangedAfterApproval(StepError):  # noqa: N818 - the kind that recipes know
    """A file is no longer what people were shown when they said yes."""


async def shown(journey: Journey, item: JSON) -> JSON:
    """Return one thing that is shown: a file with its hash, a table, or a text.

    What it is, is seen from the value; `{file: …}`, `{table: …}` or `{text: …}` says so instead.
    """
    if isinstance(item, dict) and len(item) == 1:
        ((said, value),) = item.items()
        if said == "text":
            return {"text": "" if value is None else str(value)}
        if said in {"file", "table"}:
            item = value
    if isinstance(item, list | dict):
        return {"table": item}
    text = "" if item is None else str(item)
    found = await journey.services.in_thread(_look_at, journey, text)
    return {"text": text} if found is None else dict(found)


def _look_at(journey: Journey, text: str) -> dict[str, JSON] | None:
    """Return path, size and hash of the file that *text* names; None when it names none.

    A file that is not there, because the step that makes it is only played, is told in words.

    Raises:
        StepError: it names one that nobody could look at before deciding.
    """
    if not text or "\n" in text or len(text) > _LONGEST_PATH:
        return None
    try:
        path = journey.plan.folders.check(text, "read")
    except (StepError, OSError, ValueError):
        return None
    try:
        if path.is_file():
            size = path.stat().st_size
            return {"path": str(path), "size": size, "sha256": _digest_of(path)}
        maker = journey.services.foreseen(str(path)) or _played_maker(journey, str(path))
        if maker is not None:
            facts = {"step": maker, "name": path.name}
            return {"text": _FORESEEN.render(journey.services.language, facts)}
        is_gone = text.startswith(("/", "~")) and not path.exists()
    except OSError:
        is_gone = True
    if is_gone:
        raise StepError(_GONE, path=text)
    return None


def _played_maker(journey: Journey, path: str) -> str | None:
    """Return which step of a run that only plays (`trust: shadow`) would have made *path*."""
    for step in all_steps(journey.plan.recipe):
        known = journey.context.recorded(step.path)
        is_played = known is not None and known.action.startswith(SHADOW)
        if is_played and known is not None and path in _texts(known.result):
            return step.id or step.path
    return None


def _digest_of(path: str | Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    found = hashlib.sha256()
    with Path(path).open("rb") as file:
        while chunk := file.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()


async def check_unchanged(journey: Journey, path: str, digest: str) -> None:
    """Return when the file is byte for byte what was shown.

    Raises:
        ChangedAfterApproval: it is not, or it is gone.
    """

    def look() -> str | None:
        try:
            return _digest_of(path)
        except OSError:
            return None

    if await journey.services.in_thread(look) != digest:
        raise ChangedAfterApproval(_CHANGED, hint=_CHANGED_HINT, path=path)


async def check_approved(journey: Journey, values: JSON) -> None:
    """Return when no approved file that *values* name has changed since.

    Raises:
        ChangedAfterApproval: one has.
    """
    folders = journey.plan.folders
    for text in _texts(reveal(values)):
        try:
            path = str(folders.resolve(text))
        except (StepError, OSError, ValueError):
            continue
        digest = journey.approved.get(path)
        if digest is not None:
            await check_unchanged(journey, path, digest)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value] if value and len(value) <= _LONGEST_PATH else []
    if isinstance(value, dict):
        return [text for one in value.values() for text in _texts(one)]
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    return []
