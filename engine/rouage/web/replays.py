"""Events that are made to happen again, because a person says so (triggers W-6)."""

from typing import Final

from aiohttp import web

from rouage.language import Text
from rouage.web.api import Api, Refused, read_object

_NO_EVENT: Final = Text("there is no such event", "cet événement n’existe pas")


async def replay_event(api: Api, request: web.Request) -> web.Response:
    """Have a stored event judged by the present version of its recipe, as a new event."""
    await read_object(request, allowed=set())
    event_id = request.match_info["id"]
    found = await api.control.replay_event(event_id, api.author_of(request))
    if found is None:
        raise Refused(404, "not_found", _NO_EVENT)
    answer = {
        "event": found.event,
        "replay_of": event_id,
        "outcome": found.outcome,
        "runs": list(found.runs),
    }
    return web.json_response(answer, status=202)
