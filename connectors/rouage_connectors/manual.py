"""Runs that a person starts: a button, a form, or `rouage run`."""

import asyncio
from typing import Final

from rouage.sdk import JSON, Connector, Emit, Text, Trigger, param, params

connector = Connector(
    "manual",
    title=Text("By hand", "À la main"),
    about=Text(
        "Runs that a person starts, with a button, a form or a command.",
        "Exécutions qu’une personne lance, par un bouton, un formulaire ou une commande.",
    ),
)

_EVENT: Final[dict[str, JSON]] = {
    "type": "object",
    "properties": {"inputs": {"type": "object"}},
    "required": ["inputs"],
}


@params
class Start:
    """What a run started by hand is given when nothing else is said."""

    sample: dict[str, JSON] = param(
        Text(
            "Values offered when somebody starts the recipe.",
            "Valeurs proposées quand quelqu’un lance la recette.",
        ),
        default={},
        examples=[{"customer": "Zoé Lefèvre"}],
    )


@connector.trigger(
    "start",
    title=Text("Started by hand", "Lancée à la main"),
    about=Text(
        "Somebody starts the recipe; nothing happens by itself.",
        "Quelqu’un lance la recette ; rien ne se passe tout seul.",
    ),
    event=_EVENT,
    sample={"inputs": {}},
    example={"sample": {"customer": "Zoé Lefèvre"}},
    describe=Text("somebody starts it", "quelqu’un la lance"),
)
class StartTrigger(Trigger[Start]):
    """Wait: the engine makes the event when somebody asks for a run."""

    async def listen(self, emit: Emit) -> None:
        """Stay listed as ready until cancelled."""
        del emit
        self.context.report("listening", None)
        await asyncio.get_running_loop().create_future()
