"""What the names of expressions are called in a sentence."""

from collections.abc import Mapping
from typing import Final

from rouage.language import Text
from rouage.records import dataclass


@dataclass(frozen=True, slots=True)
class Noun:
    """A noun, and whether it is feminine in French."""

    text: Text
    is_feminine: bool = False


NOUNS: Final[Mapping[str, Noun]] = {
    "event.file": Noun(Text("the file", "le fichier")),
    "event.file.path": Noun(Text("the path of the file", "le chemin du fichier")),
    "event.file.name": Noun(Text("the name of the file", "le nom du fichier")),
    "event.file.stem": Noun(
        Text("the name of the file without its ending", "le nom du fichier sans son extension")
    ),
    "event.file.ext": Noun(Text("the extension", "l’extension"), is_feminine=True),
    "event.file.folder": Noun(Text("the folder of the file", "le dossier du fichier")),
    "event.file.size": Noun(Text("the size", "la taille"), is_feminine=True),
    "event.file.modified": Noun(
        Text("the date of the file", "la date du fichier"), is_feminine=True
    ),
    "event.file.sha256": Noun(
        Text("the fingerprint of the file", "l’empreinte du fichier"), is_feminine=True
    ),
    "event.due": Noun(Text("the planned time", "l’heure prévue"), is_feminine=True),
    "event.late": Noun(Text("the delay", "le retard")),
    "event.body": Noun(Text("what was received", "ce qui a été reçu")),
    "event.method": Noun(Text("the method of the request", "la méthode de la requête"), True),
    "event.id": Noun(Text("the number of the delivery", "le numéro de l’envoi")),
    "event.items": Noun(Text("the gathered events", "les événements rassemblés")),
    "event": Noun(Text("the event", "l’événement")),
    "trigger.id": Noun(Text("the name of the trigger", "le nom du déclencheur")),
    "run.id": Noun(Text("the number of the run", "le numéro de l’exécution")),
    "run.started_at": Noun(Text("the start of the run", "le début de l’exécution")),
    "recipe.id": Noun(Text("the identity of the recipe", "l’identité de la recette"), True),
    "recipe.name": Noun(Text("the name of the recipe", "le nom de la recette")),
    "error.message": Noun(Text("what went wrong", "ce qui a échoué")),
    "error.kind": Noun(Text("the kind of failure", "la sorte d’échec"), True),
    "error.step": Noun(Text("the step that failed", "l’étape qui a échoué"), True),
    "loop.index": Noun(Text("the number of the turn", "le numéro du tour")),
    "loop.first": Noun(Text("the first turn", "le premier tour")),
    "loop.last": Noun(Text("the last turn", "le dernier tour")),
}

_FIELD: Final = Text("{name} of what was received", "{name} de ce qui a été reçu")
_SHORT: Final[Mapping[str, tuple[int, Noun]]] = {
    "inputs": (2, Noun(Text("{name}", "{name}"))),
    "vars": (2, Noun(Text("{name}", "{name}"))),
    "secrets": (2, Noun(Text("the secret {name}", "le secret {name}"))),
    "steps": (2, Noun(Text("the result of step {name}", "le résultat de l’étape {name}"))),
}


def noun_of(steps: tuple[str, ...]) -> tuple[Noun, dict[str, str]] | None:
    """Return the noun of a look-up by its pattern, and the facts it needs; else None."""
    root, rest = steps[0], steps[1:]
    if root == "event" and len(steps) >= 3:
        return _of_event(steps)
    if root == "steps" and len(steps) >= 3:
        text = Text("{field} of step {name}", "{field} de l’étape {name}")
        return Noun(text), {"name": steps[1], "field": ".".join(steps[2:])}
    if root in {"inputs", "vars"} and rest:
        return _SHORT[root][1], {"name": ".".join(rest)}
    short = _SHORT.get(root)
    if short is not None and len(steps) == short[0]:
        return short[1], {"name": steps[1]}
    return None


def _of_event(steps: tuple[str, ...]) -> tuple[Noun, dict[str, str]] | None:
    texts = {
        "body": _FIELD,
        "headers": Text("the header {name}", "l’en-tête {name}"),
        "query": Text("{name} of the address", "{name} de l’adresse"),
        "inputs": Text("{name}", "{name}"),
    }
    text = texts.get(steps[1])
    return None if text is None else (Noun(text), {"name": ".".join(steps[2:])})
