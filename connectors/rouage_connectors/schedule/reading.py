"""A cron expression read back as a sentence, in English and French (triggers C-6, C-12)."""

from typing import Final

from rouage.sdk import Text
from rouage_connectors.schedule.cron import Cron

_WEEKDAYS: Final = (
    Text("Sunday", "dimanche"),
    Text("Monday", "lundi"),
    Text("Tuesday", "mardi"),
    Text("Wednesday", "mercredi"),
    Text("Thursday", "jeudi"),
    Text("Friday", "vendredi"),
    Text("Saturday", "samedi"),
)
_MONTHS: Final = (
    Text("January", "janvier"),
    Text("February", "février"),
    Text("March", "mars"),
    Text("April", "avril"),
    Text("May", "mai"),
    Text("June", "juin"),
    Text("July", "juillet"),
    Text("August", "août"),
    Text("September", "septembre"),
    Text("October", "octobre"),
    Text("November", "novembre"),
    Text("December", "décembre"),
)
_ORDINALS: Final = (
    Text("first", "premier"),
    Text("second", "deuxième"),
    Text("third", "troisième"),
    Text("fourth", "quatrième"),
    Text("fifth", "cinquième"),
)
_LAST: Final = Text("last", "dernier")
_AND: Final = Text(" and ", " et ")
_MOST_TIMES: Final = 6
_SHORTEST_SPAN: Final = 3

_AT: Final = Text("at {times}", "à {times}")
_EVERY_DAY: Final = Text("every day", "tous les jours")
_EVERY_MINUTE: Final = Text("every minute", "toutes les minutes")
_EVERY_MINUTES: Final = Text("every {count} minutes", "toutes les {count} minutes")
_EVERY_HOUR: Final = Text("every hour", "toutes les heures")
_EVERY_HOURS: Final = Text("every {count} hours", "toutes les {count} heures")
_MINUTES: Final = Text("at minutes {list}", "aux minutes {list}")
_MINUTE: Final = Text("at minute {list}", "à la minute {list}")
_BETWEEN: Final = Text("from {first} to {last}", "de {first} à {last}")
_IN_HOURS: Final = Text("in the hours {list}", "pendant les heures {list}")
_IN_MONTHS: Final = Text("in {list}", "en {list}")
_EVERY_MONTHS: Final = Text("one month in {count}", "un mois sur {count}")
_DATES: Final = Text("on the {list} of the month", "le {list} du mois")
_DATES_OF: Final = Text("on the {list} of {months}", "le {list} {months}")
_NUMBERS: Final = Text("on days {list} of the month", "les jours {list} du mois")
_LAST_DATE: Final = Text("on the last day of the month", "le dernier jour du mois")
_ONE_IN: Final = Text(
    "on one day in {count} from the 1st of the month",
    "un jour sur {count} à partir du 1er du mois",
)
_DAYS: Final = Text("on {list}", "le {list}")
_SPAN_OF_DAYS: Final = Text("from {first} to {last}", "du {first} au {last}")
_NTH: Final = Text("on the {list} of the month", "le {list} du mois")
_TO: Final = Text("{first} to {last}", "{first} à {last}")
_OR: Final = Text("{first} or {second}", "{first} ou {second}")
_ONLY: Final = Text("{first}, and only {second}", "{first}, et seulement {second}")
_TWO_READINGS: Final = Text(
    "a day field that starts with * narrows the other one, so this fires {both}; for {either}, "
    "write two triggers",
    "un champ de jour qui commence par * restreint l’autre : ceci part {both} ; pour {either}, "
    "écrivez deux déclencheurs",
)


def sentence_of(cron: Cron) -> Text:
    """Return when *cron* fires, in words."""
    minute, hour, day, month, weekday = cron.canonical.split()
    when = _times(minute, hour)
    days = _days(day, weekday)
    parts = [days, _months(month)]
    if day[0].isdecimal() and weekday == "*" and "*" not in month:
        names = _listed([_MONTHS[int(one) - 1] for one in month.split(",")])
        parts = [_DATES_OF.fill(list=_dates_in(day), months=names)]
    elif days is None and when.en.startswith(_AT.en[:3]):
        parts = [_EVERY_DAY, *parts]
    return _joined([*(part for part in parts if part is not None), when])


def warning_of(cron: Cron) -> Text | None:
    """Name both readings of two day fields of which one starts with `*`; None if clear."""
    _, _, day, _, weekday = cron.canonical.split()
    dates, days = _dates(day), _weekdays(weekday)
    if dates is None or days is None or not (day.startswith("*") or weekday.startswith("*")):
        return None
    both = _ONLY.fill(first=dates, second=days)
    return _TWO_READINGS.fill(both=both, either=_OR.fill(first=dates, second=days))


def _joined(parts: list[Text]) -> Text:
    return Text(" ".join(part.en for part in parts), " ".join(part.fr for part in parts))


