"""The action `photo.process`: photos made ready to hand over, the originals left alone."""

import asyncio
from typing import Any, Final

from rouage.sdk import JSON, Context, Text
from rouage.sdk.undoing import files_undo
from rouage_connectors.photo.declaration import FAILED, LIMITS, REASON, connector
from rouage_connectors.photo.planning import targets
from rouage_connectors.photo.processing import foreseen, processed
from rouage_connectors.photo.wishes import Processing

PATH: Final[dict[str, JSON]] = {"type": "string", "format": "path"}


async def simulate_process(params: Processing, context: Context) -> JSON:
    """Return what `process` would return, making nothing."""
    return await asyncio.to_thread(foreseen, params, context)


def _paths(result: Any) -> list[str]:
    return [str(one["path"]) for one in result["photos"] if not one["skipped"]]


@connector.action(
    "process",
    title=Text("Make photos ready", "Préparer des photos"),
    about=Text(
        "Make new photos of others: upright, corrected, resized, signed; the originals stay.",
        "Fait de nouvelles photos : redressées, corrigées, réduites, signées ; les originaux "
        "restent.",
    ),
    effect="local",
    idempotent="by key",
    result={
        "type": "object",
        "properties": {
            "folder": {**PATH, "description": "Where the new photos are"},
            "paths": {"type": "array", "items": PATH, "description": "The new photos, in order"},
            "count": {"type": "integer", "description": "How many there are"},
            "photos": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "source": {**PATH, "description": "The original"},
                        "path": {**PATH, "description": "The new photo"},
                        "width": {"type": "integer"},
                        "height": {"type": "integer"},
                        "taken": {
                            "type": ["string", "null"],
                            "description": "When, by the clock of the camera",
                        },
                        "skipped": {"type": "boolean", "description": "Whether it was there"},
                    },
                    "required": ["source", "path", "width", "height", "taken", "skipped"],
                },
            },
            "doubtful": {
                "type": "array",
                "description": "New photos that a person should look at, each with the reason",
                "items": {
                    "type": "object",
                    "properties": {
                        "source": PATH,
                        "path": PATH,
                        "doubts": {"type": "array", "items": {"type": "string"}},
                        "reason": REASON,
                    },
                    "required": ["source", "path", "doubts", "reason"],
                },
            },
            "failed": FAILED,
        },
        "required": ["folder", "paths", "count", "photos", "doubtful", "failed"],
    },
    example={"photos": "files/photos", "folder": "files/ready", "watermark": "© Zoé Martin"},
    describe=Text("make {photos} ready in {folder}", "préparer {photos} dans {folder}"),
    simulate=simulate_process,
    undo=files_undo(targets=targets, results=_paths),
    isolated=True,
    limits=LIMITS,
)
async def process(params: Processing, context: Context) -> JSON:
    """Make new photos of others; the originals stay."""
    return await asyncio.to_thread(processed, params, context)
