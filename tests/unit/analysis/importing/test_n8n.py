"""Workflows of n8n: their order, their branches, their expressions."""

import pytest

from rouage.analysis.importing.n8n.conditions import expression_of as condition
from rouage.analysis.importing.n8n.expressions import text_of
from rouage.analysis.importing.n8n.schedules import entries_of
from rouage.recipes.reader import read


def recipe(settled):
    return read(settled.written.text.encode()).data


def words(steps):
    """Return the word of each step."""
    return [next(iter(step)) for step in steps]


def test_nodes_follow_their_connections_and_read_the_node_before(take):
    data = recipe(take("workflows.json")["Chaque matin"])
    assert data["when"] == [{"schedule.at": {"time": "08:30"}}]
    assert data["timezone"] == "Europe/Paris"
    assert words(data["do"]) == ["http.request", "notify.send"]
    assert data["do"][0]["id"] == "lire"
    assert data["do"][1]["notify.send"]["text"] == "${{ steps.lire.body.count }} commandes"


def test_a_step_after_two_branches_is_done_in_both(take):
    data = recipe(take("workflows.json")["Commande"])
    yes, no = data["do"][0]["choose"]
    assert yes["if"] == "event.body.total >= 100"
    assert words(yes["do"]) == words(no["do"]) == ["set", "http.request"]
    assert yes["do"][1]["http.request"]["json"] == {"taille": "${{ vars.taille }}"}


def test_starts_that_lead_elsewhere_make_recipes_of_their_own(take):
    recipes = take("workflows.json")
    by_hand, monday = recipe(recipes["Deux départs"]), recipe(recipes["Deux départs'"])
    assert words(by_hand["when"]) == ["manual.start"]
    assert words(by_hand["do"]) == ["shell.run"]
    assert words(monday["when"]) == ["schedule.at"]
    assert words(monday["do"]) == ["wait", "shell.run"]


def test_branches_that_meet_in_a_merge_go_on_once(take):
    data = recipe(take("workflows.json")["Fusion"])
    assert words(data["do"])[:3] == ["http.request", "http.request", "notify.send"]
    assert words(data["do"]).count("notify.send") == 1


def test_notes_and_forgotten_nodes_are_kept_as_comments(take):
    text = take("workflows.json")["Fusion"].written.text
    assert "Pense-bête" in text
    assert "“Oublié” is connected to nothing that starts" in text


def test_a_loop_is_told_not_followed(take):
    settled = take("workflows.json")["Boucle"]
    reasons = [one.reason.en for one in settled.draft.unfinished()]
    assert any("leads back" in one for one in reasons)


def test_code_and_what_depends_on_it_are_left_to_a_person(take):
    settled = take("workflows.json")["Code"]
    assert len(settled.draft.unfinished()) == 2
    assert "return items.map" in settled.written.text
    assert recipe(settled)["enabled"] is False


def test_a_switch_is_a_choice_with_its_rest(take):
    first, second, rest = recipe(take("workflows.json")["Aiguillage"])["do"][0]["choose"]
    assert first["if"] == "event.body.pays == 'FR'"
    assert second["if"] == (
        "(event.body.pays | starts_with('B')) or (event.body.ville | default('')) != ''"
    )
    assert rest["do"][0]["stop"] == {"text": "pays inconnu", "result": "failed"}


def test_what_a_node_says_beside_its_parameters_is_kept(take):
    settled = take("workflows.json")["Flux"]
    (choice,) = recipe(settled)["do"]
    keep, send = choice["choose"][0]["do"]
    assert keep["enabled"] is False
    assert send["retry"] == {"times": 2, "wait": "1s"}
    assert send["on_error"] == "continue"
    assert send["mail.send"]["subject"] == "Nouveau : ${{ event.item.title }}"


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("plain {{ text }}", "plain {{ text }}"),
        ("=a {{ $json.b }}", "a ${{ steps.x.b }}"),
        ('={{ $json["b"].c }}', "${{ steps.x.b.c }}"),
        ("={{ $node['N'].json.b }}", "${{ N.b }}"),
        ("={{ $('N').first().json.b }}", "${{ N.b }}"),
        ("={{ $json.a.toUpperCase() }}", "${{ steps.x.a | upper }}"),
        ("={{ $json.a === 'x' }}", "${{ steps.x.a == 'x' }}"),
        ("={{ $json.a || 'x' }}", None),
        ("={{ secrets.key }}", None),
        ("={{ 'secrets' }}", "${{ 'secrets' }}"),
        ("={{ $json.list.map(x => x.a) }}", None),
        ("={{ $fromAI('x') }}", None),
        ("={{ new Foo() }}", None),
        ("${{ secrets.a }}", "$${{ secrets.a }}"),
    ],
)
def test_expressions_are_translated_or_given_up(text, ours):
    assert text_of(text, lambda name: name or "steps.x") == ours


def test_a_shell_never_reads_what_came_from_elsewhere(take):
    (settled,) = take(
        '{"name":"W","nodes":[{"name":"H","type":"n.webhook","parameters":{"path":"p"}},'
        '{"name":"C","type":"n.executeCommand","parameters":{"command":"=rm {{ $json.body.f }}"}}],'
        '"connections":{"H":{"main":[[{"node":"C"}]]}}}'
    ).values()
    assert len(settled.draft.unfinished()) == 1
    assert "shell.run" not in str(recipe(settled))


@pytest.mark.parametrize(
    ("rule", "entry"),
    [
        ({}, {"schedule.at": {"time": "00:00"}}),
        ({"field": "minutes", "minutesInterval": 15}, {"schedule.every": {"interval": "15m"}}),
        ({"field": "hours", "hoursInterval": 2, "triggerAtMinute": 5},
         {"schedule.cron": {"expression": "5 */2 * * *"}}),
        ({"field": "days", "daysInterval": 2, "triggerAtHour": 6},
         {"schedule.every": {"interval": "2d", "start": "06:00"}}),
        ({"field": "months", "triggerAtDayOfMonth": 3, "triggerAtHour": 1},
         {"schedule.cron": {"expression": "0 1 3 * *"}}),
        ({"field": "cronExpression", "expression": "0 */5 * * * *"},
         {"schedule.cron": {"expression": "*/5 * * * *"}}),
        ({"field": "cronExpression", "expression": "30 */5 * * * *"}, None),
        ({"field": "weeks", "weeksInterval": 2}, None),
        ({"field": "centuries"}, None),
        ({"field": "minutes", "minutesInterval": "={{ 5 }}"}, None),
    ],
)  # fmt: skip
def test_clocks_are_schedules_or_nothing(rule, entry):
    assert entries_of("scheduleTrigger", {"rule": {"interval": [rule]}}) == [entry]


def test_conditions_without_a_known_comparison_are_given_up():
    given = {"conditions": {"string": [{"value1": "a", "operation": "regex", "value2": "b"}]}}
    assert condition(given, lambda name: name or "event") is None
    assert condition({"conditions": {}}, lambda name: name or "event") is None


def test_parameters_that_nothing_was_made_of_are_named(take):
    text = take("workflows.json")["Chaque matin"].written.text
    assert "left out here, so look at it: chatId" in text
