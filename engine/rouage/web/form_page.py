"""The page of a form: escaped, without scripts, in the language of its visitor."""

import base64
import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from rouage.language import Language, Text
from rouage.sdk.forms import FormField, FormPage
from rouage.web.fields import write_field
from rouage.web.form_entries import PREFIX, Entries
from rouage.web.wording import size_of

_PAGES: Final = Path(__file__).with_name("pages")
_INPUT_TYPES: Final[Mapping[str, str]] = {
    "email": "email",
    "url": "url",
    "phone": "tel",
    "date": "date",
    "time": "time",
    "datetime": "datetime-local",
}
_INPUT_MODES: Final[Mapping[str, str]] = {
    "number": "decimal",
    "integer": "numeric",
    "money": "decimal",
}
_COMPLETION: Final[Mapping[str, str]] = {"email": "email", "phone": "tel", "url": "url"}

_OPTIONAL: Final = Text("optional", "facultatif")
_CHOOSE: Final = Text("Choose…", "Choisissez…")
_ONE_PER_LINE: Final = Text("One per line.", "Un élément par ligne.")
_TRAP: Final = Text("Leave this field empty", "Laissez ce champ vide")
_AGAIN: Final = Text("Fill in the form", "Remplir le formulaire")
_FILES_AGAIN: Final = Text(
    "Files have to be chosen again.", "Les fichiers sont à choisir de nouveau."
)
_LIMIT: Final = Text("{size} in all at most.", "{size} en tout au plus.")


@lru_cache(maxsize=1)
def _loaded() -> tuple[Any, str]:
    """Return the template and the policy. Loaded when first asked for: not everybody has forms."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    names = ("approve.css", "form.css")
    style = "\n".join((_PAGES / name).read_text(encoding="utf-8").strip() for name in names)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'"
    )
    environment = Environment(
        loader=FileSystemLoader(_PAGES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["style"] = Markup(style)  # noqa: S704 - our own files, no data in them
    return environment.get_template("form.html"), policy


def page_headers() -> Mapping[str, str]:
    """Return the header fields that go with every page of a form."""
    return {
        "Content-Security-Policy": _loaded()[1],
        "Referrer-Policy": "same-origin",
        "X-Robots-Tag": "noindex, nofollow",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }


def render_form(
    form: FormPage,
    language: Language,
    *,
    action: str,
    hidden: Mapping[str, str],
    trap: str,
    entries: Entries,
    complaint: Text | None,
    wrong: str | None,
) -> str:
    """Return the page that asks; *entries* is what was written before, *wrong* what did not fit."""
    fields = [
        _field(number, asked, language, entries=entries, is_wrong=asked.name == wrong)
        for number, asked in enumerate(form.fields)
    ]
    has_files = any(asked.kind == "file" for asked in form.fields)
    note = _LIMIT.fill(size=size_of(form.most_bytes, language)) if has_files else None
    if has_files and complaint is not None:
        note = Text(f"{note} {_FILES_AGAIN.en}", f"{note} {_FILES_AGAIN.fr}")
    return _render(
        form,
        language,
        complaint=None if complaint is None else complaint.render(language),
        form={
            "action": action,
            "hidden": hidden,
            "trap": trap,
            "trap_label": _TRAP.render(language),
            "encoding": "multipart/form-data" if has_files else "application/x-www-form-urlencoded",
            "fields": fields,
            "button": form.button.render(language),
            "optional": _OPTIONAL.render(language),
            "choose": _CHOOSE.render(language),
            "note": None if note is None else note.render(language),
        },
    )


def render_message(form: FormPage, language: Language, message: Text, *, again: str) -> str:
    """Return a page that says one thing, and leads back to the form."""
    return _render(
        form,
        language,
        message=message.render(language),
        again={"address": again, "words": _AGAIN.render(language)},
    )


def _render(about: FormPage, language: Language, **facts: Any) -> str:
    description = about.description
    page: str = _loaded()[0].render(
        {
            "language": language,
            "title": about.title.render(language),
            "description": description.render(language) if description else None,
            "complaint": None,
            "message": None,
            "again": None,
            "form": None,
            **facts,
        }
    )
    return page


def _field(
    number: int, asked: FormField, language: Language, *, entries: Entries, is_wrong: bool
) -> dict[str, Any]:
    name = PREFIX + asked.name
    written = entries.texts.get(name)
    if written is None:
        # An empty list is what browsers send for unticked boxes: then nothing is proposed.
        fresh = not entries.texts
        written = [write_field(asked.default)] if fresh and asked.default is not None else []
    chosen = [line for one in written for line in one.splitlines()]
    is_list = asked.kind == "list" and not asked.choices
    hint = asked.help or (_ONE_PER_LINE if is_list else None)
    return {
        "id": f"field-{number}",
        "name": name,
        "kind": _widget(asked),
        "label": asked.label.render(language),
        "help": hint.render(language) if hint else None,
        "value": "\n".join(written),
        "is_ticked": bool(written and written[0] not in {"", "false"}),
        "choices": [
            (str(value), words.render(language), str(value) in chosen)
            for value, words in asked.choices
        ],
        "type": _INPUT_TYPES.get(asked.kind, "text"),
        "mode": _INPUT_MODES.get(asked.kind),
        "completion": _COMPLETION.get(asked.kind, "off"),
        "lines": max(asked.lines, 4 if is_list else 1),
        "suffixes": ",".join(asked.suffixes),
        "is_multiple": asked.most_files > 1,
        "is_required": asked.is_required,
        "is_wrong": is_wrong,
    }


def _widget(asked: FormField) -> str:
    if asked.kind in {"file", "boolean", "choice"}:
        return asked.kind
    if asked.kind == "list" and asked.choices:
        return "boxes"
    return "lines" if asked.kind == "list" or asked.lines > 1 else "line"
