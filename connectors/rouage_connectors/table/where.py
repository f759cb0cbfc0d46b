"""Which rows are meant: conditions on columns, all of which must hold.

A value alone means “equals”. Numbers are compared as numbers and dates as dates, however
either side writes them; an empty cell fulfils no comparison but with nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, Final

from rouage.sdk import JSON, StepError, Text, parse_duration
from rouage.sdk.files import shown
from rouage.sdk.records import dataclass
from rouage_connectors.table.columns import Columns, fold
from rouage_connectors.table.values import as_date, as_number

Test = Callable[[JSON], bool]
Key = tuple[str, Any]

_NOTHING: Final = Text(
    "`where` is empty: that would mean every row", "`where` est vide : ce serait toutes les lignes"
)
_NOTHING_HINT: Final = Text(
    "name at least one column and its value", "nommez au moins une colonne et sa valeur"
)
_UNKNOWN: Final = Text(
    "`where` does not know the comparison “{word}”", "`where` ne connaît pas « {word} »"
)
_KNOWN: Final = Text("one of: {known}", "au choix : {known}")
_BAD_DURATION: Final = Text(
    "“{value}” in `{word}` is not a duration", "« {value} » dans `{word}` n’est pas une durée"
)
_DURATION_HINT: Final = Text("such as 12h, 30d or 2w", "par exemple 12h, 30d ou 2w")
_BAD_LIST: Final = Text("`one_of` needs a list", "`one_of` demande une liste")
_BAD_BOOLEAN: Final = Text("`empty` is true or false", "`empty` vaut true ou false")
_BAD_BOUND: Final = Text(
    "`{word}` needs a number, a date or a text", "`{word}` demande un nombre, une date ou un texte"
)
_NO_RESULT: Final = Text(
    "the column “{column}” holds a formula whose result is not in the file",
    "la colonne « {column} » contient une formule dont le résultat n’est pas dans le fichier",
)
_NO_RESULT_HINT: Final = Text(
    "open the file in your spreadsheet program and save it once, or look at another column",
    "ouvrez le fichier dans votre tableur et enregistrez-le une fois, ou regardez une autre "
    "colonne",
)


class NoResult:
    """The value of a cell whose formula was never computed."""


NO_RESULT: Final[Any] = NoResult()


@dataclass(frozen=True, kw_only=True, slots=True)
class Now:
    """What “older than” is measured from."""

    instant: datetime
    zone: tzinfo


class Where:
    """The conditions of a step, bound to the columns of a table."""

    def __init__(self, given: Mapping[str, JSON], columns: Columns, now: Now) -> None:
        self._columns = columns
        self._tests: list[tuple[int, list[Test]]] = [
            (columns.position(name, "where"), _tests(wanted, now)) for name, wanted in given.items()
        ]

    def holds(self, row: Sequence[JSON]) -> bool:
        """Say whether *row* is meant.

        Raises:
            StepError: the row holds a formula whose result is unknown.
        """
        for position, tests in self._tests:
            value = row[position] if position < len(row) else None
            if value is NO_RESULT:
                raise no_result(self._columns.names[position])
            if not all(test(value) for test in tests):
                return False
        return True


def no_result(column: str) -> StepError:
    """Return the error about a formula of *column* that must be looked at."""
    return StepError(_NO_RESULT, hint=_NO_RESULT_HINT, column=shown(column))


def check_where(given: Mapping[str, JSON], now: Now, *, may_be_empty: bool = False) -> None:
    """Check conditions before any file is looked at.

    Raises:
        StepError: there are none and there must be, or one makes no sense.
    """
    if not given and not may_be_empty:
        raise StepError(_NOTHING, hint=_NOTHING_HINT)
    for wanted in given.values():
        _tests(wanted, now)


def key_of(value: JSON) -> Key:
    """Return what two cells have in common that are equal; however each is written."""
    if value is None or value == "":
        return "nothing", None
    if isinstance(value, bool):
        return "text", "true" if value else "false"
    number = as_number(value)
    if number is not None:
        return "number", number
    found = as_date(value)
    if found is not None:
        return _date_key(found)
    text = " ".join(str(value).split())
    return "text", _TRUTH.get(text.casefold(), text)


_TRUTH: Final = {"vrai": "true", "true": "true", "faux": "false", "false": "false"}


def _date_key(found: date | datetime) -> Key:
    if isinstance(found, datetime):
        # What its clock showed, as it would be written into the table.
        return "date", found.replace(tzinfo=None)
    return "date", datetime(found.year, found.month, found.day)  # noqa: DTZ001 - as the table


def _tests(wanted: JSON, now: Now) -> list[Test]:
    if not isinstance(wanted, dict):
        return [_equals(wanted)]
    return [_test(word, bound, now) for word, bound in wanted.items()]


def _test(word: str, bound: JSON, now: Now) -> Test:
    if word in _ORDERS:
        return _ordered(word, bound)
    if word in {"older_than", "newer_than"}:
        return _aged(word, bound, now)
    make = _OTHERS.get(word)
    if make is None:
        known = ", ".join((*_OTHERS, *_ORDERS, "older_than", "newer_than"))
        raise StepError(_UNKNOWN, hint=_KNOWN, word=shown(word[:40]), known=known)
    return make(bound)


def _equals(wanted: JSON) -> Test:
    key = key_of(wanted)
    return lambda value: key_of(value) == key


def _not(wanted: JSON) -> Test:
    key = key_of(wanted)
    return lambda value: key_of(value) != key


def _one_of(wanted: JSON) -> Test:
    if not isinstance(wanted, list):
        raise StepError(_BAD_LIST)
    keys = {key_of(one) for one in wanted}
    return lambda value: key_of(value) in keys


def _contains(wanted: JSON) -> Test:
    part = fold("" if wanted is None else str(wanted))
    return lambda value: value is not None and part in fold(str(value))


def _empty(wanted: JSON) -> Test:
    if not isinstance(wanted, bool):
        raise StepError(_BAD_BOOLEAN)
    return lambda value: (value is None or str(value).strip() == "") is wanted


_OTHERS: Final[Mapping[str, Callable[[JSON], Test]]] = {
    "equals": _equals,
    "not": _not,
    "one_of": _one_of,
    "contains": _contains,
    "empty": _empty,
}
_ORDERS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "above": lambda value, bound: value > bound,
    "at_least": lambda value, bound: value >= bound,
    "below": lambda value, bound: value < bound,
    "at_most": lambda value, bound: value <= bound,
}


def _ordered(word: str, bound: JSON) -> Test:
    kind, limit = key_of(bound)
    if kind == "nothing" or isinstance(bound, bool | list | dict):
        raise StepError(_BAD_BOUND, word=word)
    compare = _ORDERS[word]
    if kind == "text":
        limit = fold(limit)

    def test(value: JSON) -> bool:
        own, found = key_of(value)
        if own != kind:
            return False
        return compare(fold(found) if kind == "text" else found, limit)

    return test


def _aged(word: str, bound: JSON, now: Now) -> Test:
    try:
        seconds = parse_duration(str(bound))
    except ValueError:
        facts = {"value": shown(str(bound)[:40]), "word": word}
        raise StepError(_BAD_DURATION, hint=_DURATION_HINT, **facts) from None
    limit = now.instant - timedelta(seconds=seconds)

    def test(value: JSON) -> bool:
        found = as_date(value)
        if found is None:
            return False
        if not isinstance(found, datetime):
            found = datetime(found.year, found.month, found.day, tzinfo=now.zone)
        elif found.tzinfo is None:
            found = found.replace(tzinfo=now.zone)
        return found < limit if word == "older_than" else limit <= found <= now.instant

    return test
