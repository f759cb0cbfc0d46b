"""Every recipe of the gallery, under the same trials: twice, cut off, refused, nobody there."""

import re
from pathlib import Path
from typing import Any

import pytest

from rouage.cli.main import main
from rouage.recipes.reader import read
from rouage.rehearsal.answers import Answer
from tests.acceptance.gallery_desk import (
    CATALOG,
    EVERY,
    NAMES,
    Desk,
    cases_of,
    path_of,
    played,
    templates,
)

SELLER = """
accounts:
  me:
    type: seller
    name: Camille Exemple
    siret: "73282932000074"
    address: 1 place de l’Exemple, 75000 Paris
"""
ACCOUNT_OF = {"invoice": "seller", "mail": "mail", "notify": "notify", "ai": "ai"}
INPUTS = {
    "credit-note": ["--input", "number=FA-2026-0001"],
    "quote-accepted": ["--input", "quote=DE-2026-0001"],
}
every_recipe = pytest.mark.parametrize(("language", "template"), EVERY, ids=NAMES)


def data_of(template: Any) -> Any:
    return read(template.source).data


def steps_in(value: Any) -> list[dict[str, Any]]:
    """Return every step of a recipe, also those inside others."""
    found: list[dict[str, Any]] = []
    if isinstance(value, list):
        for one in value:
            found += steps_in(one)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key == "do":
                found += [step for step in inner if isinstance(step, dict)]
            found += steps_in(inner)
    return found


def actions_in(data: Any) -> list[str]:
    return [key for step in steps_in(data) for key in step if key in CATALOG.actions]


# -- what each says of itself --------------------------------------------------------------------


@every_recipe
def test_it_says_what_it_is_costs_and_saves(language, template):
    assert template.title
    assert template.about.endswith(".")
    assert template.tags
    origin = template.origin
    assert origin["cost"]
    assert origin["minutes"] > 0
    assert origin["version"] >= 1
    assert len(origin["words"]) >= 3
    for name, declared in template.inputs.items():
        assert declared["label"] != name
        assert len(declared["label"]) > 3


@every_recipe
def test_it_names_the_accounts_that_it_uses(language, template):
    data = data_of(template)
    used = actions_in(data) + [name for one in data.get("when", []) for name in one]
    kinds = {ACCOUNT_OF.get(name.partition(".")[0]) for name in used if "." in name} - {None}
    if not {"invoice.read"}.issuperset(name for name in used if name.startswith("invoice.")):
        kinds.add("seller")
    elif "invoice.read" in used:
        kinds.discard("seller")
    assert set(template.needs) == kinds


def test_both_languages_hold_the_same_recipes():
    def shape(template: Any) -> Any:
        data = data_of(template)
        when = [next(iter(one)) for one in data["when"]]
        origin = template.origin
        facts = origin["version"], origin["cost"], origin["minutes"], tuple(template.needs)
        return when, actions_in(data), list(template.inputs), facts

    french, english = (
        {one.origin["id"]: shape(one) for one in templates(language)} for language in ("fr", "en")
    )
    assert french == english


@pytest.mark.parametrize("language", ["fr", "en"])
def test_no_two_recipes_are_the_same(language):
    ids = [one.origin["id"] for one in templates(language)]
    assert len(ids) == len(set(ids))
    assert len(ids) >= 10


# -- trials --------------------------------------------------------------------------------------


@every_recipe
async def test_its_own_tests_pass(language, template, tmp_path):
    cases = cases_of(language, template)
    assert cases
    for case in cases:
        one = await played(template, case, tmp_path)
        assert one.has_passed, (case.name, one.differences, one.complaints)
    assert list(tmp_path.iterdir()) == []


@every_recipe
async def test_an_event_that_comes_twice_is_done_once(language, template, tmp_path):
    desk = Desk(template, cases_of(language, template)[0], tmp_path)
    event = desk.event("delivery 1")
    async with desk.at_work() as shift:
        await shift.deliver(event)
        await shift.finish()
        once = list(desk.calls)
        await shift.deliver(desk.event("delivery 1"))
        runs = await shift.finish()
    assert len(runs) == 1
    assert runs[0].state == "succeeded", runs[0].error
    assert desk.calls == once
    assert once


@every_recipe
async def test_a_run_that_is_cut_off_goes_on_where_it_was(language, template, tmp_path):
    case = cases_of(language, template)[0]
    whole = Desk(template, case, tmp_path)
    async with whole.at_work() as shift:
        await shift.deliver(whole.event("whole"))
        await shift.finish()
    for cut_at in range(1, len(whole.calls) + 1):
        folder = tmp_path / str(cut_at)
        folder.mkdir()
        desk = Desk(template, case, folder, cut_at=cut_at)
        await _cut(desk)
        async with desk.at_work() as shift:
            runs = await shift.finish()
        assert [run.state for run in runs] == ["succeeded"], runs[0].error
        keys = [call.key for call in desk.calls]
        # The one that was under way is asked again, under the same key; no other is.
        assert len(keys) == len(set(keys)) + 1
        assert {call.step for call in desk.calls} == {call.step for call in whole.calls}


