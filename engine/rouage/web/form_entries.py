"""What a browser sent for a form, as the values that the form asks for."""

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Final
from urllib.parse import parse_qsl

from rouage.errors import StepError
from rouage.flow.answers import check_value
from rouage.language import Text
from rouage.records import dataclass
from rouage.sdk.forms import FormField, FormPage, Upload
from rouage.sdk.json import JSON
from rouage.sdk.multipart import Body, MultipartError, MultipartLimits, read_multipart
from rouage.web.fields import read_field

PREFIX: Final = "field."
_MOST_FIELDS: Final = 500
_FORM: Final = "application/x-www-form-urlencoded"
_PARTS: Final = "multipart/form-data"

_BROKEN: Final = Text("the form is malformed", "le formulaire est mal formé")
_MISSING: Final = Text("“{field}” must be filled in", "« {field} » doit être rempli")
_UNTICKED: Final = Text("“{field}” must be ticked", "« {field} » doit être coché")
_NO_CHOICE: Final = Text(
    "“{field}” must be one of the choices", "« {field} » doit être l’un des choix"
)
_TOO_MANY_FILES: Final = Text(
    "“{field}” takes {most} file(s) at most", "« {field} » accepte {most} fichier(s) au plus"
)
_WRONG_SUFFIX: Final = Text(
    "“{field}” takes files such as {suffixes}", "« {field} » accepte des fichiers comme {suffixes}"
)


class FormMistake(Exception):  # noqa: N818 - what a visitor has to correct, not a fault of ours
    """Something that the visitor has to correct; `field` is its name."""

    def __init__(self, message: Text, field: str) -> None:
        self.message = message
        self.field = field
        super().__init__(message.en)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entries:
    """Texts and files by the names that the page gave them."""

    texts: Mapping[str, list[str]] = field(default_factory=dict)
    files: Mapping[str, list[Upload]] = field(default_factory=dict)

    def one(self, name: str) -> str:
        """Return the first text under *name*; empty when there is none."""
        return (self.texts.get(name) or [""])[0]


def read_entries(body: Body, declared: str, form: FormPage) -> Entries:
    """Return what the form holds.

    Raises:
        MultipartError: it is no form, or too large.
    """
    kind = declared.partition(";")[0].strip().lower()
    if kind == _FORM:
        return Entries(texts=_plain(bytes(body)))
    if kind != _PARTS:
        raise MultipartError(_BROKEN, status=415)
    limits = MultipartLimits(parts=_MOST_FIELDS, field_bytes=256 << 10, file_bytes=form.most_bytes)
    texts: dict[str, list[str]] = {}
    files: dict[str, list[Upload]] = {}
    for part in read_multipart(body, declared, limits):
        if part.file_name is None:
            texts.setdefault(part.name, []).append(part.text())
        elif part.file_name or len(part.content):
            # A browser sends an empty part for a file that was not chosen.
            upload = Upload(name=part.file_name, kind=part.kind, content=part.content)
            files.setdefault(part.name, []).append(upload)
    return Entries(texts=texts, files=files)


def _plain(body: bytes) -> dict[str, list[str]]:
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=_MOST_FIELDS,
            errors="strict",
        )
    except ValueError:
        raise MultipartError(_BROKEN) from None
    texts: dict[str, list[str]] = {}
    for name, value in pairs:
        texts.setdefault(name, []).append(value)
    return texts


def read_values(
    form: FormPage, entries: Entries
) -> tuple[dict[str, JSON], dict[str, tuple[Upload, ...]]]:
    """Return the values and the files that the form asks for; what it does not ask is left.

    Raises:
        FormMistake: something is missing or does not fit; the first such thing.
    """
    values: dict[str, JSON] = {}
    files: dict[str, tuple[Upload, ...]] = {}
    for asked in form.fields:
        if asked.kind == "file":
            files[asked.name] = _files(asked, entries)
        else:
            values[asked.name] = _READERS.get(asked.kind, _typed)(asked, entries)
    return values, files


def _files(asked: FormField, entries: Entries) -> tuple[Upload, ...]:
    given = tuple(entries.files.get(PREFIX + asked.name, ()))
    if not given and asked.is_required:
        raise _mistake(_MISSING, asked)
    if len(given) > asked.most_files:
        raise _mistake(_TOO_MANY_FILES, asked, most=asked.most_files)
    for one in given:
        if asked.suffixes and not one.name.lower().endswith(asked.suffixes):
            raise _mistake(_WRONG_SUFFIX, asked, suffixes=", ".join(asked.suffixes))
    return given


def _boolean(asked: FormField, entries: Entries) -> JSON:
    is_ticked = bool(entries.one(PREFIX + asked.name))
    if asked.is_required and not is_ticked:
        raise _mistake(_UNTICKED, asked)
    return is_ticked


def _list(asked: FormField, entries: Entries) -> JSON:
    given = entries.texts.get(PREFIX + asked.name, [])
    if asked.choices:
        chosen: JSON = [_chosen(asked, one) for one in given if one]
    else:
        lines = "\n".join(given).splitlines()
        chosen = [line.strip() for line in lines if line.strip()]
    if not chosen:
        if asked.is_required:
            raise _mistake(_MISSING, asked)
        return []
    return _checked(asked, chosen)


def _choice(asked: FormField, entries: Entries) -> JSON:
    text = entries.one(PREFIX + asked.name)
    if not text:
        if asked.is_required:
            raise _mistake(_MISSING, asked)
        return None
    return _chosen(asked, text)


def _chosen(asked: FormField, text: str) -> JSON:
    for value, _ in asked.choices:
        if str(value) == text:
            return value
    raise _mistake(_NO_CHOICE, asked)


def _typed(asked: FormField, entries: Entries) -> JSON:
    text = entries.one(PREFIX + asked.name).strip()
    if not text:
        if asked.is_required:
            raise _mistake(_MISSING, asked)
        return None
    label = asked.label
    try:
        # The label stands for the name: what is told to the visitor is what the page calls it.
        return _checked(asked, read_field(label.en, asked.kind, text))
    except StepError as error:
        raise _misfit(asked, error) from None


def _checked(asked: FormField, value: JSON) -> JSON:
    try:
        return check_value(asked.label.en, {"type": asked.kind, **asked.rules}, value)
    except StepError as error:
        raise _misfit(asked, error) from None


def _misfit(asked: FormField, error: StepError) -> FormMistake:
    return _mistake(error.message, asked, **{**error.facts, "field": asked.label})


def _mistake(message: Text, asked: FormField, **facts: object) -> FormMistake:
    return FormMistake(message.fill(**{"field": asked.label, **facts}), asked.name)


_READERS: Final[Mapping[str, Callable[[FormField, Entries], JSON]]] = {
    "boolean": _boolean,
    "choice": _choice,
    "list": _list,
}
