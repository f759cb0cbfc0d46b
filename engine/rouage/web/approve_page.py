"""The page behind a signed link: GET shows the question, only POST decides (S-17, N-15).

A link answers for one person, once: a second visit shows what came of it. Nothing here
needs the token of the workspace, and nothing here tells more than the question it is for.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final, cast
from urllib.parse import parse_qsl, quote

from aiohttp import web

from rouage.errors import StepError
from rouage.language import Language, Text
from rouage.records import dataclass
from rouage.safety.names import shown as visible
from rouage.web.api import Api, Refused
from rouage.web.approvals import DECISIONS, LONGEST_REASON, Decision, answer_payload, submit
from rouage.web.approve_form import form_of, outcome_of, shown_items
from rouage.web.fields import FieldError, read_field
from rouage.web.links import Grant
from rouage.web.page import page
from rouage.web.pictures import picture_type
from rouage.web.questions import Standing, fields_of, is_over, shown_files, standing_of
from rouage.web.runs import closing_of
from rouage.web.wording import when

_MOST_FIELDS: Final = 200
_FIELD: Final = "field."

_NO_LINK: Final = Text("This link does not work", "Ce lien ne fonctionne pas")
_NO_LINK_WHY: Final = Text(
    "It is incomplete, or it was not made here. Open it again from the message it came in.",
    "Il est incomplet, ou il ne vient pas d’ici. Rouvrez-le depuis le message reçu.",
)
_EXPIRED: Final = Text("This link has expired", "Ce lien a expiré")
_EXPIRED_WHY: Final = Text(
    "Nothing was decided by opening it. The next reminder brings a fresh one.",
    "L’ouvrir n’a rien décidé. Le prochain rappel en apportera un nouveau.",
)
_OUTDATED: Final = Text("The question has changed", "La question a changé")
_OUTDATED_WHY: Final = Text(
    "What is asked now is not what this link was made for. Nothing was decided.",
    "Ce qui est demandé maintenant n’est pas ce pour quoi ce lien a été fait. Rien n’a été décidé.",
)
_BROKEN_FORM: Final = Text(
    "This could not be taken as an answer. Open the link again.",
    "Ceci n’a pas pu être pris comme réponse. Rouvrez le lien.",
)
_CHANGED_FILE: Final = Text(
    "this file has changed since it was shown for approval",
    "ce fichier a changé depuis qu’il a été montré pour approbation",
)
_NO_FILE: Final = Text("there is no such file", "ce fichier n’existe pas")
_UNTIL: Final = Text("To be answered by {at}", "À répondre avant le {at}")
_FOR: Final = Text("You answer as {person}", "Vous répondez en tant que {person}")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Visit:
    """A request with a link of ours."""

    api: Api
    token: str
    grant: Grant
    language: Language
    standing: Standing

    @property
    def is_expired(self) -> bool:
        return self.api.control.now() >= self.grant.expires

    @property
    def may_decide(self) -> bool:
        """Say whether this person can still answer what this link is for."""
        standing = self.standing
        return not (
            self.is_expired
            or is_over(standing)
            or standing.answer_of(self.grant.person) is not None
            or len({one.author for one in standing.answers}) >= _needed(standing)
        )


def _needed(standing: Standing) -> int:
    need = standing.question.get("need", 1)
    return need if isinstance(need, int) else 1


async def show_page(api: Api, request: web.Request) -> web.Response:
    """Show the question, or what came of it; nothing is decided here."""
    visit = await _visit(api, request)
    if isinstance(visit, web.Response):
        return visit
    if not visit.may_decide:
        return _outcome(visit)
    if visit.standing.digest != visit.grant.digest:
        return _message(visit.language, _OUTDATED, _OUTDATED_WHY, status=409)
    return _question(visit)


async def decide(api: Api, request: web.Request) -> web.Response:
    """Take the answer that the form of the page sends, then show what came of it."""
    visit = await _visit(api, request)
    if isinstance(visit, web.Response):
        return visit
    given = await _form(request)
    is_ours = given is not None and api.control.links.is_form_proof(
        visit.token, given.get("proof", "")
    )
    if given is None or not is_ours or given.get("choice") not in DECISIONS:
        return _message(visit.language, _NO_LINK, _BROKEN_FORM, status=403)
    if not visit.may_decide:
        return _see(visit)
    if visit.standing.digest != visit.grant.digest or given.get("shown") != visit.grant.digest:
        return _message(visit.language, _OUTDATED, _OUTDATED_WHY, status=409)
    return await _take(visit, given)


async def _take(visit: _Visit, given: Mapping[str, str]) -> web.Response:
    wait = visit.standing.wait
    assert wait is not None  # noqa: S101 - `may_decide` has looked
    choice = cast("Decision", given["choice"])
    try:
        payload = answer_payload(
            choice,
            fields=_typed(visit.standing.question, given) if choice == "approve" else {},
            reason=given.get("reason", "").strip()[:LONGEST_REASON],
            shown=visit.grant.digest,
        )
        signal_id = f"link:{sha256(visit.token.encode()).hexdigest()[:32]}"
        await submit(visit.api, wait, payload, author=visit.grant.person, signal_id=signal_id)
    except FieldError as error:
        complaint = error.message.render(visit.language, error.facts)
        return _question(visit, given=given, complaint=complaint, wrong=error.field)
    except Refused as refused:
        if refused.status == 422:
            complaint = refused.message.render(visit.language, refused.facts)
            wrong = str(refused.details.get("field", ""))
            return _question(visit, given=given, complaint=complaint, wrong=wrong)
        if refused.code in {"already_answered", "too_late", "over"}:
            return _see(visit)
        raise
    return _see(visit)


async def download(api: Api, request: web.Request) -> web.Response:
    """Hand out a file that the question shows, if it is still what was shown.

    Raises:
        Refused: the link does not reach such a file, or the file has changed.
    """
    visit = await _visit(api, request)
    if isinstance(visit, web.Response) or not visit.may_decide:
        raise Refused(404, "not_found", _NO_FILE)
    wanted = request.match_info["digest"]
    is_current = visit.standing.digest == visit.grant.digest
    files = shown_files(visit.standing.question) if is_current else ()
    file = next((one for one in files if one.sha256 == wanted), None)
    if file is None:
        raise Refused(404, "not_found", _NO_FILE)
    try:
        content = await api.control.read_shown(file.path)
    except StepError as error:
        raise Refused(409, "unreadable", error.message, facts=error.facts) from error
    if sha256(content).hexdigest() != file.sha256:
        raise Refused(409, "changed", _CHANGED_FILE)
    name = quote(file.name, safe="", errors="replace")
    return web.Response(
        body=content,
        content_type=picture_type(content) or "application/octet-stream",
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "X-Robots-Tag": "noindex, nofollow",
        },
    )


# -- reading ---------------------------------------------------------------------------------


async def _visit(api: Api, request: web.Request) -> "_Visit | web.Response":
    """Return the visit, or the page that says why the link leads nowhere."""
    language, token = api.language_of(request), request.match_info["token"]
    grant = api.control.links.read(token)
    standing = None
    if grant is not None:
        standing = await standing_of(api.control.reader, grant.run, grant.path)
    if grant is None or standing is None:
        return _message(language, _NO_LINK, _NO_LINK_WHY, status=404)
    visit = _Visit(api=api, token=token, grant=grant, language=language, standing=standing)
    if visit.is_expired and not is_over(standing) and not standing.answers:
        return _message(language, _EXPIRED, _EXPIRED_WHY, status=410)
    return visit


async def _form(request: web.Request) -> dict[str, str] | None:
    """Return what the form holds; None when it is not a form of ours."""
    try:
        text = (await request.read()).decode("utf-8")
        pairs = parse_qsl(
            text,
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:
        return None
    given = dict(pairs)
    return given if len(given) == len(pairs) else None


def _typed(question: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields of the form as the types that the question declares.

    A field that was emptied is null: it must not come back as what was proposed.

    Raises:
        FieldError: one does not fit.
    """
    values: dict[str, Any] = {}
    for name, declared in fields_of(question).items():
        text = given.get(_FIELD + name)
        if text is not None:
            values[name] = read_field(name, declared, text) if text.strip() else None
    return values


