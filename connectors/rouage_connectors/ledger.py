"""The ledger: what was done once, in whichever recipe, under a key of the business."""

from rouage.sdk import JSON, Connector, Context, Text, param, params

connector = Connector(
    "ledger",
    title=Text("Ledger", "Registre"),
    about=Text(
        "What was done once for all recipes: the keys of `once` on steps.",
        "Ce qui est fait une fois pour toutes les recettes : les clés de `once` des étapes.",
    ),
)


@params
class Key:
    """Which key to look for."""

    key: str = param(
        Text(
            "The key, as a step says it with `once`.",
            "La clé, telle qu’une étape la dit avec `once`.",
        ),
        title=Text("Key", "Clé"),
        examples=["EDF/2026-0031"],
    )


@connector.action(
    "find",
    title=Text("Look into the ledger", "Chercher dans le registre"),
    about=Text(
        "Say whether something was done under a key already, when, and with which result.",
        "Dit si quelque chose a déjà été fait sous une clé, quand, et avec quel résultat.",
    ),
    effect="none",
    idempotent=True,
    result={
        "type": "object",
        "properties": {
            "found": {"type": "boolean", "description": "Whether the key is taken"},
            "is_done": {"type": "boolean", "description": "Whether its step has its result"},
            "recipe": {"type": ["string", "null"]},
            "run": {"type": ["string", "null"]},
            "step": {"type": ["string", "null"]},
            "at": {"type": ["string", "null"], "description": "When"},
            "result": {"description": "What the step gave back"},
        },
        "required": ["found", "is_done", "recipe", "run", "step", "at", "result"],
    },
    example={"key": "invoice/${{ event.body.id }}"},
    describe=Text("look for “{key}” in the ledger", "chercher « {key} » dans le registre"),
)
async def find(params: Key, context: Context) -> JSON:
    """Say whether something was done under a key already, when, and with which result."""
    known = await context.ledger(params.key)
    facts = known if isinstance(known, dict) else {}
    return {
        "found": bool(facts),
        "is_done": facts.get("state") == "done",
        **{name: facts.get(name) for name in ("recipe", "run", "step", "at", "result")},
    }
