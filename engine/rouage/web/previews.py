"""When the schedules of a recipe fire next, for those who ask over HTTP (triggers C-13)."""

from typing import Final

from aiohttp import web

from rouage.language import Text
from rouage.recipes.previews import MOST_INSTANTS
from rouage.web.api import Api, Refused, bad_field

_USUAL: Final = "5"
_NO_RECIPE: Final = Text(
    "no recipe of this name is in force", "aucune recette de ce nom n’est en vigueur"
)


async def preview(api: Api, request: web.Request) -> web.Response:
    """List the next instants at which the schedules of a recipe fire; none if it has none."""
    count, recipe = request.query.get("n", _USUAL), request.match_info["id"]
    if not count.isascii() or not count.isdigit() or not 1 <= int(count[:9]) <= MOST_INSTANTS:
        raise bad_field("n")
    rows = await api.control.preview(recipe, int(count), api.language_of(request))
    if rows is None:
        raise Refused(404, "not_found", _NO_RECIPE)
    return web.json_response({"recipe": recipe, "next": [dict(row) for row in rows]})
