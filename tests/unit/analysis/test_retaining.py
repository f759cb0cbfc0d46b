"""Where a recipe has personal values, as its declarations and the names of its fields say."""

from rouage.analysis.retaining import places_in
from rouage.catalog.discovery import discover
from rouage.durable.keeping import Places
from rouage.recipes.checker import check

CATALOG = discover(entry_points=())
RECIPE = """\
name: Quotes
inputs:
  boss: {type: email, label: Boss, default: boss@example.org}
  count: {type: number, label: Count, default: 3}
when:
  - form.submitted:
      title: Ask
      inputs:
        phone: {type: phone, label: Telephone}
        width: {type: number, label: Width}
    id: form
    batch: {max: 5, quiet: 1h}
  - schedule.every: {interval: 1d}
    id: daily
do:
  - group:
      do:
        - mail.send: {to: "${{ inputs.boss }}", subject: Quote}
  - log.write: {message: done}
"""


def places(text: str) -> Places:
    found = check(text.encode(), file="quotes.yaml", catalog=CATALOG)
    assert found.recipe is not None, found.problems
    return places_in(found.recipe, CATALOG)


def test_events_and_steps_have_what_is_declared_and_named_so() -> None:
    found = places(RECIPE)
    assert found.inputs == ("inputs.boss",)
    assert set(found.of_event("quotes/form")) == {
        "inputs.boss", "fields.phone", "items.fields.phone",
    }  # fmt: skip
    assert found.of_event("quotes/daily") == ("inputs.boss",)
    assert found.of_event("quotes/manual") == ("inputs.boss",)
    assert {"to", "cc", "bcc"} <= set(found.parameters["mail.send"])
    assert "log.write" not in found.parameters


def test_a_recipe_without_people_has_none() -> None:
    text = "name: Tidy\nwhen: [{schedule.every: {interval: 1d}}]\ndo: [{log.write: {message: a}}]\n"
    assert not places(text)
