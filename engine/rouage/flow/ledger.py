"""The ledger of what is done once for all recipes, as actions may read it (features N-8)."""

from rouage.durable.claims import STEP_SCOPE
from rouage.durable.port import Reader
from rouage.sdk.json import JSON


async def done_under(reader: Reader, key: str) -> JSON:
    """Return which step has the *key*, when and with which result; None when none has."""
    claim = await reader.find_claim(STEP_SCOPE, key)
    if claim is None:
        return None
    run = None if claim.run is None else await reader.get_run(claim.run)
    at = None if run is None else run.ended or run.started or run.created
    return {
        "state": claim.state,
        "run": claim.run,
        "recipe": None if run is None else run.recipe,
        "step": claim.path,
        "at": None if at is None else at.isoformat(),
        "result": claim.result,
    }
