"""A run that is kept as a case passes when it is played again, whatever its steps waited for."""

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from rouage.catalog.catalog import Catalog
from rouage.recipes.checker import check
from rouage.rehearsal.cases import read_cases
from rouage.rehearsal.keeping import Kept
from rouage.rehearsal.playing import known_of, play
from rouage.rehearsal.scene import Surround
from rouage.rehearsal.writing import item

PARIS = ZoneInfo("Europe/Paris")
OTHER = "name: other\ndo:\n  - set: {a: 1}\noutputs: {n: 41}\n"

APPROVE = """
name: a
do:
  - approve:
      ask: Send it?
      fields: {amount: {type: integer, default: 3}}
      timeout: 2d
      on_timeout: ON
    id: asked
  - files.write: {path: a.txt, text: "${{ steps.asked.fields.amount }}"}
finally:
  - emit: {name: over, data: {at: "${{ now() | date('%Y-%m-%d') }}"}}
"""
WAIT = """
name: a
do:
  - wait:
      event: {webhook.received: {path: paid, preset: none, unsigned: true}}
      timeout: 1h
      on_timeout: ON
    id: paid
  - set: {got: "${{ steps.paid | default('nothing') }}"}
"""
LOOP = """
name: a
do:
  - for_each:
      in: ${{ event.list }}
      on_item_error: continue
      do:
        - http.request: {url: "https://example.org/${{ item }}"}
          id: asked
          retry: {times: 1, wait: 1m}
        - call: {recipe: other}
          id: called
    id: loop
outputs: {failed: "${{ steps.loop.failed | length }}", n: "${{ steps.loop.count }}"}
"""
READS = """
name: a
do:
  - files.read: {path: a.txt}
    id: read
    on_error: continue
  - data.parse: {text: "[1]", format: json}
    id: parsed
  - stop: {text: enough, result: skipped}
    if: steps.parsed.count > 0
"""
FAILS = {"error": {"kind": "Odd", "message": "no luck"}}


@pytest.mark.parametrize(
    ("text", "answers", "state"),
    [
        (APPROVE.replace("ON", "refuse"), {"asked": {"approved": True, "fields": {"amount": 9}}},
         "succeeded"),
        (APPROVE.replace("ON", "refuse"), {"asked": {"approved": False, "by": "zoe"}}, "cancelled"),
        (APPROVE.replace("ON", "refuse"), {"asked": {"timeout": True}}, "cancelled"),
        (APPROVE.replace("ON", "stop"), {"asked": {"timeout": True}}, "failed"),
        (WAIT.replace("ON", "stop"), {"paid": {"value": {"value": 3}}}, "succeeded"),
        (WAIT.replace("ON", "stop"), {"paid": {"timeout": True}}, "failed"),
        (WAIT.replace("ON", "continue"), {"paid": {"timeout": True}}, "succeeded"),
        (LOOP, {"asked": {"each": [{"body": "x"}, FAILS, {"body": "y" * 900}]}}, "succeeded"),
        (READS, {"read": {"text": "x"}}, "skipped"),
        (READS, {"read": FAILS}, "skipped"),
    ],
)  # fmt: skip
async def test_it_comes_to_the_same(
    rehearsed: Any, catalog: Catalog, tmp_path: Path, text: str, answers: Any, state: str
) -> None:
    came = await rehearsed(text, {"list": [1, 2, 3]}, answers=answers, others={"other": OTHER})
    recipe = check(text.encode(), file="r.yaml", catalog=catalog).recipe
    assert recipe is not None
    assert came.run is not None
    assert came.run.state == state
    kept = Kept(
        run=came.run, recipe=recipe, catalog=catalog, workspace=tmp_path, zone=PARIS, language="en"
    )
    source = "cases:\n" + item(kept.case("kept"), 2)
    known = known_of(recipe, catalog.actions)
    (case,), problems = read_cases(source.encode(), file="r.test.yaml", known=known)
    assert problems == ()
    surround = Surround(
        catalog=catalog,
        workspace=tmp_path,
        timezone=PARIS,
        language="en",
        recipes=lambda: {"other": check(OTHER.encode(), file="other.yaml", catalog=catalog).recipe},
    )
    played = await play(case, recipe, surround, load=lambda _: None)
    assert played.has_passed, (source, played.differences, played.complaints)
    assert case.expect["state"] == state
