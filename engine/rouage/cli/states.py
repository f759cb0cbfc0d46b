"""The states of runs, steps and triggers as people read them; data keeps the plain words."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from rouage.language import Language, Text

_GREEN: Final = "green"
_RED: Final = "red"
_YELLOW: Final = "yellow"
_CYAN: Final = "cyan"

_WORDS: Final[Mapping[str, tuple[Text, str]]] = {
    # runs and steps
    "queued": (Text("queued", "en file"), ""),
    "running": (Text("running", "en cours"), _CYAN),
    "waiting": (Text("waiting", "en attente"), _CYAN),
    "waiting_node": (Text("waiting_node", "en attente d’une machine"), _CYAN),
    "blocked": (Text("blocked", "bloquée"), _YELLOW),
    "needs_attention": (Text("needs_attention", "demande votre avis"), _YELLOW),
    "succeeded": (Text("succeeded", "réussie"), _GREEN),
    "failed": (Text("failed", "échouée"), _RED),
    "skipped": (Text("skipped", "sautée"), ""),
    "cancelled": (Text("cancelled", "annulée"), ""),
    "started": (Text("started", "commencée"), _CYAN),
    "done": (Text("done", "faite"), _GREEN),
    "in_doubt": (Text("in_doubt", "incertaine"), _YELLOW),
    # the daemon and its triggers
    "ok": (Text("ok", "tout va bien"), _GREEN),
    "starting": (Text("starting", "démarre"), ""),
    "listening": (Text("listening", "à l’écoute"), _GREEN),
    "polling": (Text("polling", "relève"), _GREEN),
    "degraded": (Text("degraded", "dégradé"), _YELLOW),
    "refusing": (Text("refusing", "refuse tout"), _RED),
    "error": (Text("error", "en erreur"), _RED),
}

STYLES: Final[Mapping[str, str]] = {
    word: style for text, style in _WORDS.values() for word in text if style
}
"""The colour of each word on a terminal."""


def state_word(state: str, language: Language) -> str:
    """Return *state* in the reader's language."""
    known = _WORDS.get(state)
    return state if known is None else known[0].render(language)


def local_time(moment: str | datetime | None, zone: ZoneInfo) -> str:
    """Return *moment*, also one written as ISO text, on the clock of *zone*, to the second."""
    if moment is None:
        return "–"
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError:
            return str(moment)
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
