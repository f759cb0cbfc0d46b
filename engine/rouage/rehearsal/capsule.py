"""A run for the person who helps: its recipe, its trace and a test that plays it again."""

import json
import platform
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from rouage import __version__
from rouage.catalog.catalog import Catalog
from rouage.errors import RouageError
from rouage.language import Text
from rouage.model.recipe import Recipe
from rouage.model.run import RunRecord, StepRecord
from rouage.records import dataclass
from rouage.rehearsal.pseudonyms import Pseudonyms, declared_words, words_of
from rouage.rerun import steps_of
from rouage.sdk.json import JSON

FORMAT: Final = 1
MOST_BYTES: Final = 16 << 20
_STEP_TEXTS: Final = ("path", "action", "state")
_FILE: Final = re.compile(r"[\w][\w .-]*\.ya?ml")
_MARK: Final = "rouage_capsule"

_NOT_ONE: Final = Text("this is no capsule of Rouage", "ce n’est pas une capsule de Rouage")
_NEWER: Final = Text(
    "this capsule was made by a newer Rouage: update yours",
    "cette capsule vient d’un Rouage plus récent : mettez le vôtre à jour",
)


class CapsuleError(RouageError):
    """A capsule, or what came back for one, cannot be used."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """What a capsule is made of; `case` is the run as a test, `text` the recipe's own text."""

    run: RunRecord
    recipe: Recipe
    text: str
    file: str
    case: Mapping[str, JSON]
    catalog: Catalog
    timezone: str
    language: str


def contents(subject: Subject, aliases: Pseudonyms) -> dict[str, JSON]:
    """Return what goes into the capsule, all data under aliases."""
    case = case_of(subject.case, aliases)
    run = subject.run
    return {
        _MARK: FORMAT,
        "recipe": {
            "id": subject.recipe.id,
            "file": subject.file,
            "text": subject.text,
            "base": digest_of(subject.text.encode()),
        },
        "run": {
            "id": run.id,
            "state": run.state,
            "created": run.created.isoformat(),
            "started": None if run.started is None else run.started.isoformat(),
            "ended": None if run.ended is None else run.ended.isoformat(),
            "error": _error(run.error, aliases),
            "steps": [_step(step, aliases) for step in run.steps],
        },
        "case": case,
        "facts": {
            "rouage": __version__,
            "python": platform.python_version(),
            "system": platform.system(),
            "timezone": subject.timezone,
            "language": subject.language,
            "connectors": [*sorted(subject.catalog.connectors)],
        },
    }


def case_of(case: Mapping[str, JSON], aliases: Pseudonyms) -> dict[str, JSON]:
    """Return the test under aliases: its words stay, data and answers do not."""
    told: dict[str, JSON] = {}
    for word, content in case.items():
        if word == "event" and isinstance(content, dict):
            told[word] = {**content, "data": aliases.value(content.get("data"))}
        elif word in {"answers", "inputs"}:
            told[word] = _told(content, aliases)
        elif word == "expect" and isinstance(content, dict):
            told[word] = {name: _expected(name, one, aliases) for name, one in content.items()}
        else:
            told[word] = content
    return told


def kept_words(subject: Subject) -> set[str]:
    """Return the words that stay: those of the recipe, and the values that connectors allow."""
    kept = words_of(subject.text)
    catalog = subject.catalog
    for use in subject.recipe.triggers:
        if use.uses in catalog.triggers:
            kept.update(declared_words(dict(catalog.triggers[use.uses].event)))
    for step in steps_of(subject.recipe):
        if step.uses in catalog.actions:
            action = catalog.actions[step.uses]
            kept.update(declared_words(dict(action.result)))
            kept.update(declared_words(action.parameters.schema))
    return kept


def read(content: bytes) -> dict[str, Any]:
    """Return the capsule in the decrypted *content*.

    Raises:
        CapsuleError: it is none.
    """
    try:
        data = json.loads(content)
        recipe = data["recipe"]
        texts = [recipe[name] for name in ("id", "file", "text", "base")]
        texts += [data["id"], data["reply_key"], data["facts"]["timezone"], data["run"]["id"]]
        texts += [step[name] for step in data["run"]["steps"] for name in _STEP_TEXTS]
        is_whole = all(isinstance(one, str) for one in (*texts, data["run"]["state"]))
        # A test may name a file to read: this one is to read nothing of the person who helps.
        is_whole = is_whole and isinstance(data["case"], dict) and "file" not in data["case"]
        number = int(data[_MARK])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise CapsuleError(_NOT_ONE) from error
    if not is_whole or not _FILE.fullmatch(recipe["file"]):
        raise CapsuleError(_NOT_ONE)
    if number > FORMAT:
        raise CapsuleError(_NEWER)
    return dict(data)


def digest_of(text: bytes) -> str:
    """Return the name of a text, by which a patch says what it was made for."""
    return sha256(text).hexdigest()


def _told(content: JSON, aliases: Pseudonyms) -> JSON:
    """Return answers: the sentences of errors stay readable."""
    if isinstance(content, dict):
        if set(content) == {"error"}:
            return {"error": _error(content["error"], aliases)}
        return {
            name: _told(one, aliases)
            if isinstance(one, dict | list)
            else aliases.value(one, name=name)
            for name, one in content.items()
        }
    if isinstance(content, list):
        return [_told(one, aliases) for one in content]
    return aliases.value(content)


def _expected(word: str, content: JSON, aliases: Pseudonyms) -> JSON:
    if word in {"state", "steps"}:
        return content
    if word in {"error", "reason"}:
        return aliases.message(str(content))
    if word == "effects" and isinstance(content, list):
        return [
            {
                name: one if name == "action" else aliases.value(one, name=name)
                for name, one in effect.items()
            }
            for effect in content
            if isinstance(effect, dict)
        ]
    return aliases.value(content)


def _step(step: StepRecord, aliases: Pseudonyms) -> dict[str, JSON]:
    seconds = None
    if step.started is not None and step.ended is not None:
        seconds = round((step.ended - step.started).total_seconds(), 3)
    return {
        "path": step.path,
        "action": step.action,
        "state": step.state,
        "attempts": step.attempts,
        "seconds": seconds,
        "parameters": aliases.value(step.parameters),
        "result": aliases.value(step.result),
        "error": _error(step.error, aliases),
    }


def _error(error: Any, aliases: Pseudonyms) -> JSON:
    if isinstance(error, dict):
        return {
            name: one if name == "kind" else _error(one, aliases) for name, one in error.items()
        }
    return aliases.message(error) if isinstance(error, str) else error
