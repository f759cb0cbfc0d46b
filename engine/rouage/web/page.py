"""Pages for people without the console: escaped, without scripts, never cached or indexed."""

import base64
import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from aiohttp import web

_PAGES: Final = Path(__file__).with_name("pages")


@lru_cache(maxsize=1)
def _pages() -> tuple[Any, str, str]:
    """Return the template, the style and the policy. Loaded when first asked for: it is rare."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    style = (_PAGES / "approve.css").read_text(encoding="utf-8").strip()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src 'self'; "
        "form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'"
    )
    environment = Environment(
        loader=FileSystemLoader(_PAGES), autoescape=True, undefined=StrictUndefined
    )
    environment.globals["style"] = Markup(style)  # noqa: S704 - our own file, no data in it
    return environment.get_template("approve.html"), style, policy


def page(facts: Mapping[str, Any], *, status: int = 200) -> web.Response:
    """Return the page that shows *facts*."""
    template, _, policy = _pages()
    reply = web.Response(
        text=template.render({**_EMPTY, **facts}), status=status, content_type="text/html"
    )
    reply.headers["Content-Security-Policy"] = policy
    reply.headers["X-Robots-Tag"] = "noindex, nofollow"
    return reply


_EMPTY: Final[Mapping[str, Any]] = {
    "answers": (),
    "complaint": None,
    "form": None,
    "lines": (),
    "recipe": "",
    "shown": (),
    "words": {},
}
