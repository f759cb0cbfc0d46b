"""A form on the web, without scripts: GET shows it, POST is checked, kept, and thanked for.

Anybody may reach it, so everything that comes is hostile: what it holds is bounded before it
is read, the page must have been seen (a signed token), and a field that no person sees tells
robots apart. Sending the same page twice is one submission.
"""

import asyncio
import base64
import hashlib
import hmac
import logging
import secrets
import time
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from rouage.errors import RouageError
from rouage.language import Language, Text, choose_language
from rouage.records import dataclass
from rouage.sdk.forms import FormPage, Submission, Submit
from rouage.sdk.multipart import MultipartError
from rouage.sdk.trigger import HookReply, HookRequest
from rouage.web.form_entries import Entries, FormMistake, read_entries, read_values
from rouage.web.form_page import page_headers, render_form, render_message

logger = logging.getLogger(__name__)

TRAP: Final = "leave_this_empty"
SEEN: Final = "seen"
_TOKEN_SECONDS: Final = 86_400
_SENT: Final = "sent"

_FOREIGN: Final = Text(
    "This form was sent from another site, so nothing was kept. Open it here and send it again.",
    "Ce formulaire a été envoyé depuis un autre site : rien n’a été gardé. Ouvrez-le ici et "
    "renvoyez-le.",
)
_STALE: Final = Text(
    "This page had been open for too long. Check what you wrote, and send it again.",
    "Cette page était ouverte depuis trop longtemps. Relisez vos réponses et renvoyez-les.",
)
_UNREADABLE: Final = Text(
    "What was sent could not be read. Nothing was kept.",
    "L’envoi n’a pas pu être lu. Rien n’a été gardé.",
)
_LATER: Final = Text(
    "It could not be kept just now. Please send it again in a minute.",
    "L’envoi n’a pas pu être gardé pour l’instant. Renvoyez-le dans une minute.",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class PageReply(HookReply):
    """An answer that is a page of our own."""

    page: str = ""


class FormSite:
    """Answer the requests for one form, whose page is at *address*."""

    def __init__(
        self,
        address: str,
        form: FormPage,
        submit: Submit,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._address = address
        self._form = form
        self._submit = submit
        self._now = now

    async def answer(self, request: HookRequest) -> HookReply:
        """Show the form, or take what was filled in."""
        language = self._language_of(request)
        if request.method == "GET":
            if _SENT in request.query:
                return self._thanks(language)
            return self._page(language, Entries())
        if not _is_same_site(request):
            return self._message(language, _FOREIGN, status=403)
        try:
            entries = await _entries_of(request, self._form)
        except MultipartError as error:
            return self._message(language, _UNREADABLE, status=error.status)
        return await self._take(request, entries, language)

    async def _take(self, request: HookRequest, entries: Entries, language: Language) -> HookReply:
        identity = self._read_token(entries.one(SEEN))
        if entries.one(TRAP).strip():
            # A robot is told what it wants to hear, and learns nothing.
            return self._sent(language)
        if identity is None:
            return self._page(language, entries, complaint=_STALE, status=403)
        try:
            values, files = read_values(self._form, entries)
        except FormMistake as mistake:
            return self._page(language, entries, mistake=mistake, status=422)
        submission = Submission(
            id=identity, values=values, files=files, language=language, remote=request.remote
        )
        try:
            await self._submit(submission)
        except RouageError as error:
            logger.warning("form %s: not kept: %s", self._address, error)
            return self._page(language, entries, complaint=_LATER, status=503)
        return self._sent(language)

    # -- answers -----------------------------------------------------------------------------

    def _page(
        self,
        language: Language,
        entries: Entries,
        *,
        complaint: Text | None = None,
        mistake: FormMistake | None = None,
        status: int = 200,
    ) -> PageReply:
        token = entries.one(SEEN)
        page = render_form(
            self._form,
            language,
            action=f"{self._address}?lang={language}",
            hidden={SEEN: token if self._read_token(token) else self._make_token()},
            trap=TRAP,
            entries=entries,
            complaint=complaint or (mistake.message if mistake else None),
            wrong=mistake.field if mistake else None,
        )
        later = {"Retry-After": "60"} if status == 503 else {}
        return PageReply(status=status, page=page, headers={**page_headers(), **later})

    def _thanks(self, language: Language) -> PageReply:
        return self._message(language, self._form.thanks, status=200)

    def _message(self, language: Language, text: Text, *, status: int) -> PageReply:
        again = f"{self._address}?lang={language}"
        page = render_message(self._form, language, text, again=again)
        return PageReply(status=status, page=page, headers=page_headers())

    def _sent(self, language: Language) -> HookReply:
        """Send the browser to the thanks, so that a reload sends nothing twice."""
        place = f"{self._address}?{_SENT}=1&lang={language}"
        return HookReply(status=303, text="", headers={"Location": place})

    def _language_of(self, request: HookRequest) -> Language:
        if self._form.language != "auto":
            return self._form.language
        wishes = request.headers.get("accept-language", "")[:200].split(",")
        return choose_language(request.query.get("lang"), *wishes)

    # -- the token that proves that the page was seen ----------------------------------------

    def _make_token(self) -> str:
        content = int(self._now()).to_bytes(5, "big") + secrets.token_bytes(12)
        return base64.urlsafe_b64encode(content + self._seal(content)).decode("ascii")

    def _read_token(self, token: str) -> str | None:
        """Return the identity of the page that was filled in, None when it is not ours."""
        try:
            whole = base64.b64decode(token[:80].encode("ascii"), altchars=b"-_", validate=True)
        except ValueError:
            return None
        content, seal = whole[:17], whole[17:]
        if not hmac.compare_digest(seal, self._seal(content)):
            return None
        age = self._now() - int.from_bytes(content[:5], "big")
        return content.hex() if -60 <= age <= _TOKEN_SECONDS else None

    def _seal(self, content: bytes) -> bytes:
        named = self._address.encode() + b"\0" + content
        return hmac.digest(self._form.key, named, hashlib.sha256)[:16]


def _is_same_site(request: HookRequest) -> bool:
    """Say whether the page that sends is ours; browsers tell, other programs need not."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


async def _entries_of(request: HookRequest, form: FormPage) -> Entries:
    declared = request.headers.get("content-type", "")
    if isinstance(request.body, bytes):
        return read_entries(request.body, declared, form)
    return await asyncio.to_thread(read_entries, request.body, declared, form)
