"""Cron expressions: a strict grammar that proposes the remedy (triggers C-4, C-5).

The result is five fields that croniter reads in one way only: numbers, or `*` with a step.
What croniter would accept and read otherwise than Vixie cron is refused or rewritten here.
"""

import hashlib
import re
from typing import Final

from rouage.sdk import StepError, Text
from rouage.sdk.records import dataclass

LONGEST: Final = 200

_ALIASES: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_DAYS: Final = {
    name: number for number, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))
}
_LONGEST_MONTHS: Final = {1: 31, 2: 29, 3: 31, 4: 30, 5: 31, 6: 30, 7: 31, 8: 31, 9: 30, 10: 31,
                          11: 30, 12: 31}  # fmt: skip

_ITEM: Final = re.compile(r"(\*|[a-z0-9]+)(?:-([a-z0-9]+))?(?:/(\d{1,3}))?", re.ASCII)
_HASHED: Final = re.compile(r"h(?:\((\d{1,2})-(\d{1,2})\))?(?:/(\d{1,2}))?", re.ASCII)
_NTH: Final = re.compile(r"([a-z0-9]{1,3})#([1-5])", re.ASCII)
_LAST_DAY_OF: Final = re.compile(r"(?:l([0-7])|([0-7]|[a-z]{3})l)", re.ASCII)

