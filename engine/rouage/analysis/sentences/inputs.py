"""What a person fills in, in sentences: the inputs of a recipe, the fields of a question."""

from collections.abc import Mapping
from typing import Any, Final

from rouage.analysis.sentences.parts import Teller
from rouage.analysis.sentences.voice import Keys, Line
from rouage.language import Text
from rouage.recipes.document import Path

_KINDS: Final[Mapping[str, Text]] = {
    "text": Text("a text", "un texte"),
    "number": Text("a number", "un nombre"),
    "integer": Text("a whole number", "un nombre entier"),
    "boolean": Text("yes or no", "oui ou non"),
    "date": Text("a date", "une date"),
    "time": Text("a time of day", "une heure"),
    "datetime": Text("a date and time", "une date et une heure"),
    "duration": Text("a length of time", "une durée"),
    "money": Text("an amount of money", "un montant"),
    "email": Text("an e-mail address", "une adresse e-mail"),
    "phone": Text("a phone number", "un numéro de téléphone"),
    "url": Text("a web address", "une adresse web"),
    "file": Text("a file", "un fichier"),
    "folder": Text("a folder", "un dossier"),
    "table": Text("a table", "un tableau"),
    "choice": Text("a choice", "un choix"),
    "list": Text("a list", "une liste"),
    "map": Text("names with values", "des noms avec des valeurs"),
    "secret": Text("a secret", "un secret"),
    "account": Text("an account", "un compte"),
}
_CHOICES: Final = Text("namely {said}", "à savoir {said}")
_LEAST: Final = Text("{said} at least", "au moins {said}")
_MOST: Final = Text("{said} at most", "au plus {said}")
_PATTERN: Final = Text("of the form {said}", "de la forme {said}")
_DEFAULT: Final = Text("{said} unless told otherwise", "{said} par défaut")
_OPTIONAL: Final = Text("may stay empty", "peut rester vide")
_REQUIRED: Final = Text("must be filled in", "obligatoire")
_HIDDEN: Final = Text("never shown", "sans jamais l’afficher")
_SHOWN: Final = Text("not hidden", "sans rien cacher")
_LABEL: Final = Text("labelled {said}", "sous le nom {said}")


def tell_inputs(teller: Teller, declared: Any, path: Path, depth: int) -> list[Line]:
    """Return a line for each input."""
    entries = declared.items() if isinstance(declared, Mapping) else ()
    return [
        Line(depth=depth, text=f"- {_tell(teller, name, one)}", path=(*path, name))
        for name, one in entries
        if isinstance(one, Mapping)
    ]


def labels_of(declared: Any) -> dict[str, str]:
    """Return what the inputs are called in front of people, by name."""
    entries = declared.items() if isinstance(declared, Mapping) else ()
    return {
        name: str(one["label"])
        for name, one in entries
        if isinstance(one, Mapping) and one.get("label") is not None
    }


def _tell(teller: Teller, name: str, declared: Mapping[str, Any]) -> str:
    keys = Keys(declared)
    kind = str(keys.take("type"))
    said = [teller.say(_KINDS.get(kind, Text(kind, kind))), *_shape(teller, keys)]
    said += _filling(teller, keys, is_secret=kind == "secret")
    about = keys.take("help")
    first = f"{teller.voice.colon(teller.voice.quote(name))} {', '.join(said)}."
    help_ = "" if about is None else teller.voice.sentence(str(about))
    return " ".join(filter(None, [first, help_, teller.unsaid(keys)]))


def _shape(teller: Teller, keys: Keys) -> list[str]:
    """Return how the value is called, and what it must look like."""
    said = []
    label, choices, pattern = keys.take("label"), keys.take("choices"), keys.take("pattern")
    if label is not None:
        said.append(teller.say(_LABEL, said=teller.voice.quote(label)))
    if isinstance(choices, list):
        listed = teller.voice.any_of([teller.values.value(one) for one in choices])
        said.append(teller.say(_CHOICES, said=listed))
    for key, text in (("min", _LEAST), ("max", _MOST)):
        value = keys.take(key)
        if value is not None:
            said.append(teller.say(text, said=teller.values.value(value)))
    if pattern is not None:
        said.append(teller.say(_PATTERN, said=teller.voice.quote(pattern)))
    return said


def _filling(teller: Teller, keys: Keys, *, is_secret: bool) -> list[str]:
    """Return whether it must be filled in, and what stands there otherwise."""
    said = []
    secret, required = keys.take("secret"), keys.take("required")
    if keys.has("default"):
        is_hidden = is_secret or bool(secret)
        value = teller.values.value(keys.take("default"), is_secret=is_hidden)
        said.append(teller.say(_DEFAULT, said=value))
    if required is not None:
        said.append(teller.say(_REQUIRED if required else _OPTIONAL))
    if secret is not None:
        said.append(teller.say(_HIDDEN if secret else _SHOWN))
    return said
