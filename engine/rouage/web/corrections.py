"""What the owner corrected by hand, and what is proposed because of it, over the API."""

import re
from typing import Final, Literal, cast

from aiohttp import web

from rouage.flow.corrections.sentences import known_as_json, proposal_as_json
from rouage.language import Text
from rouage.web.api import Api, Refused, bad_field, read_object

_NONE: Final = Text("there is no such proposal", "cette proposition n’existe pas")
_DECISIONS: Final = ("accepted", "dismissed")
_NUMBER: Final = re.compile(r"[1-9]\d{0,8}", re.ASCII)


async def list_corrections(api: Api, request: web.Request) -> web.Response:
    """List what was corrected, and what is proposed."""
    known = await api.control.corrections.known()
    return web.json_response(known_as_json(known, api.language_of(request)))


async def decide_correction(api: Api, request: web.Request) -> web.Response:
    """Note what became of a proposal; the recipe itself is changed by who accepts it."""
    body = await read_object(request, allowed={"decision"})
    decision, number = body.get("decision"), request.match_info["number"]
    if decision not in _DECISIONS:
        raise bad_field("decision")
    decided = None
    if _NUMBER.fullmatch(number):
        wanted = cast("Literal['accepted', 'dismissed']", decision)
        decided = await api.control.corrections.decide(int(number), wanted)
    if decided is None:
        raise Refused(404, "not_found", _NONE)
    return web.json_response(proposal_as_json(decided, api.language_of(request)))