_TOO_LONG: Final = Text(
    "a cron expression has at most {limit} characters",
    "une expression cron a au plus {limit} caractères",
)
_FIELD_COUNT: Final = Text(
    "a cron expression has 5 fields (minute hour day month weekday), not {count}; for seconds "
    "write `schedule.every: {{interval: 10s}}`",
    "une expression cron a 5 champs (minute heure jour mois jour-de-semaine), pas {count} ; pour "
    "des secondes, écrivez `schedule.every: {{interval: 10s}}`",
)
_REBOOT: Final = Text(
    "@reboot is not a time: start the recipe by the engine’s own start event, "
    "`chain.engine: {on: [started]}`",
    "@reboot n’est pas une heure : lancez la recette au démarrage du moteur, "
    "`chain.engine: {on: [started]}`",
)
_UNKNOWN_ALIAS: Final = Text(
    "“{word}” is unknown; known are {known}", "« {word} » est inconnu ; sont connus {known}"
)
_UNREADABLE: Final = Text(
    "“{item}” in the field {field} cannot be read: write numbers, lists (1,15), ranges (1-5) or "
    "steps (*/5)",
    "« {item} » dans le champ {field} est illisible : écrivez des nombres, des listes (1,15), des "
    "intervalles (1-5) ou des pas (*/5)",
)
_OUT_OF_RANGE: Final = Text(
    "{value} is outside {low}-{high} in the field {field}",
    "{value} est hors de {low}-{high} dans le champ {field}",
)
_REVERSED: Final = Text(
    "the range {item} of the field {field} is reversed: write {remedy}",
    "l’intervalle {item} du champ {field} est inversé : écrivez {remedy}",
)
_EQUAL: Final = Text(
    "the range {item} of the field {field} holds one value: write {remedy}",
    "l’intervalle {item} du champ {field} n’a qu’une valeur : écrivez {remedy}",
)
_LARGE_STEP: Final = Text(
    "the step of {item} is larger than the field {field}: write {remedy}, or use `schedule.every`",
    "le pas de {item} dépasse le champ {field} : écrivez {remedy}, ou utilisez `schedule.every`",
)
_ZERO_STEP: Final = Text(
    "the step of {item} in the field {field} must be at least 1",
    "le pas de {item} dans le champ {field} doit valoir au moins 1",
)
_RANDOM: Final = Text(
    "R (random) would change at each start: write H, which is fixed for the recipe",
    "R (aléatoire) changerait à chaque démarrage : écrivez H, fixe pour la recette",
)
_QUESTION: Final = Text("“?” is not used here: write *", "« ? » n’est pas utilisé ici : écrivez *")
_WORKDAY: Final = Text(
    "W (nearest weekday) is not supported: list the days",
    "W (jour ouvré le plus proche) n’est pas géré : énumérez les jours",
)
_LAST_MISPLACED: Final = Text(
    "L stands alone in the day field (last day of the month), or beside a weekday (5L)",
    "L se met seul dans le champ jour (dernier jour du mois), ou avec un jour de semaine (5L)",
)
_MIXED_NTH: Final = Text(
    "{item} cannot be mixed with plain weekdays in one expression: write two triggers",
    "{item} ne peut pas être mêlé à des jours simples dans une expression : écrivez deux "
    "déclencheurs",
)
_NEVER: Final = Text(
    "this date never comes: day {days} does not exist in month {months}",
    "cette date n’arrive jamais : le jour {days} n’existe pas au mois {months}",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One of the five fields: its name, and the values it admits."""

    name: Text
    low: int
    high: int
    words: tuple[tuple[str, int], ...] = ()


_FIELDS: Final = (
    Field(name=Text("minute", "minute"), low=0, high=59),
    Field(name=Text("hour", "heure"), low=0, high=23),
    Field(name=Text("day", "jour"), low=1, high=31),
    Field(name=Text("month", "mois"), low=1, high=12, words=tuple(_MONTHS.items())),
    Field(name=Text("weekday", "jour de semaine"), low=0, high=7, words=tuple(_DAYS.items())),
)
_DAY, _MONTH, _WEEKDAY = 2, 3, 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Cron:
    """A checked expression. A tick is a wall date that one of `rules` names.

    `canonical` is the expression in its one written form. There are two rules when day and
    weekday are both restricted: then either will do, as in Vixie cron. `is_wildcard` decides
    what happens at a clock change (minute or hour starts with `*`: it follows real time).
    """

    canonical: str
    rules: tuple[str, ...]
    is_wildcard: bool


def parse_cron(expression: str, *, seed: str = "") -> Cron:
    """Return the checked form of *expression*; `H` is decided by *seed* (the recipe id).

    Raises:
        StepError: it cannot be read, or would mean something else than it says.
    """
    if len(expression) > LONGEST:
        raise StepError(_TOO_LONG, limit=LONGEST)
    words = _unalias(expression.strip().lower()).split()
    if len(words) != 5:
        raise StepError(_FIELD_COUNT.fill(count=len(words)))
    fields = [_read_field(word, number, f"{seed} {number}") for number, word in enumerate(words)]
    _check_dates(fields)
    return Cron(
        canonical=" ".join(fields),
        rules=_day_rules(fields),
        is_wildcard=fields[0].startswith("*") or fields[1].startswith("*"),
    )


def weekday_numbers(field: str) -> tuple[int, ...]:
    """Return the weekdays (Sunday is 0) that the weekday *field* of an expression names."""
    canonical = parse_cron(f"0 0 * * {field}").canonical.split()[_WEEKDAY]
    if canonical == "*":
        return tuple(range(7))
    return tuple(int(number) for number in canonical.split(","))


def _unalias(expression: str) -> str:
    if not expression.startswith("@"):
        return expression
    if expression == "@reboot":
        raise StepError(_REBOOT)
    if expression not in _ALIASES:
        raise StepError(_UNKNOWN_ALIAS, word=expression, known=", ".join(_ALIASES))
    return _ALIASES[expression]


def _read_field(word: str, number: int, seed: str) -> str:
    if number == _WEEKDAY:
        special = _read_special_weekday(word)
        if special is not None:
            return special
    if number == _DAY and word == "l":
        return "L"
    if word.startswith("*") and "," not in word:
        return _read_star(word, _FIELDS[number])
    values: set[int] = set()
    starts_with_star = word.startswith("*")
    for item in word.split(","):
        values |= _read_item(item, number, seed)
    if number == _WEEKDAY:
        values = {value % 7 for value in values}
    if starts_with_star and len(values) == _size(number):
        return "*"
    return ",".join(str(value) for value in sorted(values))


def _size(number: int) -> int:
    return 7 if number == _WEEKDAY else _FIELDS[number].high - _FIELDS[number].low + 1


def _read_star(word: str, field: Field) -> str:
    match = re.fullmatch(r"\*(?:/(\d{1,3}))?", word, re.ASCII)
    if match is None:
        raise StepError(_UNREADABLE, item=word, field=field.name)
    step = int(match.group(1) or 1)
    _check_step(step, word, field)
    return "*" if step == 1 else f"*/{step}"


def _check_step(step: int, item: str, field: Field) -> None:
    if step == 0:
        raise StepError(_ZERO_STEP, item=item, field=field.name)
    if step > field.high - field.low:
        raise StepError(_LARGE_STEP, item=item, field=field.name, remedy=str(field.low))


def _read_item(item: str, number: int, seed: str) -> set[int]:
    field = _FIELDS[number]
    hashed = _HASHED.fullmatch(item)
    if hashed is not None:
        return _read_hashed(item, hashed, field, seed)
    match = _ITEM.fullmatch(item)
    if match is None or (match.group(1) == "*" and match.group(2)):
        raise _unreadable(item, number)
    low, high, step = match.groups()
    first = field.low if low == "*" else _value(low, item, number)
    if high is not None:
        last = _value(high, item, number)
        first = _check_range(first, last, item, field)
    else:
        last = _last_of(number) if step is not None or low == "*" else first
    stride = 1 if step is None else int(step)
    if step is not None:
        _check_step(stride, item, field)
    return set(range(first, last + 1, stride))


def _last_of(number: int) -> int:
    return 6 if number == _WEEKDAY else _FIELDS[number].high


def _check_range(first: int, last: int, item: str, field: Field) -> int:
    if first == 7 and last < 7 and field.high == 7:
        first = 0
    bare = item.partition("/")[0]
    if first == last:
        raise StepError(_EQUAL, item=bare, field=field.name, remedy=str(first))
    if first > last:
        top = 6 if field.high == 7 else field.high
        pieces = [_span(first, top), _span(field.low, last)]
        raise StepError(_REVERSED, item=bare, field=field.name, remedy=",".join(pieces))
    return first


def _span(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def _value(text: str, item: str, number: int) -> int:
    field = _FIELDS[number]
    if text.isdecimal():
        value = int(text)
    else:
        known = dict(field.words)
        if text not in known:
            raise _unreadable(item, number)
        value = known[text]
    if not field.low <= value <= field.high:
        high = field.high
        raise StepError(_OUT_OF_RANGE, value=value, low=field.low, high=high, field=field.name)
    return value


def _unreadable(item: str, number: int) -> StepError:
    if "?" in item:
        return StepError(_QUESTION)
    if re.fullmatch(r"r(?:\(.*)?(?:/.*)?", item):
        return StepError(_RANDOM)
    if number == _DAY and re.fullmatch(r"\d*l?w", item):
        return StepError(_WORKDAY)
    if number in {_DAY, _WEEKDAY} and re.fullmatch(r"(?:\d{0,2}|[a-z]{3})l\d?", item):
        return StepError(_LAST_MISPLACED)
    return StepError(_UNREADABLE, item=item, field=_FIELDS[number].name)


def _read_hashed(item: str, match: re.Match[str], field: Field, seed: str) -> set[int]:
    """Return the values of `H`: the same on every machine, spread over recipes."""
    top = 28 if field.high == 31 else 6 if field.high == 7 else field.high
    low = field.low if match.group(1) is None else int(match.group(1))
    high = top if match.group(2) is None else int(match.group(2))
    if not field.low <= low < high <= field.high:
        raise StepError(_UNREADABLE, item=item, field=field.name)
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big")
    if match.group(3) is None:
        return {low + number % (high - low + 1)}
    step = int(match.group(3))
    _check_step(step, item, field)
    return set(range(low + number % min(step, high - low + 1), high + 1, step))


def _read_special_weekday(word: str) -> str | None:
    """Return `n#k` and `nL` in the form croniter reads, or None when the field is plain."""
    items = word.split(",")
    read = [_special(item) for item in items]
    if not any(read):
        return None
    if not all(read):
        plain = next(item for item, special in zip(items, read, strict=True) if special)
        raise StepError(_MIXED_NTH, item=plain)
    return ",".join(sorted({special for special in read if special}))


def _special(item: str) -> str | None:
    nth = _NTH.fullmatch(item)
    if nth is not None:
        return f"{_value(nth.group(1), item, _WEEKDAY) % 7}#{nth.group(2)}"
    last = _LAST_DAY_OF.fullmatch(item)
    if last is None:
        return None
    return f"L{_value(last.group(1) or last.group(2), item, _WEEKDAY) % 7}"


def _day_rules(fields: list[str]) -> tuple[str, ...]:
    """Return the expressions whose wall dates together are those of the five *fields*.

    Vixie: a day *or* a weekday will do, unless one of the two fields starts with `*`; then
    both must agree. croniter mixes this up with `#` and with full lists, so that each `or` is
    given to it as two expressions.
    """
    minute, hour, day, month, weekday = fields
    if day.startswith("*") or weekday.startswith("*"):
        return (" ".join(fields),)
    if len(weekday.split(",")) == 7 and "#" not in weekday and "L" not in weekday:
        return (f"{minute} {hour} * {month} *",)
    return (f"{minute} {hour} {day} {month} *", f"{minute} {hour} * {month} {weekday}")


def _check_dates(fields: list[str]) -> None:
    """Refuse dates that never come; with a weekday beside, the other half of the or fires."""
    day, month, weekday = fields[_DAY], fields[_MONTH], fields[_WEEKDAY]
    if day.startswith(("*", "L")) or month.startswith("*"):
        return
    if not weekday.startswith("*"):
        return
    months = [int(value) for value in month.split(",")]
    days = [int(value) for value in day.split(",")]
    if min(days) > max(_LONGEST_MONTHS[number] for number in months):
        raise StepError(_NEVER, days=day, months=month)
