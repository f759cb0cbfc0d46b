"""The nodes of n8n that do something, as steps."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from rouage.analysis.drafting.draft import Piece
from rouage.analysis.importing.foreign import duration_of, left_out, maps
from rouage.analysis.importing.n8n.expressions import Source, text_of, value_of
from rouage.language import Text
from rouage.recipes.normal import id_from_file
from rouage.records import dataclass

Entry = dict[str, Any]

_CREDENTIAL: Final = Text(
    "n8n used the credential {names}; store it with `rouage secrets set` and name it here",
    "n8n utilisait l’identifiant {names} ; rangez-le avec « rouage secrets set » et nommez-le ici",
)
_CHANNEL: Final = Text(
    "n8n sent this by {service}; say how you want to be told.",
    "n8n envoyait ceci par {service} ; dites comment vous voulez être prévenu.",
)
_UNITS: Final = {"seconds": 1, "minutes": 60, "hours": 3_600, "days": 86_400}


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """One node as n8n has it: `kind` is its type without the name of the package."""

    name: str
    kind: str
    parameters: Mapping[str, Any]
    data: Mapping[str, Any]

    @property
    def is_off(self) -> bool:
        """Say whether it was switched off."""
        return self.data.get("disabled") is True

    @property
    def credentials(self) -> str:
        """Return the names of what it signs in with, for people."""
        found = self.data.get("credentials")
        names = found.values() if isinstance(found, Mapping) else ()
        given = [str(one.get("name", "…")) for one in names if isinstance(one, Mapping)]
        return ", ".join(f"“{one}”" for one in given)


def entry_of(node: Node, source: Source) -> Entry | None:
    """Return the step of a node; None for what has no equivalent."""
    make = _MAKERS.get(node.kind)
    return None if make is None else make(node, source)


def is_known(kind: str) -> bool:
    """Say whether nodes of this kind become steps."""
    return kind in _MAKERS


def result_of(kind: str, step: str) -> str | None:
    """Return what later steps read where n8n has the `json` of this node."""
    if kind == "httpRequest":
        return f"steps.{step}.body"
    if kind in {"set", "editFields"}:
        return "vars"
    return f"steps.{step}" if kind in _MAKERS else None


def notes_of(node: Node) -> list[Text]:
    """Return what a person should look at in this step."""
    notes = [_CREDENTIAL.fill(names=node.credentials)] if node.credentials else []
    if node.kind in _CHANNELS:
        notes.append(_CHANNEL.fill(service=node.kind))
    options = node.parameters.get("options")
    given = {**node.parameters, **(options if isinstance(options, Mapping) else {})}
    return [*notes, *left_out(given, _COMMON | _KNOWN.get(node.kind, frozenset()))]


def with_common(piece: Piece, node: Node) -> Piece:
    """Add what n8n says beside the parameters of any node."""
    entry = piece.entry
    if entry is None:
        return piece
    entry["name"] = node.name
    if node.is_off:
        entry["enabled"] = False
    if node.data.get("continueOnFail") is True or str(node.data.get("onError", "")).startswith(
        "continue"
    ):
        entry["on_error"] = "continue"
    if node.data.get("retryOnFail") is True and not set(entry) & {"set", "wait", "stop", "choose"}:
        times = node.data.get("maxTries", 3)
        wait = node.data.get("waitBetweenTries", 1000)
        entry["retry"] = {"times": times, "wait": duration_of(float(wait) / 1000) or "1s"}
    return piece


def _pairs(value: Any, source: Source) -> dict[str, Any] | None:
    """Return the rows of a form with a name and a value each; None if one is lost."""
    rows = value.get("parameters", value.get("values", [])) if isinstance(value, Mapping) else []
    found: dict[str, Any] = {}
    for row in maps(rows):
        made = value_of(row.get("value", ""), source)
        if made is None:
            return None
        found[str(row.get("name", ""))] = made
    return found


def _http(node: Node, source: Source) -> Entry | None:
    given = node.parameters
    url = text_of(str(given.get("url", "")), source)
    if not url:
        return None
    parameters: Entry = {"url": url}
    method = str(given.get("method", given.get("requestMethod", "GET"))).upper()
    if method != "GET":
        parameters["method"] = method
    forms = {
        "query": ("sendQuery", "queryParameters", "queryParametersUi"),
        "headers": ("sendHeaders", "headerParameters", "headerParametersUi"),
        "json": ("sendBody", "bodyParameters", "bodyParametersUi"),
    }
    for name, (switch, new, old) in forms.items():
        rows = given.get(new, {}) if given.get(switch, new in given) else given.get(old, {})
        pairs = _pairs(_rows(rows), source)
        if pairs is None:
            return None
        if pairs:
            parameters[name] = pairs
    return _with_body(parameters, given, source)


def _rows(value: Any) -> Any:
    """Return the rows of the older forms, which had one name more around them."""
    if isinstance(value, Mapping) and "parameter" in value:
        return {"parameters": value["parameter"]}
    return value


def _with_body(parameters: Entry, given: Mapping[str, Any], source: Source) -> Entry | None:
    written = given.get("jsonBody", given.get("bodyParametersJson"))
    if isinstance(written, str) and written.strip():
        body = text_of(written, source)
        if body is None:
            return None
        parameters.pop("json", None)
        headers = dict(parameters.get("headers") or {})
        parameters["headers"] = {"Content-Type": "application/json", **headers}
        parameters["body"] = body
    return {"http.request": parameters}


def _set(node: Node, source: Source) -> Entry | None:
    given = node.parameters
    rows = given.get("assignments")
    if isinstance(rows, Mapping):
        pairs = _pairs({"values": rows.get("assignments", [])}, source)
    else:
        values = given.get("values", given.get("fields", {}))
        found = values.values() if isinstance(values, Mapping) else ()
        pairs = _pairs({"values": [row for rows in found for row in maps(rows)]}, source)
    if not pairs:
        return None
    # A variable is a name: no blank and no dot in it.
    is_named = all(name.isidentifier() for name in pairs)
    return {"set": pairs} if is_named else None


def _wait(node: Node, source: Source) -> Entry | None:
    del source
    given = node.parameters
    if given.get("resume", "timeInterval") != "timeInterval":
        return None
    size, amount = _UNITS.get(str(given.get("unit", "hours"))), given.get("amount", 1)
    if size is None or isinstance(amount, bool) or not isinstance(amount, int | float):
        return None
    duration = duration_of(float(amount) * size)
    return None if duration is None else {"wait": duration}


def _command(node: Node, source: Source) -> Entry | None:
    command = text_of(str(node.parameters.get("command", "")), source)
    if not command or "${{" in command.replace("$${{", ""):
        # What comes from elsewhere must never be read by a shell.
        return None
    return {"shell.run": {"command": ["sh", "-c", command]}}


def _mail(node: Node, source: Source) -> Entry | None:
    given = node.parameters
    body = given.get("text", given.get("message", ""))
    named = {"to": given.get("toEmail", given.get("sendTo")), "subject": given.get("subject")}
    made = {name: text_of(str(value), source) for name, value in named.items() if value}
    if set(made) != {"to", "subject"} or None in made.values():
        return None
    parameters: Entry = dict(made)
    for name, value in (("body", body), ("html", given.get("html"))):
        if value:
            text = text_of(str(value), source)
            if text is None:
                return None
            parameters[name] = text
    return {"mail.send": parameters}


def _notify(node: Node, source: Source) -> Entry | None:
    given = node.parameters
    written = next((given[one] for one in ("text", "message", "content") if given.get(one)), None)
    text = None if written is None else text_of(str(written), source)
    return None if text is None else {"notify.send": {"text": text}}


def _stop(node: Node, source: Source) -> Entry | None:
    text = text_of(str(node.parameters.get("errorMessage", "")), source)
    return None if text is None else {"stop": {"text": text, "result": "failed"}}


def _call(node: Node, source: Source) -> Entry | None:
    del source
    chosen = node.parameters.get("workflowId")
    name = chosen.get("cachedResultName") if isinstance(chosen, Mapping) else None
    return None if not name else {"call": {"recipe": id_from_file(str(name))}}


_CHANNELS: Final = ("slack", "telegram", "discord", "mattermost", "pushover", "gotify", "matrix")
_MAKERS: Final[Mapping[str, Callable[[Node, Source], Entry | None]]] = {
    "httpRequest": _http,
    "set": _set,
    "editFields": _set,
    "wait": _wait,
    "executeCommand": _command,
    "emailSend": _mail,
    "gmail": _mail,
    "stopAndError": _stop,
    "executeWorkflow": _call,
    **dict.fromkeys(_CHANNELS, _notify),
}
# Parameters that a step is made of, or that change nothing here.
_COMMON: Final = frozenset({"options", "resource", "operation", "authentication", "mode"})
_MAIL: Final = frozenset(
    {"toEmail", "sendTo", "subject", "text", "message", "html", "emailFormat", "emailType"}
)
_KNOWN: Final[Mapping[str, frozenset[str]]] = {
    "httpRequest": frozenset(
        {
            *("url", "method", "requestMethod", "genericAuthType", "nodeCredentialType"),
            *("sendQuery", "queryParameters", "queryParametersUi", "specifyQuery"),
            *("sendHeaders", "headerParameters", "headerParametersUi", "specifyHeaders"),
            *("sendBody", "bodyParameters", "bodyParametersUi", "specifyBody", "contentType"),
            *("jsonBody", "bodyParametersJson", "jsonParameters"),
        }
    ),
    "set": frozenset({"values", "assignments", "fields", "keepOnlySet"}),
    "editFields": frozenset({"values", "assignments", "fields"}),
    "wait": frozenset({"amount", "unit", "resume"}),
    "executeCommand": frozenset({"command", "executeOnce"}),
    "emailSend": _MAIL,
    "gmail": _MAIL,
    "stopAndError": frozenset({"errorMessage", "errorType"}),
    "executeWorkflow": frozenset({"workflowId", "source"}),
    **dict.fromkeys(_CHANNELS, frozenset({"text", "message", "content"})),
}
