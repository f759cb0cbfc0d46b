"""Read fields of what a recipe or a draft gives, and say in plain words what is wrong."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, Final

from rouage.sdk import StepError, Text
from rouage.sdk.files import shown
from rouage_connectors.invoice.amounts import decimals, read_number

_LONGEST: Final = 2_000

_MISSING: Final = Text("`{field}` of {what} is missing", "il manque `{field}` dans {what}")
_MISSING_HINT: Final = Text("write `{field}:` in {what}", "écrivez `{field}:` dans {what}")
_SHORTEN_HINT: Final = Text("shorten it", "raccourcissez-le")
_RETYPE_HINT: Final = Text("type it again instead of copying it", "retapez-le au lieu de le copier")
_ROUND_HINT: Final = Text("round it", "arrondissez-le")
_NO_TEXT: Final = Text(
    "`{field}` of {what} must be a text", "`{field}` dans {what} doit être un texte"
)
_LONG: Final = Text(
    "`{field}` of {what} is longer than {limit} characters",
    "`{field}` dans {what} dépasse {limit} caractères",
)
_CONTROL: Final = Text(
    "`{field}` of {what} holds a character that cannot be printed",
    "`{field}` dans {what} contient un caractère qui ne s’imprime pas",
)
_NO_NUMBER: Final = Text(
    "`{field}` of {what} must be a number such as 45 or 12,50, not “{value}”",
    "`{field}` dans {what} doit être un nombre comme 45 ou 12,50, pas « {value} »",
)
_DECIMALS: Final = Text(
    "`{field}` of {what} has more than {limit} decimals",
    "`{field}` dans {what} a plus de {limit} décimales",
)
_NO_DATE: Final = Text(
    "`{field}` of {what} must be a date such as 2026-11-24, not “{value}”",
    "`{field}` dans {what} doit être une date comme 2026-11-24, pas « {value} »",
)
_NO_CHOICE: Final = Text(
    "`{field}` of {what} must be one of {known}, not “{value}”",
    "`{field}` dans {what} doit être l’un de {known}, pas « {value} »",
)
_NO_MAPPING: Final = Text(
    "{what} must be fields such as `name: …`", "{what} doit être écrit en champs comme `name: …`"
)
_UNKNOWN: Final = Text("{what}: unknown field “{field}”", "{what} : champ inconnu « {field} »")
_UNKNOWN_HINT: Final = Text("known fields: {known}", "champs connus : {known}")
_MEANT: Final = Text("did you mean “{known}”?", "vouliez-vous dire « {known} » ?")


class Fields:
    """The fields of one thing (*what*: “the customer”), read one after the other."""

    def __init__(self, given: object, what: Text) -> None:
        self.what = what
        if not isinstance(given, Mapping):
            raise StepError(_NO_MAPPING, what=what)
        self._given = given
        self._read: set[str] = set()

    def get(self, field: str) -> Any:
        """Return the value of *field* as it is; what says nothing is None."""
        self._read.add(field)
        value = self._given.get(field)
        return None if value == "" else value

    def maybe(self, field: str, *, longest: int = _LONGEST) -> str | None:
        """Return the text of *field*, or None when it is not there.

        Raises:
            StepError: it is something else, too long, or cannot be printed.
        """
        value = self.get(field)
        if value is None:
            return None
        if isinstance(value, bool | list | Mapping):
            raise self.wrong(_NO_TEXT, field)
        text = str(value).strip()
        if len(text) > longest:
            raise self.wrong(_LONG, field, hint=_SHORTEN_HINT, limit=longest)
        if any(not (letter.isprintable() or letter == "\n") for letter in text):
            # Spaces of all kinds are printable to a reader, though not to Python.
            text = "".join(
                " " if letter.isspace() and letter != "\n" else letter for letter in text
            )
            if any(not (letter.isprintable() or letter == "\n") for letter in text):
                raise self.wrong(_CONTROL, field, hint=_RETYPE_HINT)
        return text or None

    def text(self, field: str, *, longest: int = _LONGEST) -> str:
        """Return the text of *field*.

        Raises:
            StepError: it is missing, or as `maybe`.
        """
        value = self.maybe(field, longest=longest)
        if value is None:
            raise self.wrong(_MISSING, field, hint=_MISSING_HINT)
        return value

    def number(self, field: str, *, most_decimals: int) -> Decimal | None:
        """Return the number of *field*, or None when it is not there.

        Raises:
            StepError: it is none, or too precise.
        """
        value = self.get(field)
        if value is None:
            return None
        number = read_number(value)
        if number is None:
            raise self.wrong(_NO_NUMBER, field, value=shown(str(value)[:40]))
        if decimals(number) > most_decimals:
            raise self.wrong(_DECIMALS, field, hint=_ROUND_HINT, limit=most_decimals)
        return number

    def needed(self, field: str, *, most_decimals: int) -> Decimal:
        """Return the number of *field*.

        Raises:
            StepError: it is missing, or as `number`.
        """
        number = self.number(field, most_decimals=most_decimals)
        if number is None:
            raise self.wrong(_MISSING, field, hint=_MISSING_HINT)
        return number

    def day(self, field: str) -> date | None:
        """Return the date of *field*, or None when it is not there.

        Raises:
            StepError: it is none.
        """
        value = self.get(field)
        if value is None or type(value) is date:
            return value
        try:
            return date.fromisoformat(str(value)[:10])
        except ValueError:
            raise self.wrong(_NO_DATE, field, value=shown(str(value)[:40])) from None

    def choice(self, field: str, known: tuple[str, ...], default: str) -> str:
        """Return the word of *field*, one of *known*.

        Raises:
            StepError: it is another.
        """
        value = self.get(field)
        if value is None:
            return default
        if value not in known:
            raise self.wrong(
                _NO_CHOICE, field, known=", ".join(known), value=shown(str(value)[:40])
            )
        return str(value)

    def done(self) -> None:
        """Refuse what was not read: a field with a typing error must not be lost.

        Raises:
            StepError: there is such a field.
        """
        for field in self._given:
            if field not in self._read:
                near = get_close_matches(str(field), self._read, n=1)
                hint = _MEANT if near else _UNKNOWN_HINT
                known = near[0] if near else ", ".join(sorted(self._read))
                raise StepError(
                    _UNKNOWN, hint=hint, what=self.what, field=shown(str(field)[:40]), known=known
                )

    def wrong(self, text: Text, field: str, **facts: Any) -> StepError:
        """Return the error that says *text* of *field*."""
        return StepError(text, what=self.what, field=field, **facts)
