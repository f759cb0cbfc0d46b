"""Did-you-mean: the known word that a mistyped or translated one stands for."""

from collections.abc import Iterable, Mapping
from typing import Final

_LONG_WORD: Final = 5
_MOST_CANDIDATES: Final = 2_000

# What French speakers and users of other tools write, and what it is called here. The first
# word of the row that exists where the mistake was made is proposed.
SYNONYMS: Final[Mapping[str, tuple[str, ...]]] = {
    # French
    "quand": ("when",),
    "lorsque": ("when",),
    "declencheur": ("when",),
    "declencheurs": ("when",),
    "si": ("if",),
    "faire": ("do",),
    "alors": ("do",),
    "etapes": ("do",),
    "nom": ("name",),
    "titre": ("title", "name"),
    "etiquettes": ("tags",),
    "actif": ("enabled",),
    "active": ("enabled",),
    "activee": ("enabled",),
    "fuseau": ("timezone",),
    "fuseau_horaire": ("timezone",),
    "entrees": ("inputs",),
    "sorties": ("outputs",),
    "variables": ("vars", "set"),
    "delai": ("timeout",),
    "echeance": ("timeout",),
    "reessayer": ("retry",),
    "essais": ("retry", "times"),
    "erreur": ("on_error",),
    "objet": ("subject", "title"),
    "sujet": ("subject",),
    "destinataire": ("to",),
    "destinataires": ("to",),
    "a": ("to",),
    "copie": ("cc",),
    "corps": ("body", "text"),
    "texte": ("text", "message", "body"),
    "piece_jointe": ("attach",),
    "chemin": ("path",),
    "fichier": ("file", "path"),
    "dossier": ("path", "folder"),
    "source": ("source", "path"),
    "cible": ("target",),
    "vers": ("target", "to"),
    "motif": ("match", "pattern"),
    "filtre": ("match", "choose"),
    "heure": ("time",),
    "jours": ("days",),
    "intervalle": ("interval",),
    "commande": ("command",),
    "ligne": ("row",),
    "definir": ("set",),
    "arreter": ("stop",),
    "arret": ("stop",),
    "attendre": ("wait",),
    "attente": ("wait",),
    "valider": ("approve",),
    "validation": ("approve",),
    "approuver": ("approve",),
    "demander": ("approve", "ask"),
    "question": ("ask", "approve"),
    "montrer": ("show",),
    "champs": ("fields",),
    "relance": ("remind",),
    "choisir": ("choose",),
    "selon": ("choose",),
    "sinon": ("choose",),
    "pour_chaque": ("for_each",),
    "repeter": ("repeat",),
    "fois": ("times",),
    "tant_que": ("while",),
    "jusqua": ("until",),
    "jusqu'a": ("until",),
    "dans": ("in",),
    "comme": ("as",),
    "parallele": ("parallel",),
    "branche": ("branches", "choose"),
    "groupe": ("group",),
    "appeler": ("call",),
    "recette": ("recipe",),
    "emettre": ("emit",),
    "finalement": ("finally",),
    "une_fois": ("once",),
    "lot": ("batch",),
    "limiter": ("throttle",),
    # Home Assistant
    "trigger": ("when",),
    "triggers": ("when",),
    "condition": ("if",),
    "conditions": ("if",),
    "action": ("do",),
    "actions": ("do",),
    "service": ("do",),
    "sequence": ("do",),
    "platform": ("when",),
    "alias": ("name",),
    "wait_for_trigger": ("wait",),
    "wait_template": ("wait",),
    "repeat_for_each": ("for_each",),
    "continue_on_timeout": ("on_timeout",),
    "count": ("times",),
    "else": ("choose",),
    "then": ("do", "choose"),
    "default": ("choose",),
    "event_type": ("name",),
    "mode": ("concurrency", "mode"),
    "variable": ("vars", "set", "as"),
    # GitHub Actions, Kestra, Dagu
    "on": ("when",),
    "uses": ("do",),
    "with": ("do",),
    "run": ("shell.run", "do"),
    "runs": ("do",),
    "steps": ("do",),
    "jobs": ("do",),
    "tasks": ("do",),
    "env": ("env", "vars"),
    "label": ("name",),
    "schedule": ("schedule.cron", "when"),
    "cron": ("schedule.cron", "expression"),
    "continue-on-error": ("on_error",),
    "continue_on_error": ("on_error",),
    "timeout-minutes": ("timeout",),
    "retries": ("retry", "times"),
    "max_attempts": ("times",),
    "attempts": ("times",),
    "delay": ("wait",),
    "sleep": ("wait",),
    "pause": ("wait",),
    "strategy": ("concurrency",),
    "cancel-in-progress": ("mode",),
    "subflow": ("call",),
    "finally_tasks": ("finally",),
    "always": ("finally",),
    "ensure": ("finally",),
    "rescue": ("on_error",),
    "catch": ("on_error",),
    "handler_on": ("on_error",),
    "errors": ("on_error",),
    # n8n, Zapier
    "nodes": ("do",),
    "node": ("do",),
    "connections": ("do",),
    "filter": ("choose", "match"),
    "paths": ("choose",),
    "router": ("choose",),
    "switch": ("choose",),
    "loop_over_items": ("for_each",),
    "executeworkflow": ("call",),
    "execute_workflow": ("call",),
    "webhook": ("webhook.received",),
    "httprequest": ("http.request",),
    "http_request": ("http.request",),
    "httpRequest": ("http.request",),
    "emailsend": ("mail.send",),
    "readfile": ("files.read",),
    "writefile": ("files.write",),
    "executecommand": ("shell.run",),
    "command": ("shell.run",),
    "zap": ("name",),
    # Plain English
    "case": ("choose",),
    "branch": ("branches", "choose"),
    "foreach": ("for_each",),
    "each": ("for_each",),
    "loop": ("for_each", "repeat"),
    "items": ("in",),
    "list": ("in",),
    "item": ("as",),
    "max_iterations": ("max",),
    "max_concurrency": ("max_parallel",),
    "block": ("group",),
    "confirm": ("approve",),
    "prompt": ("ask", "approve"),
    "approvers": ("from",),
    "reviewers": ("from",),
    "people": ("from",),
    "quorum": ("need",),
    "reminder": ("remind",),
    "deadline": ("timeout",),
    "publish": ("emit",),
    "fire": ("emit",),
    "exit": ("stop",),
    "end": ("stop",),
    "break": ("stop",),
    "dedupe": ("once",),
    "unique": ("once",),
    "idempotency_key": ("once",),
    "rate_limit": ("throttle",),
    "cooldown": ("throttle",),
    "from": ("source", "path"),
    "destination": ("target", "to"),
    "dest": ("target", "to"),
    "src": ("source",),
    "folder": ("path",),
    "directory": ("path", "folder"),
    "filename": ("path", "file"),
    "content": ("text", "body"),
    "contents": ("text", "body"),
    "message": ("message", "text", "body"),
    "pattern": ("match",),
    "glob": ("match",),
    "uri": ("url",),
    "disabled": ("enabled",),
}
_ACCENTS: Final = str.maketrans("àâäçéèêëîïôöùûüÿ", "aaaceeeeiioouuuy")


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that *word* most likely stands for, or None.

    A synonym wins; else the closest within two edits (one below five letters), where a
    swap of two neighbours counts as one.
    """
    known = list(candidates)[:_MOST_CANDIDATES]
    plain = word.strip().lower().translate(_ACCENTS)
    return _synonym(plain, known) or _same_letters(plain, known) or _closest(plain, known)


def _synonym(plain: str, known: list[str]) -> str | None:
    for target in SYNONYMS.get(plain.replace(" ", "_"), ()):
        if target in known and target != plain:
            return target
    return None


def _same_letters(plain: str, known: list[str]) -> str | None:
    """Find `Files-Move` for `files.move`, and `move` when one connector alone offers it."""
    bare = _bare(plain)
    for candidate in known:
        if _bare(candidate.lower()) == bare:
            return candidate
    ends = [candidate for candidate in known if candidate.endswith("." + plain)]
    return ends[0] if len(ends) == 1 else None


def _bare(word: str) -> str:
    return "".join(letter for letter in word if letter.isalnum())


def _closest(plain: str, known: list[str]) -> str | None:
    limit = 2 if len(plain) >= _LONG_WORD else 1
    best: str | None = None
    for candidate in known:
        distance = edit_distance(plain, candidate.lower(), limit)
        if distance < (limit + 1 if best is None else limit):
            best, limit = candidate, distance
            if distance <= 1:
                break
    return best


def edit_distance(first: str, second: str, limit: int) -> int:
    """Return the number of edits between two words, or `limit + 1` when there are more.

    An edit inserts, deletes or replaces a letter, or swaps two neighbours
    (Damerau-Levenshtein, optimal string alignment).
    """
    if abs(len(first) - len(second)) > limit:
        return limit + 1
    before: list[int] = []
    above = list(range(len(second) + 1))
    for row, letter in enumerate(first, 1):
        current = [row]
        for column, other in enumerate(second, 1):
            cost = min(
                above[column] + 1,
                current[column - 1] + 1,
                above[column - 1] + (letter != other),
            )
            if _is_swap(first, second, row, column):
                cost = min(cost, before[column - 2] + 1)
            current.append(cost)
        if min(current) > limit:
            return limit + 1
        before, above = above, current
    return min(above[-1], limit + 1)


def _is_swap(first: str, second: str, row: int, column: int) -> bool:
    return (
        row > 1
        and column > 1
        and first[row - 1] == second[column - 2]
        and first[row - 2] == second[column - 1]
    )
