"""What a form asks, as the recipe writes it: like inputs of recipes, in one or two languages."""

import re
from collections.abc import Mapping
from typing import Final

from rouage.sdk import FORM_TYPES, JSON, FormField, StepError, Text

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,40}", re.ASCII)
_SUFFIX: Final = re.compile(r"\.[a-z0-9]{1,10}", re.ASCII)
_WORDS: Final = frozenset(
    {"type", "label", "help", "required", "default", "choices", "min", "max", "lines", "files",
     "endings"}
)  # fmt: skip
_RULES: Final = ("min", "max")
_MOST_FIELDS: Final = 60
_MOST_CHOICES: Final = 300
_MOST_FILES: Final = 20
_MOST_LINES: Final = 40

_NO_FIELDS: Final = Text(
    "a form asks for at least one thing, and at most {most}",
    "un formulaire demande au moins une chose, et {most} au plus",
)
_BAD_NAME: Final = Text(
    "“{field}”: a name is made of letters, digits and _",
    "« {field} » : un nom est fait de lettres sans accent, de chiffres et de _",
)
_BAD_TYPE: Final = Text(
    "“{field}”: the type is one of {known}", "« {field} » : le type est l’un de {known}"
)
_BAD_WORD: Final = Text(
    "“{field}”: {word} is not known here; known: {known}",
    "« {field} » : {word} n’est pas connu ici ; connus : {known}",
)
_BAD_TEXT: Final = Text(
    "“{field}”: {word} is a text, or {{en: …, fr: …}}",
    "« {field} » : {word} est un texte, ou {{en: …, fr: …}}",
)
_BAD_VALUE: Final = Text("“{field}”: {word} does not fit", "« {field} » : {word} ne convient pas")
_NO_CHOICES: Final = Text(
    "“{field}”: a choice needs `choices`, a list of values or of {{value: …, label: …}}",
    "« {field} » : un choix demande `choices`, une liste de valeurs ou de {{value: …, label: …}}",
)


def fields_of(inputs: Mapping[str, JSON]) -> tuple[FormField, ...]:
    """Return what the form asks.

    Raises:
        StepError: something is not written as it should be; the first such thing is told.
    """
    if not 0 < len(inputs) <= _MOST_FIELDS:
        raise StepError(_NO_FIELDS, most=_MOST_FIELDS)
    return tuple(_field(name, written) for name, written in inputs.items())


def text_of(field: str, word: str, written: JSON) -> Text:
    """Return a text that is written once, or in both languages.

    Raises:
        StepError: it is neither.
    """
    if isinstance(written, str):
        return Text(written, written)
    if isinstance(written, Mapping) and written and set(written) <= {"en", "fr"}:
        texts = [one for one in written.values() if isinstance(one, str)]
        if len(texts) == len(written):
            return Text(str(written.get("en", texts[0])), str(written.get("fr", texts[0])))
    raise StepError(_BAD_TEXT, field=field, word=word)


def _field(name: str, written: JSON) -> FormField:
    if _NAME.fullmatch(name) is None:
        raise StepError(_BAD_NAME, field=name)
    declared = {"type": written} if isinstance(written, str) else written
    if not isinstance(declared, Mapping):
        raise StepError(_BAD_TYPE, field=name, known=", ".join(FORM_TYPES))
    for word in declared:
        if word not in _WORDS:
            raise StepError(_BAD_WORD, field=name, word=word, known=", ".join(sorted(_WORDS)))
    kind = declared.get("type", "text")
    if kind not in FORM_TYPES:
        raise StepError(_BAD_TYPE, field=name, known=", ".join(FORM_TYPES))
    hint = declared.get("help")
    return FormField(
        name=name,
        kind=str(kind),
        label=text_of(name, "label", declared.get("label", name)),
        help=None if hint is None else text_of(name, "help", hint),
        is_required=_flag(name, declared, default=kind != "boolean"),
        default=declared.get("default"),
        choices=_choices(name, str(kind), declared.get("choices")),
        rules={word: declared[word] for word in _RULES if word in declared},
        lines=_count(name, declared, "lines", _MOST_LINES),
        most_files=_count(name, declared, "files", _MOST_FILES),
        suffixes=_suffixes(name, declared.get("endings", [])),
    )


def _flag(name: str, declared: Mapping[str, JSON], *, default: bool) -> bool:
    value = declared.get("required", default)
    if not isinstance(value, bool):
        raise StepError(_BAD_VALUE, field=name, word="required")
    return value


def _count(name: str, declared: Mapping[str, JSON], word: str, most: int) -> int:
    value = declared.get(word, 1)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise StepError(_BAD_VALUE, field=name, word=word)
    return value


def _choices(name: str, kind: str, written: JSON) -> tuple[tuple[JSON, Text], ...]:
    if written is None and kind != "choice":
        return ()
    if not isinstance(written, list) or not 0 < len(written) <= _MOST_CHOICES:
        raise StepError(_NO_CHOICES, field=name)
    found: list[tuple[JSON, Text]] = []
    for one in written:
        value = one.get("value") if isinstance(one, Mapping) else one
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise StepError(_NO_CHOICES, field=name)
        label = one.get("label", str(value)) if isinstance(one, Mapping) else str(value)
        found.append((value, text_of(name, "choices", label)))
    return tuple(found)


def _suffixes(name: str, written: JSON) -> tuple[str, ...]:
    given = [written] if isinstance(written, str) else written
    if not isinstance(given, list):
        raise StepError(_BAD_VALUE, field=name, word="endings")
    endings = tuple("." + str(one).lower().lstrip(".") for one in given)
    if not all(_SUFFIX.fullmatch(one) for one in endings):
        raise StepError(_BAD_VALUE, field=name, word="endings")
    return endings
