"""Automations of Home Assistant, one thing after the other."""

import pytest

from rouage.analysis.importing.foreign import duration_of
from rouage.analysis.importing.home_assistant.conditions import expression_of
from rouage.analysis.importing.home_assistant.templates import (
    Names,
    condition_of,
    duration_text,
    text_of,
)
from rouage.recipes.reader import read


@pytest.fixture(scope="module")
def names() -> Names:
    return Names(variables={"client"}, inputs={"piece"})


def recipe(settled):
    return read(settled.written.text.encode()).data


def test_times_and_weekdays_are_a_schedule(take):
    data = recipe(take("automations.yaml")["Rapport du matin"])
    assert data["when"] == [
        {"schedule.at": {"time": "07:30", "days": ["mon", "tue", "wed", "thu", "fri"]}}
    ]
    assert data["concurrency"] == {"mode": "single"}


def test_a_webhook_asks_for_a_token_that_home_assistant_did_not_ask_for(take):
    settled = take("automations.yaml")["Commande reçue"]
    (trigger,) = recipe(settled)["when"]
    assert trigger["webhook.received"] == {
        "path": "commande-boutique",
        "preset": "bearer",
        "secret": "${{ secrets.hook_commande_boutique }}",
        "methods": ["POST", "PUT"],
    }
    assert "rouage secrets set hook_commande_boutique" in settled.written.text
    assert recipe(settled)["concurrency"] == {"mode": "queued", "max": 10, "when_full": "skip"}


def test_choices_waits_and_variables_are_ours(take):
    steps = recipe(take("automations.yaml")["Commande reçue"])["do"]
    assert steps[0] == {"set": {"client": "${{ event.body.customer | upper }}"}}
    first, otherwise = steps[1]["choose"]
    assert first["if"] == "event.body.total > 100"
    assert first["do"][0]["notify.send"]["text"] == "Grosse commande de ${{ vars.client }}"
    assert otherwise["do"][0] == {"wait": "5m"}


def test_what_has_no_equivalent_keeps_its_text_and_switches_the_recipe_off(take):
    settled = take("automations.yaml")["Lampe au coucher du soleil"]
    text = settled.written.text
    for kept in ("event: sunset", "entity_id: group.famille", "brightness_pct: 60"):
        assert f"#   {kept}" in text or kept in text
    assert recipe(settled)["enabled"] is False
    assert "if" not in recipe(settled)


def test_a_lost_condition_never_makes_a_recipe_act_more_often(take):
    for settled in take("automations.yaml").values():
        if settled.draft.lost_conditions:
            assert recipe(settled)["enabled"] is False


def test_the_night_goes_over_midnight(names):
    night = {"condition": "time", "after": "22:00:00", "before": "06:00"}
    clock = "(now() | date('%H:%M:%S'))"
    assert expression_of(night, names) == f"({clock} >= '22:00:00' or {clock} < '06:00:00')"
    day = {"condition": "time", "after": "08:00", "weekday": ["sat"]}
    assert expression_of(day, names) == f"{clock} >= '08:00:00' and (now() | weekday) in [6]"


@pytest.mark.parametrize(
    ("given", "expression"),
    [
        ({"not": ["{{ 1 > 2 }}"]}, "not (1 > 2)"),
        ({"or": ["{{ 1 > 2 }}", {"condition": "trigger", "id": ["a", "b"]}]},
         "1 > 2 or trigger.id in ['a', 'b']"),
        ({"condition": "state", "entity_id": "a", "state": "on"}, None),
        ({"condition": "time", "after": "input_datetime.x"}, None),
        ({"and": []}, None),
        ("{{ states('a') }}", None),
        ("no template", None),
        (5, None),
    ],
)  # fmt: skip
def test_a_condition_is_an_expression_or_nothing(names, given, expression):
    assert expression_of(given, names) == expression


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("a {{ client }} b", "a ${{ vars.client }} b"),
        ("{{ piece | upper }}", "${{ inputs.piece | upper }}"),
        ("{{ 'client' ~ x.client }}", "${{ 'client' ~ x.client }}"),
        ("{{- trigger.json['a'] -}}", "${{ event.body['a'] }}"),
        ("{{ trigger.payload | int(0) }}", "${{ event.payload | int }}"),
        ("${{ secrets.a }}", None),
        ("{% if a %}b{% endif %}", None),
        ("{{ states.light.a }}", None),
        ("{{ secrets.key }}", None),
        ("{{ 'states' }}", "${{ 'states' }}"),
        ("!secret a", None),
        ("plain", "plain"),
    ],
)
def test_a_template_is_translated_or_given_up(names, text, ours):
    found = text_of(text, names)
    if text.startswith("$"):
        # What our language would read is never let through as it is.
        assert found is None or not found.startswith("${{ secrets")
    else:
        assert found == ours


def test_a_condition_must_be_one_template(names):
    assert condition_of("{{ client == 'a' }}", names) == "vars.client == 'a'"
    assert condition_of("a {{ client }}", names) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("00:05:00", "5m"), ("1:30", "1h30m"), (90, "1m30s"), ({"hours": 2}, "2h"),
        ({"minutes": "5", "seconds": 1}, "5m1s"), ({"milliseconds": 500}, "500ms"),
        ("{{ x }}", None), ({"years": 1}, None), (0, None), (True, None), (1e12, None),
    ],
)  # fmt: skip
def test_delays_are_durations(value, text):
    assert duration_text(value) == text


def test_a_length_of_time_is_written_shortly():
    assert [duration_of(one) for one in (1, 60, 3_661, 86_400)] == ["1s", "1m", "1h1m1s", "1d"]


def test_scripts_become_recipes_that_are_called(take):
    recipes = take("scripts.yaml")
    tidy = recipe(recipes["Ranger tout"])
    assert tidy["id"] == "ranger-tout"
    assert tidy["inputs"]["piece"]["label"] == "Pièce"
    assert "when" not in tidy
    assert (
        tidy["do"][0]["log.write"]["message"]
        == "On range ${{ inputs.piece }} (${{ inputs.force }})"
    )
    assert recipe(recipes["Appelle"])["do"] == [{"call": {"recipe": "saluer"}}]


def test_a_blueprint_is_said_to_need_its_automation(take):
    (piece,) = take("automations.yaml")["Modèle"].draft.unfinished()
    assert "Take control" in piece.reason.en


def test_a_trigger_that_says_more_than_is_understood_is_not_taken_over(take):
    text = "- alias: A\n  trigger: [{platform: mqtt, topic: a, for: '00:05:00'}]\n"
    (settled,) = take(text + "  action: [{delay: 5}]\n").values()
    (piece,) = settled.draft.unfinished()
    assert "mqtt: for" in piece.reason.en
    assert "when" not in recipe(settled)


def test_what_a_service_was_told_besides_is_named(take):
    text = "- alias: A\n  trigger: [{platform: time, at: '08:00'}]\n  action:\n"
    call = (
        "    - {service: notify.x, target: {device_id: d1}, data: {message: m, data: {tag: t}}}\n"
    )
    (settled,) = take(text + call).values()
    assert "look at it: target" in settled.written.text
    assert "look at it: data" in settled.written.text
