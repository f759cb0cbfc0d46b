"""The two languages Rouage speaks, and texts that exist in both.

Everything a user reads is a `Text`. It stays a template with named facts until the last
moment, so that what was journaled today can be read in another language tomorrow.
"""

import string
from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple, get_args

Language = Literal["en", "fr"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)


class _Lenient(string.Formatter):
    """Leave a placeholder as it is when its fact is missing: a message must never raise."""

    def get_value(self, key: int | str, args: Any, kwargs: Mapping[str, Any]) -> Any:
        del args
        return kwargs.get(key, "{" + key + "}") if isinstance(key, str) else "{}"

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> Any:
        # Plain names only: no attribute and no index is ever read from a fact.
        return self.get_value(field_name, args, kwargs), field_name


_FORMATTER: Final = _Lenient()


class Text(NamedTuple):
    """One sentence in English and French, with `{named}` places for facts."""

    en: str
    fr: str

    def render(self, language: Language, facts: Mapping[str, object] | None = None) -> str:
        """Return the sentence in *language* with *facts* filled in."""
        template = self.fr if language == "fr" else self.en
        if not facts or "{" not in template:
            return template
        spoken = {
            name: fact.render(language) if isinstance(fact, Text) else fact
            for name, fact in facts.items()
        }
        return _FORMATTER.vformat(template, (), spoken)

    def fill(self, **facts: object) -> "Text":
        """Return the sentence with *facts* filled in, still in both languages."""
        return Text(self.render("en", facts), self.render("fr", facts))


def as_text(text: Text | str) -> Text:
    """Return *text* in both languages; a plain string says the same in each."""
    return text if isinstance(text, Text) else Text(text, text)


def choose_language(*wishes: str | None) -> Language:
    """Return the first of *wishes* that names a language we speak, else English.

    A wish is a language code or a POSIX locale such as `fr_FR.UTF-8`.
    """
    for wish in wishes:
        code = (wish or "").strip().lower()[:2]
        if code in LANGUAGES:
            return "fr" if code == "fr" else "en"
    return "en"
