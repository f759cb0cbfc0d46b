"""Schedules in words: what people say in French and English, and what is refused."""

import pytest

from rouage.errors import StepError
from rouage_connectors.schedule.cron import parse_cron
from rouage_connectors.schedule.moments import Wanted, read_wanted
from rouage_connectors.schedule.phrases import read_phrase

WEEKDAYS = ("every weekday at 9:00", "du lundi au vendredi à 9h", "tous les jours ouvrés à 9 h",
            "on weekdays at 9am", "from monday to friday at 9:00 am", "Monday-Friday at 9:00",
            "EN SEMAINE À 9H", "chaque jour ouvré à 9h00")  # fmt: skip
SAID = {
    "0 9 * * 1-5": WEEKDAYS,
    "0 8 * * 1": (
        "every monday at 8am",
        "tous les lundis à 8h",
        "le lundi à 8 heures",
        "on mondays at 8:00",
        "chaque lundi à 8h",
        "each Monday, at 8 a.m.",
    ),
    "30 18 * * *": (
        "every day at 6:30 pm",
        "tous les jours à 18h30",
        "daily at 18:30",
        "chaque jour à 18 h 30",
        "tous les jours à 18h et demie",
    ),
    "*/15 * * * *": (
        "every 15 minutes",
        "toutes les 15 minutes",
        "tous les quarts d'heure",
        "tous les quarts d’heure",
        "every 15 min",
    ),
    "0 * * * *": ("every hour", "toutes les heures", "hourly", "every 1 hour"),
    "* * * * *": ("every minute", "toutes les minutes", "every 1 minute"),
    "0 */2 * * *": ("every 2 hours", "toutes les 2 heures"),
    "*/30 * * * *": ("every half hour", "toutes les demi-heures"),
    "0 7 1 * *": (
        "on the 1st of every month at 07:00",
        "le 1er de chaque mois à 7h",
        "le premier du mois à 7 h",
        "every month on the 1st at 7am",
    ),
    "0 23 L * *": ("last day of the month at 23:00", "le dernier jour du mois à 23h"),
    "0 12 * * 1#1": ("first monday of the month at noon", "le premier lundi du mois à midi"),
    "0 17 * * 5L": ("last friday of the month at 17:00", "le dernier vendredi du mois à 17h"),
    "0 0 * * 6,0": (
        "every saturday and sunday at midnight",
        "le week-end à minuit",
        "tous les week-ends à minuit",
        "every weekend at midnight",
    ),
    "0 9 25 12 *": ("le 25 décembre à 9h", "every year on december 25 at 9:00"),
    "15 8 * * 5,6,0,1": ("du vendredi au lundi à 8h15",),
    "15 12 * * *": ("tous les jours à midi et quart", "every day at 12:15 pm"),
    "0 0 * * *": ("every day at 12 am", "tous les jours à minuit"),
}
SAID["0 8 * * *"] = (
    "every morning at 8am",
    "tous les matins à 8h",
    "à 8h tous les jours",
    "at 8:00 every day",
)
SAID["0 20 * * *"] = ("every evening at 8 pm", "tous les soirs à 20h")
SAID["0 9 1,15 * *"] = (
    "le 1er et le 15 du mois à 9h",
    "on the 1st and 15th of every month at 9:00",
    "every 1st and 15th of the month at 9 am",
)
SAID["0 8-18 * * *"] = ("toutes les heures de 8h à 18h", "every hour from 8:00 to 18:00")
SAID["0 18 L * *"] = ("fin de mois à 18h", "at the end of the month at 6 pm")
SAID["0 */2 * * *"] += ("every two hours", "toutes les deux heures")
CASES = [(cron, phrase) for cron, phrases in SAID.items() for phrase in phrases]


@pytest.mark.parametrize(("cron", "phrase"), CASES)
def test_a_phrase_is_read_as_one_cron_expression(cron, phrase):
    assert read_phrase(phrase).crons == (cron,)
    parse_cron(cron)


@pytest.mark.parametrize(
    ("phrase", "seconds"),
    [
        ("every 7 minutes", 420),
        ("toutes les 7 minutes", 420),
        ("every 36 hours", 129_600),
        ("toutes les 36 h", 129_600),
        ("every 2 weeks", 1_209_600),
        ("toutes les 2 semaines", 1_209_600),
        ("every 10 seconds", 10),
        ("tous les 3 jours", 259_200),
        ("every 60 minutes", 3600),
    ],
)
def test_what_does_not_divide_an_hour_or_a_day_is_an_interval(phrase, seconds):
    meaning = read_phrase(phrase)
    assert meaning.crons == ()
    assert meaning.interval_seconds == seconds


