"""`hold`, `trust` and `limits`: what runs pin of them, and how they are read back."""

import yaml

from rouage.analysis.sentences.story import tell
from rouage.catalog.discovery import discover
from rouage.model.recipe import Limit, Trust
from rouage.recipes.checker import check
from rouage.recipes.definition import parse

STEPS = """\
do:
  - notify.send: {text: hello}
    hold: 10m
  - notify.send: {text: later}
    hold: open
"""


def checked(head: str):
    found = check(
        f"name: A\n{head}{STEPS}".encode(), file="a.yaml", catalog=discover(entry_points=())
    )
    assert found.problems == ()
    assert found.recipe is not None
    return parse(found.recipe.definition)


def test_what_runs_pin_is_plain():
    recipe = checked(
        "trust: {auto_after: 3}\nlimits: {messages: 20 per 1d, effects: 5, unusual: stop}\n"
    )
    assert [step.hold for step in recipe.steps] == [600.0, "open"]
    assert recipe.trust == Trust(start="ask", auto_after=3)
    assert recipe.limits == (
        Limit(unit="messages", most=20, per_seconds=86_400.0),
        Limit(unit="effects", most=5),
    )
    assert recipe.unusual == "stop"


def test_trust_that_asks_nothing_changes_nothing():
    plain = checked("")
    assert (plain.trust, plain.limits, plain.unusual) == (None, (), None)
    assert checked("trust: auto\n").hash == plain.hash


def test_all_of_it_is_said_in_both_languages():
    limits = "limits: {messages: 20 per 1d, effects: 5.5, unusual: ask}"
    head = f"name: A\ntrust: {{auto_after: 3}}\n{limits}\n"
    data = yaml.safe_load(head + STEPS)
    catalog = discover(entry_points=())
    english, french = (tell(data, catalog, language).text for language in ("en", "fr"))
    for said in ("in the outbox for 10 minutes", "until the business opens", "After 3 runs"):
        assert said in english
    assert "Beyond 20 messages within 1 day, all runs together, it asks first." in english
    assert "far more than usual" in english
    for said in ("boîte d’envoi", "Après 3 exécutions", "Au-delà de 5,5 effets", "d’habitude"):
        assert said in french
    assert "auto_after" not in english + french