async def _cut(desk: Desk) -> None:
    import asyncio

    async with desk.at_work() as shift:
        await shift.deliver(desk.event("cut"))
        finishing = asyncio.ensure_future(shift.finish())
        cut = asyncio.ensure_future(desk.was_cut.wait())
        async with asyncio.timeout(30):
            await asyncio.wait([finishing, cut], return_when=asyncio.FIRST_COMPLETED)
        assert desk.was_cut.is_set()
        finishing.cancel()
        await asyncio.gather(finishing, return_exceptions=True)


def _outside(template: Any) -> list[str]:
    """Return the ids of the steps that reach something outside."""
    found = []
    for step in steps_in(data_of(template)):
        action = next((key for key in step if key in CATALOG.actions), None)
        if action is not None and CATALOG.actions[action].effect in {"outward", "irreversible"}:
            found.append(step["id"])
    return found


@every_recipe
async def test_a_service_that_is_down_never_counts_as_done(language, template, tmp_path):
    import dataclasses

    case = cases_of(language, template)[0]
    for name in _outside(template):
        if name not in case.answers:
            continue
        down = Answer(kind="error", value={"kind": "RetryableError", "message": "not there"})
        answers = {**case.answers, name: (down,)}
        one = await played(template, dataclasses.replace(case, answers=answers), tmp_path)
        assert one.performance is not None
        run = one.performance.run
        assert run is not None
        assert run.state == "failed", (name, run.state)
        tried = [step for step in run.steps if step.path.endswith(_last(template, name))]
        if _retries(template, name):
            assert max(step.attempts for step in tried) > 1, name


def _step(template: Any, name: str) -> Any:
    return next(step for step in steps_in(data_of(template)) if step.get("id") == name)


def _retries(template: Any, name: str) -> bool:
    return "retry" in _step(template, name)


def _last(template: Any, name: str) -> str:
    from tests.acceptance.gallery_desk import recipe_of, steps_of

    path = next(step.path for step in steps_of(recipe_of(template)) if step.id == name)
    return path.rpartition(".do.")[2]


@every_recipe
async def test_a_no_sends_and_issues_nothing(language, template, tmp_path):
    import dataclasses

    case = cases_of(language, template)[0]
    asked = [step["id"] for step in steps_in(data_of(template)) if "approve" in step]
    for name in asked:
        no = Answer(kind="value", value={"approved": False, "reason": "no"})
        whole = await played(template, case, tmp_path)
        answers = {**case.answers, name: (no,)}
        refused = await played(template, dataclasses.replace(case, answers=answers), tmp_path)
        assert _acted(refused) < _acted(whole), name
        assert refused.performance.run.state in {"cancelled", "succeeded"}


def _acted(one: Any) -> int:
    return sum(act.effect != "none" for act in one.performance.acted)


def test_money_and_letters_to_customers_are_asked_about_first():
    for _, template in EVERY:
        data = data_of(template)
        if "invoice.issue" in actions_in(data):
            assert any("approve" in step for step in steps_in(data)), template.id


# -- on the example ------------------------------------------------------------------------------


def workspace_for(language: str, template: Any, folder: Path, *, settings: str = "") -> Path:
    (folder / "recipes").mkdir(parents=True)
    text = f"language: {language}\ntimezone: Europe/Paris\n{settings}"
    (folder / "rouage.yaml").write_text(text, encoding="utf-8")
    target = folder / "recipes" / f"{template.id}.yaml"
    target.write_bytes(path_of(language, template).read_bytes())
    for place, source in template.files().items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_bytes(source.read_bytes())
    for name in re.findall(rb"secrets\.([a-z_]+)", template.source):
        _store(folder, name.decode())
    return folder


def _store(folder: Path, name: str) -> None:
    from rouage.secrets import SecretStore
    from rouage.settings import Places

    (folder / ".rouage").mkdir(mode=0o700, exist_ok=True)
    SecretStore(Places(folder).secrets).set(name, "a-made-up-secret-for-tests")


def tried(language: str, template: Any, folder: Path) -> int:
    event = ["--sample"] if template.event is None else ["--event", str(template.event)]
    given = INPUTS.get(template.origin["id"], [])
    return main(["--workspace", str(folder), "try", template.id, *event, *given])


def picture(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@every_recipe
def test_it_can_be_tried_on_its_example_before_any_account_is_there(
    language, template, tmp_path, capsys
):
    folder = workspace_for(language, template, tmp_path / "shop")
    before = picture(folder)
    assert tried(language, template, folder) == 0, capsys.readouterr().out
    assert picture(folder) == before


@pytest.mark.parametrize(
    "template",
    [one for one in templates("fr") if "seller" in one.needs and one.origin["id"] not in INPUTS],
    ids=lambda one: one.id,
)
def test_it_can_be_tried_with_the_account_of_a_seller(template, tmp_path, capsys):
    folder = workspace_for("fr", template, tmp_path / "shop", settings=SELLER)
    before = picture(folder)
    assert tried("fr", template, folder) == 0, capsys.readouterr().out
    assert picture(folder) == before


# -- its page ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "page"), [("en", "gallery.md"), ("fr", "gallery.fr.md")])
def test_its_page_lists_every_recipe_as_it_is(language, page):
    text = (Path(__file__).parents[2] / "docs" / page).read_text(encoding="utf-8")
    for one in templates(language):
        minutes = f"| {one.origin['minutes']} min |"
        row = next(line for line in text.splitlines() if f"(`{one.id}`)" in line)
        assert one.title in row
        assert one.about in row
        assert minutes in row
