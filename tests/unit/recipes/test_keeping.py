"""`keep`: what runs pin of it, and how it is read back."""

import pytest
import yaml

from rouage.analysis.sentences.story import tell
from rouage.catalog.discovery import discover
from rouage.model.recipe import Keep
from rouage.recipes.checker import check
from rouage.recipes.definition import parse

STEPS = "do:\n  - log.write: {message: hello}\n"


def checked(head: str):
    found = check(
        f"name: A\n{head}{STEPS}".encode(), file="a.yaml", catalog=discover(entry_points=())
    )
    assert found.problems == ()
    assert found.recipe is not None
    return parse(found.recipe.definition)


@pytest.mark.parametrize(
    ("written", "pinned"),
    [
        ("keep: {runs: 50}\n", Keep(runs=50)),
        ("keep: {for: 7d, personal: 12h}\n", Keep(age_seconds=604_800, personal_seconds=43_200)),
        ("keep: {traces: values_blanked}\n", Keep(blanks_values=True)),
    ],
)
def test_what_runs_pin_is_plain(written: str, pinned: Keep):
    assert checked(written).keep == pinned


def test_a_word_that_changes_nothing_changes_no_version():
    assert checked("keep: {traces: full}\n").hash == checked("").hash == checked("keep: {}\n").hash


def test_the_bounds_of_the_workspace_count_unless_it_has_its_own():
    assert not checked("keep: {traces: values_blanked, personal: 7d}\n").keep.has_bounds
    assert checked("keep: {for: 7d}\n").keep.has_bounds
    assert checked("keep: {runs: 7}\n").keep.has_bounds


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("keep: 30d", "RG216"),
        ("keep: {days: 30}", "RG221"),
        ("keep: {for: a week}", "RG501"),
        ("keep: {personal: 59m}", "RG515"),
        ("keep: {runs: 0}", "RG220"),
        ("keep: {traces: none}", "RG217"),
    ],
)
def test_what_cannot_be_kept_so_is_told(written: str, code: str):
    found = check(
        f"name: A\n{written}\n{STEPS}".encode(), file="a.yaml", catalog=discover(entry_points=())
    )
    assert [problem.code for problem in found.problems] == [code]


def test_all_of_it_is_said_in_both_languages():
    head = "name: A\nkeep: {runs: 5, for: 7d, traces: values_blanked, personal: 1d}\n"
    data = yaml.safe_load(head + STEPS)
    catalog = discover(entry_points=())
    english, french = (tell(data, catalog, language).text for language in ("en", "fr"))
    assert "What ran is kept for 7 days, the 5 newest runs at most." in english
    assert "only what happened stays" in english
    assert "Personal values are blanked 1 day after a run." in english
    assert "gardé 7 jours, les 5 exécutions les plus récentes au plus" in french
    assert "values_blanked" not in english + french
