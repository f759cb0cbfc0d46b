"""Undo over the API: what it would do, and doing it."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from rouage.errors import StepError
from rouage.flow.undo.outlook import Outlook
from rouage.flow.undo.start import Undos, UndoView
from rouage.language import Language, Text
from rouage.sdk.json import JSON
from rouage.web.api import Api, Refused, bad_field, no_run, read_object
from rouage.web.runs import instant

_LONGEST_STEP: Final = 1_000
_NOTHING: Final = Text(
    "there is nothing to undo in this run", "il n’y a rien à annuler dans cette exécution"
)
_UNDONE: Final = Text("this run was undone already", "cette exécution a déjà été annulée")
_CONFLICTS: Final = Text(
    "{count} effect(s) cannot be taken back, the world has changed since; nothing was done",
    "{count} effet(s) ne peuvent pas être repris, le monde a changé depuis ; rien n’a été fait",
)
_SKIP: Final = Text(
    "look at them, then take back the others with --skip-conflicts",
    "regardez-les, puis reprenez les autres avec --skip-conflicts",
)


async def undo_run(api: Api, request: web.Request) -> web.Response:
    """Undo a finished run, or say what that would do (`dry_run`)."""
    body = await read_object(request, allowed={"step", "dry_run", "skip_conflicts"})
    step, is_dry, skips = body.get("step"), body.get("dry_run", False), body.get("skip_conflicts")
    if step is not None and (not isinstance(step, str) or not 0 < len(step) <= _LONGEST_STEP):
        raise bad_field("step")
    for name in ("dry_run", "skip_conflicts"):
        if not isinstance(body.get(name, False), bool):
            raise bad_field(name)
    run_id, undos = request.match_info["id"], api.control.undos
    language = api.language_of(request)
    if is_dry:
        view = await undos.look(run_id, step)
        if view is None:
            raise no_run()
        return web.json_response(view_as_json(view, undos, language))
    started = await undos.start(run_id, step=step, skips=bool(skips), author=api.author_of(request))
    if started is None:
        raise no_run()
    view, new = started
    told = view_as_json(view, undos, language)
    if new is None:
        raise _refusal(view, told)
    return web.json_response({**told, "run": new}, status=202)


def _refusal(view: UndoView, told: dict[str, JSON]) -> Refused:
    conflicts = view.count("conflict")
    if conflicts:
        return Refused(
            409, "conflicts", _CONFLICTS, hint=_SKIP, facts={"count": conflicts}, details=told
        )
    text = _UNDONE if view.count("undone") else _NOTHING
    return Refused(409, "nothing_to_undo", text, details=told)


def view_as_json(view: UndoView, undos: Undos, language: Language) -> dict[str, JSON]:
    """Return what undoing would do: each effect with its state and its sentences."""
    counts: dict[str, JSON] = dict(Counter(one.state for one in view.effects))
    return {
        "of": view.run.id,
        "recipe": view.run.recipe,
        "effects": [_effect(one, undos, language) for one in view.effects],
        "counts": counts,
        "undone_by": [
            {"id": one.id, "state": one.state, "ended": instant(one.ended)} for one in view.undos
        ],
    }


def _effect(outlook: Outlook, undos: Undos, language: Language) -> JSON:
    return {
        "step": outlook.path,
        "action": outlook.action,
        "state": outlook.state,
        "sentence": _sentence(outlook, undos, language),
        "lines": [line.render(language) for line in outlook.lines],
        "hint": None if outlook.hint is None else outlook.hint.render(language),
    }


def _sentence(outlook: Outlook, undos: Undos, language: Language) -> str:
    """Return what the step did, in the words of its action."""
    # Sentences are long to load, and only needed where somebody looks at an undo.
    from rouage.analysis.sentences.expressions import Names
    from rouage.analysis.sentences.parts import Teller

    spec = undos.catalog.actions.get(outlook.action)
    if spec is None:
        return outlook.action
    given: Mapping[str, Any] = outlook.parameters if isinstance(outlook.parameters, Mapping) else {}
    try:
        return Teller(undos.catalog, language, Names()).use(spec, given)
    except (StepError, KeyError, TypeError, ValueError):
        return spec.title.render(language)