def test_several_times_and_days():
    assert read_phrase("tous les lundis et jeudis à 8h et 18h30").crons == (
        "0 8 * * 1,4",
        "30 18 * * 1,4",
    )
    assert read_phrase("every monday, wednesday and friday at 8:00, 12:00 and 5 pm").crons == (
        "0 8 * * 1,3,5",
        "0 12 * * 1,3,5",
        "0 17 * * 1,3,5",
    )


@pytest.mark.parametrize(
    "phrase",
    ["at 8", "à 8", "8", "twice a day", "deux fois par jour", "le 31", "le 15", "on the 30th",
     "every monday", "tous les jours", "le 31 de chaque mois à 8h", "every day at 8"],
)  # fmt: skip
def test_an_ambiguous_phrase_is_refused_with_two_proposals_that_are_accepted(phrase):
    with pytest.raises(StepError) as caught:
        read_wanted(phrase, [])
    facts = caught.value.facts
    for language in ("en", "fr"):
        message = caught.value.render(language)
        for number in ("first", "second"):
            proposal = facts[f"{number}_{language}"]
            assert proposal in message
            assert read_wanted(proposal, [])


@pytest.mark.parametrize(
    "phrase", ["", "bla", "every blue moon at 8:00", "every 0 minutes", "every day at 25:00",
               "le 32 de chaque mois à 8h", "every monday at 8:61", "x" * 5000]
)  # fmt: skip
def test_what_is_not_understood_is_refused_with_examples(phrase):
    with pytest.raises(StepError) as caught:
        read_wanted(phrase, [])
    assert "schedule.cron" in caught.value.render("fr")


@pytest.mark.parametrize(
    ("time", "days", "crons"),
    [
        ("08:30", [], ("30 8 * * *",)),
        ("8h30", [], ("30 8 * * *",)),
        ("6:30 pm", [], ("30 18 * * *",)),
        ("midi", "lundi", ("0 12 * * 1",)),
        ("at 8:00", [], ("0 8 * * *",)),
        ("à 8h", [], ("0 8 * * *",)),
        ("08:00", ["monday to friday"], ("0 8 * * 1-5",)),
        ("08:00", ["lundi", "jeudi"], ("0 8 * * 1,4",)),
        (["08:00", "18h"], "weekends", ("0 8 * * 6,0", "0 18 * * 6,0")),
    ],
)
def test_times_of_day_with_and_without_days(time, days, crons):
    assert read_wanted(time, days) == Wanted(crons=crons)


def test_dates_with_a_time_are_moments():
    wanted = read_wanted(["2026-12-24 18:00", "2026-12-24T9:00:00+01:00"], [])
    assert wanted == Wanted(moments=("2026-12-24 18:00", "2026-12-24T9:00:00+01:00"))


@pytest.mark.parametrize(
    ("time", "days", "word"),
    [
        ("2026-12-24", [], "2026-12-24 08:00"),
        ("24/12/2026 18:00", [], "2026-12-24"),
        ("2026-02-30 08:00", [], "exists"),
        ("2026-12-24 18:00", "monday", "names its own days"),
        ("every monday at 8:00", "monday", "names its own days"),
        ("08:00", "someday", "someday"),
        ([], [], "48"),
        (["08:00"] * 49, [], "48"),
    ],
)
def test_half_dates_and_contradictions_are_refused(time, days, word):
    with pytest.raises(StepError) as caught:
        read_wanted(time, days)
    assert word in caught.value.render("en")


def test_a_rhythm_within_the_day_includes_its_last_hour():
    crons = ("*/15 8-17 * * *", "0 18 * * *")
    assert read_phrase("toutes les 15 minutes de 8h à 18h").crons == crons
    assert read_phrase("every 15 minutes between 8:00 and 18:00").crons == crons


@pytest.mark.parametrize(
    ("vague", "first", "second"),
    [
        ("tous les soirs à 8h", "tous les jours à 8h", "tous les jours à 20h"),
        ("every other monday at 9:00", "toutes les 2 semaines", "le premier lundi"),
        ("un lundi sur deux à 9h", "toutes les 2 semaines", "le premier lundi"),
        ("trois fois par jour", "8h, 12h et 18h", "toutes les 8 heures"),
        ("once a week", "tous les lundis", "tous les vendredis"),
        ("une fois par mois", "le 1er de chaque mois", "le dernier jour"),
        ("le 30 et le 31 du mois à 8h", "le dernier jour", "le 28"),
    ],
)
def test_what_is_vague_is_refused_with_two_proposals_that_can_be_read(vague, first, second):
    with pytest.raises(StepError) as caught:
        read_phrase(vague)
    said = caught.value.render("fr")
    assert first in said
    assert second in said
    for language in ("en", "fr"):
        facts = caught.value.facts
        read_phrase(facts[f"first_{language}"])
        read_phrase(facts[f"second_{language}"])


def test_a_very_long_phrase_is_refused_at_once():
    with pytest.raises(StepError):
        read_phrase("every hour from " * 10_000)
