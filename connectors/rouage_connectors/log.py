"""Write a line to the log of the daemon."""

import logging
from typing import Final, Literal

from rouage.sdk import JSON, Connector, Context, Text, param, params

connector = Connector(
    "log",
    title=Text("Log", "Journal"),
    about=Text("Lines in the log of the daemon.", "Des lignes dans le journal du service."),
)

_LONGEST: Final = 8_000
"""Characters of a line; a whole document in the log helps nobody and fills the disk."""

Level = Literal["debug", "info", "warning", "error"]
_LEVELS: Final[dict[str, int]] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


@params
class Line:
    """What to write, and how loud."""

    message: str = param(
        Text("What to write.", "Ce qu’il faut écrire."),
        title=Text("Message", "Message"),
        examples=["Order received"],
    )
    level: Level = param(
        Text("How serious it is.", "La gravité."), title=Text("Level", "Niveau"), default="info"
    )


@connector.action(
    "write",
    title=Text("Write to the log", "Écrire dans le journal"),
    about=Text("Write one line to the log.", "Écrit une ligne dans le journal."),
    effect="none",
    idempotent=True,
    result={"type": "object", "properties": {}},
    example={"message": "Order received", "level": "info"},
    describe=Text("write “{message}” to the log", "écrire « {message} » dans le journal"),
)
async def write(params: Line, context: Context) -> JSON:
    """Write one line to the log."""
    # The text is an argument, never the format: a % in it means nothing.
    context.log.log(
        _LEVELS[params.level],
        "%s",
        params.message[:_LONGEST],
        extra={"run": context.run_id, "recipe": context.recipe_id, "step": context.step},
    )
    return {}