# -- showing ---------------------------------------------------------------------------------


def _see(visit: _Visit) -> web.Response:
    """Send the browser to the page, so that a reload sends nothing twice."""
    return web.Response(status=303, headers={"Location": f"/approve/{visit.token}"})


def _message(language: Language, title: Text, why: Text, *, status: int) -> web.Response:
    heading = title.render(language)
    facts = {
        "language": language,
        "title": heading,
        "heading": heading,
        "lines": [why.render(language)],
    }
    return page(facts, status=status)


def _question(
    visit: _Visit,
    *,
    given: Mapping[str, str] | None = None,
    complaint: str | None = None,
    wrong: str | None = None,
) -> web.Response:
    standing, language, zone = visit.standing, visit.language, visit.api.control.zone
    wait = standing.wait
    ask = visible_text(standing.question.get("ask"), language)
    lines = [_FOR.render(language, {"person": visible(visit.grant.person)})]
    closing = None if wait is None else closing_of(wait)
    if closing is not None:
        lines.insert(0, _UNTIL.render(language, {"at": when(closing, zone, language)}))
    facts = {
        "language": language,
        "title": ask[:80],
        "heading": ask,
        "recipe": visible(standing.run.recipe),
        "lines": lines,
        "complaint": complaint,
        **shown_items(standing.question, language, f"/approve/{visit.token}/"),
        "form": form_of(
            standing.question,
            language,
            given=given,
            wrong=wrong,
            action=f"/approve/{visit.token}",
            proof=visit.api.control.links.form_proof(visit.token),
        ),
    }
    return page(facts, status=200 if complaint is None else 422)


def _outcome(visit: _Visit) -> web.Response:
    standing, language, zone = visit.standing, visit.language, visit.api.control.zone
    facts = {
        "language": language,
        "recipe": visible(standing.run.recipe),
        **outcome_of(standing, language, zone),
    }
    return page(facts)


def visible_text(value: Any, language: Language) -> str:
    """Return a text of a question in one language, without characters that hide or reorder."""
    if isinstance(value, Mapping):
        value = value.get(language) or value.get("en") or ""
    return "\n".join(visible(line) for line in str(value or "").splitlines()) or "?"
