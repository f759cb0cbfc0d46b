"""Dates, working days, clock changes by choice, and schedules read back in words."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from rouage.errors import StepError
from rouage.language import Text
from rouage.sdk.business import Business, read_business
from rouage.sdk.testing import ManualClock, Surroundings
from rouage.sdk.trigger import Receipt
from rouage_connectors.schedule import connector
from rouage_connectors.schedule.changes import FIXED, ClockRule, read_rule
from rouage_connectors.schedule.cron import parse_cron
from rouage_connectors.schedule.overruns import Overruns
from rouage_connectors.schedule.phrases import read_phrase
from rouage_connectors.schedule.reading import sentence_of, warning_of
from rouage_connectors.schedule.ticks import CronTicks, ticks_between

PARIS = ZoneInfo("Europe/Paris")
SHOP = Business(hours=read_business({"closed": ["2026-12-28 to 2026-12-31"]}), zone=PARIS)


def coming(word, parameters, after, most, business=SHOP, recipe_id="r"):
    spec = connector.triggers[f"schedule.{word}"]
    built = spec.parameters.build(parameters)
    assert spec.listen.check(built) is None
    found = spec.listen.preview(
        built,
        recipe_id=recipe_id,
        timezone=PARIS,
        after=datetime.fromisoformat(after).replace(tzinfo=PARIS),
        most=most,
        business=business,
    )
    return [tick.astimezone(PARIS).strftime("%Y-%m-%d %H:%M %z") for tick in found]


def refusal(word, parameters):
    spec = connector.triggers[f"schedule.{word}"]
    return spec.listen.check(spec.parameters.build(parameters))


# -- working days ---------------------------------------------------------------------------------


@pytest.mark.parametrize("days", ["working", "working days", "jours ouvrés", ["ouvrés"]])
def test_working_days_leave_out_holidays_and_closing_dates(days):
    assert coming("at", {"time": "8:30", "days": days}, "2026-12-23 12:00", 3) == [
        "2026-12-24 08:30 +0100",
        "2027-01-04 08:30 +0100",
        "2027-01-05 08:30 +0100",
    ]


def test_working_days_and_a_weekday_are_either():
    given = {"time": "8:30", "days": ["working", "samedi"]}
    assert coming("at", given, "2026-12-24 12:00", 2) == [
        "2026-12-26 08:30 +0100",
        "2027-01-02 08:30 +0100",
    ]


@pytest.mark.parametrize(
    ("phrase", "dates"),
    [
        (
            "le dernier jour ouvré du mois à 17h",
            ["2026-12-24 17:00 +0100", "2027-01-29 17:00 +0100"],
        ),
        ("on the first working day of the month at 9:00", ["2027-01-04 09:00 +0100"]),
        ("second business day of each month at noon", ["2027-01-05 12:00 +0100"]),
    ],
)
def test_the_first_or_last_working_day_of_the_month(phrase, dates):
    assert coming("at", {"time": phrase}, "2026-12-10 12:00", len(dates)) == dates


def test_a_jitter_does_not_move_a_working_day_to_the_next():
    given = {"time": "23:59", "days": "working", "jitter": "2h"}
    found = coming("at", given, "2026-12-24 12:00", 1, recipe_id="recipe")
    assert found[0] < "2026-12-25 02:00"


def test_days_beside_a_phrase_are_refused():
    assert "own days" in refusal("at", {"time": "every monday at 8:00", "days": "working"}).en


# -- dates ----------------------------------------------------------------------------------------


def test_dates_fire_once_each_and_yearly_ones_every_year():
    given = {"dates": ["2026-12-24", "2027-01-02 18:00", "07-14"], "time": "9h"}
    assert coming("dates", given, "2026-07-01 00:00", 4) == [
        "2026-07-14 09:00 +0200",
        "2026-12-24 09:00 +0100",
        "2027-01-02 18:00 +0100",
        "2027-07-14 09:00 +0200",
    ]


@pytest.mark.parametrize(
    "given",
    [
        {"dates": []},
        {"dates": ["2026-02-30"]},
        {"dates": ["02-30"]},
        {"dates": ["24/12/2026"]},
        {"dates": ["soon"]},
        {"dates": ["2026-12-24"], "time": "8"},
        {"dates": ["2026-12-24"] * 1001},
        {"dates": ["2026-12-24"], "timezone": "Mars/Phobos"},
    ],
)
def test_dates_that_are_none_are_refused_in_both_languages(given):
    wrong = refusal("dates", given)
    assert isinstance(wrong, Text)
    assert wrong.en != wrong.fr


# -- clock changes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "dst", "spring", "autumn"),
    [
        ("30 2 * * *", {}, 1, 1),
        ("30 2 * * *", {"gap": "skip"}, 0, 1),
        ("30 2 * * *", {"overlap": "both"}, 1, 2),
        ("*/30 2 * * *", {}, 0, 4),
        ("*/30 2 * * *", {"gap": "run_after"}, 1, 4),
        ("*/30 2 * * *", {"overlap": "first"}, 0, 2),
    ],
)
def test_clock_changes_can_be_chosen(expression, dst, spring, autumn):
    ticks = CronTicks(parse_cron(expression), PARIS, dst=dst)
    for day, expected in ((date(2026, 3, 29), spring), (date(2026, 10, 25), autumn)):
        start = datetime(day.year, day.month, day.day, tzinfo=PARIS).astimezone(UTC)
        found = ticks_between(ticks, start, start + timedelta(hours=12), most=99)
        assert len(found) == expected
        assert found == sorted(set(found))


@pytest.mark.parametrize(
    "wrong", [{"gap": "never"}, {"overlap": "last"}, {"spring": "skip"}, {"gap": "first"}]
)
def test_an_unknown_rule_is_refused(wrong):
    assert "dst" in refusal("cron", {"expression": "0 9 * * *", "dst": wrong}).fr
    with pytest.raises(StepError):
        read_rule(wrong, FIXED)


def test_half_a_rule_leaves_the_other_half():
    assert read_rule({"gap": "skip"}, FIXED) == ClockRule(gap="skip", overlap="first")


# -- read back ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "english", "french"),
    [
        ("0 9 * * 1-5", "from Monday to Friday at 9:00", "du lundi au vendredi à 9 h"),
        ("*/15 * * * *", "every 15 minutes", "toutes les 15 minutes"),
        ("0 * * * *", "every hour", "toutes les heures"),
        ("* * * * *", "every minute", "toutes les minutes"),
        (
            "0 9 10 * 2",
            "on the 10th of the month or on Tuesday at 9:00",
            "le 10 du mois ou le mardi à 9 h",
        ),
        (
            "0 23 L * *",
            "on the last day of the month at 23:00",
            "le dernier jour du mois à 23 h",
        ),
        (
            "0 12 * * 1#1,3#2",
            "on the first Monday and second Wednesday of the month at 12:00",
            "le premier lundi et le deuxième mercredi du mois à 12 h",
        ),
        (
            "0 17 * * 5L",
            "on the last Friday of the month at 17:00",
            "le dernier vendredi du mois à 17 h",
        ),
        ("0 0 25 12 *", "on the 25th of December at 0:00", "le 25 décembre à 0 h"),
        (
            "30 */2 * 1,7 *",
            "in January and July every 2 hours at minute 30",
            "en janvier et juillet toutes les 2 heures à la minute 30",
        ),
        (
            "*/5 8-18 * * 1-6",
            "from Monday to Saturday every 5 minutes from 8:00 to 18:59",
            "du lundi au samedi toutes les 5 minutes de 8 h à 18 h 59",
        ),
        (
            "5 4 1-7 * *",
            "on days 1 to 7 of the month at 4:05",
            "les jours 1 à 7 du mois à 4 h 05",
        ),
        (
            "0 7 1 */2 6,0",
            "on the 1st of the month or on Saturday and Sunday one month in 2 at 7:00",
            "le 1er du mois ou le samedi et le dimanche un mois sur 2 à 7 h",
        ),
        ("5,35 6,9 * * *", "every day at 6:05, 6:35, 9:05 and 9:35", None),
        ("1-30 8,10 * * *", "every hour in the hours 8 and 10 at minutes 1 to 30", None),
    ],
)
def test_an_expression_is_read_back_in_words(expression, english, french):
    sentence = sentence_of(parse_cron(expression))
    assert sentence.en == english
    if french is not None:
        assert sentence.fr == french


def test_two_day_fields_with_a_star_are_warned_about_with_both_readings():
    warning = warning_of(parse_cron("0 9 */2 * 1"))
    assert "only on Monday" in warning.en
    assert "or on Monday" in warning.en
    assert "seulement le lundi" in warning.fr
    assert warning_of(parse_cron("0 9 10 * 2")) is None
    assert warning_of(parse_cron("0 9 */2 * *")) is None


@pytest.mark.parametrize(
    ("word", "given", "english", "canonical"),
    [
        ("cron", {"expression": "@daily"}, "every day at 0:00", "0 0 * * *"),
        ("every", {"interval": "90m"}, "every 1h30m", None),
        ("every", {"interval": "1d", "start": "08:00"}, "every 1d, counted from 08:00", None),
        ("at", {"time": "every 7 minutes"}, "every 7m", None),
        ("at", {"time": ["8h", "18h"]}, "every day at 8:00; every day at 18:00",
         "0 8 * * * | 0 18 * * *"),
        ("at", {"time": "8h", "days": "working"}, "every day at 8:00, on working days",
         "0 8 * * *"),
        ("at", {"time": "2026-12-24 18:00"}, "on 2026-12-24 18:00", None),
        ("dates", {"dates": ["07-14"]}, "on the 14th of July at 8:00", None),
    ],
)  # fmt: skip
def test_every_schedule_says_how_it_was_understood(word, given, english, canonical):
    spec = connector.triggers[f"schedule.{word}"]
    reading = spec.listen.read_back(spec.parameters.build(given), recipe_id="r")
    assert (reading.sentence.en, reading.canonical) == (english, canonical)
    assert reading.sentence.fr


def test_the_jitter_of_a_recipe_is_said():
    spec = connector.triggers["schedule.cron"]
    built = spec.parameters.build({"expression": "0 9 * * *", "jitter": "1h"})
    assert "later" in spec.listen.read_back(built, recipe_id="some-recipe").sentence.en


def test_the_phrase_of_working_days_is_no_cron():
    assert read_phrase("le premier jour ouvré du mois à 8h").crons == ()


# -- runs that take too long ----------------------------------------------------------------------


class Runs:
    """The runs that a schedule starts; `slow` ones have not ended."""

    def __init__(self, tmp_path):
        self.clock, self.slow, self.reports = ManualClock(), set(), []
        context = Surroundings(workspace=tmp_path, clock=self.clock).context()
        context.report = lambda state, reason: self.reports.append((state, reason))
        context.has_ended = self.has_ended
        self.overruns = Overruns(context)

    async def has_ended(self, run):
        return run not in self.slow

    async def tick(self, run):
        await self.clock.advance(60)
        await self.overruns.look()
        self.overruns.note(Receipt(event_id="e", runs=(run,)))


async def test_runs_that_take_longer_than_the_interval_are_told_and_the_remedy_named(tmp_path):
    runs = Runs(tmp_path)
    runs.slow = {"1", "2", "3", "4"}
    for run in "123":
        await runs.tick(run)
    assert runs.reports == []
    await runs.tick("4")
    state, reason = runs.reports[-1]
    assert state == "degraded"
    assert "{mode: latest}" in reason.en
    assert "latest" in reason.fr
    runs.slow.clear()
    await runs.tick("5")
    assert runs.reports[-1] == ("listening", None)


async def test_one_slow_run_is_no_news(tmp_path):
    runs = Runs(tmp_path)
    runs.slow = {"2"}
    for run in "1234":
        await runs.tick(run)
    assert runs.reports == []
