"""What the owner may do with the daemon: pause it, resume it, reload it, read its notices."""

from collections.abc import Mapping
from typing import Any, Final, cast, get_args

from aiohttp import web

from rouage.flow.pauses import ALL, Stored
from rouage.language import Text
from rouage.web.api import Api, Refused, bad_field, read_object
from rouage.web.runs import spoken

_LONGEST_ID: Final = 200
_NO_NOTICE: Final = Text("there is no such notice", "cet avis n’existe pas")
_NO_RECIPE: Final = Text("there is no recipe “{name}”", "il n’y a pas de recette « {name} »")


async def list_pauses(api: Api, request: web.Request) -> web.Response:
    """List what is paused, and how many events each pause holds back."""
    del request
    pauses = api.control.pauses
    found = [{**pause.as_json(), "held": await pauses.count(pause)} for pause in pauses.all]
    return web.json_response({"pauses": found})


async def pause(api: Api, request: web.Request) -> web.Response:
    """Pause a recipe, or all of them."""
    recipe = _recipe(api, await read_object(request, allowed={"recipe"}))
    made = await api.control.pauses.pause(recipe, by=api.author_of(request))
    return web.json_response({"pause": made.as_json()})


async def resume(api: Api, request: web.Request) -> web.Response:
    """End a pause; what it held back runs, or is kept as it is."""
    body = await read_object(request, allowed={"recipe", "stored"})
    stored = body.get("stored", "run")
    if stored not in get_args(Stored):
        raise bad_field("stored")
    recipe = body.get("recipe")
    if recipe is not None and not isinstance(recipe, str):
        raise bad_field("recipe")
    released = await api.control.pauses.resume(recipe, stored=cast("Stored", stored))
    return web.json_response({"recipe": recipe or ALL, "released": released})


async def reload(api: Api, request: web.Request) -> web.Response:
    """Have the recipes looked at now."""
    await read_object(request, allowed=set())
    api.control.reload()
    return web.json_response({"reloading": True}, status=202)


async def list_notices(api: Api, request: web.Request) -> web.Response:
    """List what the owner has to know, newest first; those that are over come too."""
    language = api.language_of(request)
    notices = [spoken(notice.as_json(), language) for notice in api.control.notices.all]
    return web.json_response({"notices": notices})


async def forget_notice(api: Api, request: web.Request) -> web.Response:
    """Take a notice off the list."""
    body = await read_object(request, allowed={"key"})
    key = body.get("key")
    if not isinstance(key, str) or not 0 < len(key) <= _LONGEST_ID:
        raise bad_field("key")
    if not api.control.notices.forget(key):
        raise Refused(404, "not_found", _NO_NOTICE)
    return web.json_response({"forgotten": key})


def _recipe(api: Api, body: Mapping[str, Any]) -> str | None:
    """Return the recipe that is named, None for all.

    Raises:
        Refused: there is no such recipe.
    """
    recipe = body.get("recipe")
    if recipe is None:
        return None
    if not isinstance(recipe, str):
        raise bad_field("recipe")
    status = api.control.status()
    known = status.get("recipes") if isinstance(status, dict) else None
    rows = known if isinstance(known, list) else []
    ids = {str(one.get("id")) for one in rows if isinstance(one, dict)}
    if recipe not in ids:
        facts = {"name": recipe[:_LONGEST_ID]}
        raise Refused(404, "not_found", _NO_RECIPE, facts=facts)
    return recipe