def _times(minute: str, hour: str) -> Text:
    if "*" not in minute + hour:
        times = [(int(h), int(m)) for h in hour.split(",") for m in minute.split(",")]
        if len(times) <= _MOST_TIMES:
            return _AT.fill(times=_listed([_clock(*time) for time in times]))
    if minute == "*":
        return _joined([_EVERY_MINUTE, *_within(hour)])
    if minute.startswith("*/"):
        return _joined([_EVERY_MINUTES.fill(count=minute[2:]), *_within(hour)])
    if hour.startswith("*/"):
        every = [_EVERY_HOURS.fill(count=hour[2:])]
    else:
        every = [_EVERY_HOUR, *_within(hour)]
    if minute == "0":
        return _joined(every)
    return _joined([*every, (_MINUTES if "," in minute else _MINUTE).fill(list=_spans(minute))])


def _within(hour: str) -> list[Text]:
    """Return the hours that *hour* names, as a span of time where they follow each other."""
    if hour == "*":
        return []
    if hour.startswith("*/"):
        hour = ",".join(str(number) for number in range(0, 24, int(hour[2:])))
    numbers = [int(one) for one in hour.split(",")]
    if numbers[-1] - numbers[0] == len(numbers) - 1:
        return [_BETWEEN.fill(first=_clock(numbers[0], 0), last=_clock(numbers[-1], 59))]
    return [_IN_HOURS.fill(list=_spans(hour))]


def _clock(hour: int, minute: int) -> Text:
    return Text(f"{hour}:{minute:02}", f"{hour} h" if minute == 0 else f"{hour} h {minute:02}")


def _days(day: str, weekday: str) -> Text | None:
    dates, days = _dates(day), _weekdays(weekday)
    if dates is None or days is None:
        return dates or days
    is_both = day.startswith("*") or weekday.startswith("*")
    return (_ONLY if is_both else _OR).fill(first=dates, second=days)


def _dates(day: str) -> Text | None:
    if day == "*":
        return None
    if day == "L":
        return _LAST_DATE
    if day.startswith("*/"):
        return _ONE_IN.fill(count=day[2:])
    if len(_runs(day)) < len(day.split(",")):
        return _NUMBERS.fill(list=_spans(day))
    return _DATES.fill(list=_dates_in(day))


def _dates_in(day: str) -> Text:
    return _listed([_date(int(one)) for one in day.split(",")], article="le ")


def _date(day: int) -> Text:
    endings = {1: "st", 2: "nd", 3: "rd"}
    ending = "th" if day in {11, 12, 13} else endings.get(day % 10, "th")
    return Text(f"{day}{ending}", "1er" if day == 1 else str(day))


def _weekdays(weekday: str) -> Text | None:
    if weekday == "*":
        return None
    if weekday.startswith("*/"):
        weekday = ",".join(str(number) for number in range(0, 7, int(weekday[2:])))
    names = weekday.split(",")
    if "#" in weekday or "L" in weekday:
        return _NTH.fill(list=_listed([_nth(name) for name in names], article="le "))
    # A week begins on Monday here.
    numbers = sorted((int(name) - 1) % 7 for name in names)
    days = [_WEEKDAYS[(number + 1) % 7] for number in numbers]
    if len(numbers) >= _SHORTEST_SPAN and numbers[-1] - numbers[0] == len(numbers) - 1:
        return _SPAN_OF_DAYS.fill(first=days[0], last=days[-1])
    return _DAYS.fill(list=_listed(days, article="le "))


def _nth(name: str) -> Text:
    if name.startswith("L"):
        place, day = _LAST, _WEEKDAYS[int(name[1])]
    else:
        place, day = _ORDINALS[int(name[2]) - 1], _WEEKDAYS[int(name[0])]
    return _joined([place, day])


def _months(month: str) -> Text | None:
    if month == "*":
        return None
    if month.startswith("*/"):
        return _EVERY_MONTHS.fill(count=month[2:])
    return _IN_MONTHS.fill(list=_listed([_MONTHS[int(one) - 1] for one in month.split(",")]))


def _runs(values: str) -> list[list[int]]:
    """Return the numbers of a field, those that follow each other (three at least) together."""
    runs: list[list[int]] = []
    for number in (int(one) for one in values.split(",")):
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    short = [[number] for run in runs if len(run) < _SHORTEST_SPAN for number in run]
    return sorted([*(run for run in runs if len(run) >= _SHORTEST_SPAN), *short])


def _spans(values: str) -> Text:
    return _listed(
        [
            Text(str(run[0]), str(run[0]))
            if len(run) == 1
            else _TO.fill(first=run[0], last=run[-1])
            for run in _runs(values)
        ]
    )


def _listed(parts: list[Text], *, article: str = "") -> Text:
    """Return *parts* as an enumeration; French repeats the *article* before each."""

    def said(which: int) -> str:
        words = [part[which] for part in parts]
        if which == 1:
            words = [words[0], *(article + word for word in words[1:])]
        if len(words) == 1:
            return words[0]
        return ", ".join(words[:-1]) + _AND[which] + words[-1]

    return Text(said(0), said(1))
