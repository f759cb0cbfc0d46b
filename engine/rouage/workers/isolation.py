"""Actions that run in worker processes, and look like any other to who calls them."""

import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any

from rouage.catalog.catalog import Catalog, Installed
from rouage.sdk.connector import ActionSpec, Undo
from rouage.sdk.context import Context
from rouage.sdk.json import JSON
from rouage.workers.calls import Call

MakeCall = Callable[[Call, Context], Awaitable[JSON]]


def isolate(catalog: Catalog, make_call: MakeCall) -> Catalog:
    """Return *catalog* with every isolated action replaced by a call (`Workers.run`).

    Isolated is what says so of itself, and every action of an installed package that does not
    say otherwise.
    """

    def replaced(spec: ActionSpec, installed: Installed) -> ActionSpec:
        wish = spec.isolated
        if installed.found == "given" or wish is False:
            return spec
        if wish is None and installed.found != "entry point":
            return spec
        return _isolated(spec, installed, make_call)

    return catalog.with_actions(replaced)


def _isolated(spec: ActionSpec, installed: Installed, make_call: MakeCall) -> ActionSpec:
    def ship(part: str, local: Any) -> Any:
        async def shipped(params: Any, context: Context) -> JSON:
            if part != "apply" and callable(spec.isolated) and not spec.isolated(params):
                result: JSON = await local(params, context)
                return result
            call = Call(
                target=installed.origin,
                action=spec.id,
                part=part,
                given=params if part == "apply" else values_of(params),
                is_foreign=installed.found == "entry point",
                limits=spec.limits,
            )
            return await make_call(call, context)

        return shipped

    undo = spec.undo
    return dataclasses.replace(
        spec,
        run=ship("run", spec.run),
        simulate=None if spec.simulate is None else ship("simulate", spec.simulate),
        undo=None if undo is None else _shipped(undo, ship, installed),
    )


def _shipped(undo: Undo, ship: Callable[[str, Any], Any], installed: Installed) -> Undo:
    """Return *undo* with its look at the parameters in a process; of a foreign one, all of it.

    The inverse that our own code takes back was written by it: nothing in it is untrusted.
    """
    prepare = None if undo.prepare is None else ship("prepare", undo.prepare)
    if installed.found != "entry point":
        return dataclasses.replace(undo, prepare=prepare)
    return Undo(prepare=prepare, apply=ship("apply", undo.apply))


def values_of(params: Any) -> dict[str, Any]:
    """Return the fields of a `@params` instance; its class makes the same one of them."""
    return {field.name: getattr(params, field.name) for field in dataclasses.fields(params)}
