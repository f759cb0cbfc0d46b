"""A folder of recipes: one bad file stops nothing, the last good version runs on."""

import os

import pytest

from rouage.recipes.folder import RecipeFolder, is_recipe_file

GOOD = "name: {name}\ndo:\n  - stop: {name}\n"
BAD = "name: A\ndoo: []\n"


class Journal:
    """The newest accepted definition of each recipe, as the engine would keep it."""

    def __init__(self):
        self.kept = {}

    def apply(self, changes):
        for change in changes:
            if change.accepted is not None:
                self.kept[change.recipe_id] = change.accepted.definition
        return [
            (change.recipe_id, change.recipe.name if change.recipe else None) for change in changes
        ]


@pytest.fixture
def journal():
    return Journal()


@pytest.fixture
def folder(tmp_path, catalog, journal):
    return RecipeFolder(tmp_path, catalog, last_definition=journal.kept.get, settle_seconds=0)


def put(path, text):
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(text, encoding="utf-8")


def states(folder):
    return {one.file: one.state for one in folder.files}


def test_all_recipes_are_loaded_and_a_bad_one_stops_nothing(tmp_path, folder, journal):
    put(tmp_path / "a.yaml", GOOD.format(name="A"))
    put(tmp_path / "sub" / "b.yml", GOOD.format(name="B"))
    put(tmp_path / "c.yaml", BAD)
    put(tmp_path / "c.test.yaml", "cases: []")
    put(tmp_path / ".hidden.yaml", BAD)
    put(tmp_path / "notes.txt", "no")
    assert journal.apply(folder.scan(0)) == [("a", "A"), ("b", "B")]
    assert states(folder) == {"a.yaml": "active", "c.yaml": "invalid", "sub/b.yml": "active"}


def test_nothing_changed_means_no_changes(tmp_path, folder):
    put(tmp_path / "a.yaml", GOOD.format(name="A"))
    folder.scan(0)
    assert folder.scan(1) == []
    os.utime(tmp_path / "a.yaml")
    assert folder.scan(2) == []


def test_a_new_text_brings_a_new_version(tmp_path, folder, journal):
    put(tmp_path / "a.yaml", GOOD.format(name="A"))
    folder.scan(0)
    put(tmp_path / "a.yaml", "# comment\n" + GOOD.format(name="A"))
    assert folder.scan(1) == []
    put(tmp_path / "a.yaml", GOOD.format(name="New"))
    assert journal.apply(folder.scan(2)) == [("a", "New")]


def test_a_bad_save_keeps_the_last_good_version_and_says_so(tmp_path, folder, journal):
    put(tmp_path / "a.yaml", GOOD.format(name="A"))
    journal.apply(folder.scan(0))
    put(tmp_path / "a.yaml", BAD)
    assert folder.scan(1) == []
    (file,) = folder.files
    assert (file.state, file.recipe.name, bool(file.problems)) == ("last_good", "A", True)
    assert "bonne version" in folder.status("fr")[0]["message"]
    put(tmp_path / "a.yaml", GOOD.format(name="A"))
    assert folder.scan(2) == []
    assert states(folder) == {"a.yaml": "active"}


def test_the_last_good_version_also_survives_a_restart(tmp_path, catalog, folder, journal):
    put(tmp_path / "a.yaml", "id: mine\n" + GOOD.format(name="A"))
    journal.apply(folder.scan(0))
    put(tmp_path / "a.yaml", 'id: mine\nname: "A\n')
    after = RecipeFolder(tmp_path, catalog, last_definition=journal.kept.get)
    assert journal.apply(after.scan(0)) == [("mine", "A")]
    assert states(after) == {"a.yaml": "last_good"}


def test_a_recipe_switched_off_stays_off_after_a_bad_save_and_a_restart(
    tmp_path, catalog, folder, journal
):
    put(tmp_path / "a.yaml", GOOD.format(name="A"))
    journal.apply(folder.scan(0))
    put(tmp_path / "a.yaml", "enabled: false\n" + GOOD.format(name="A"))
    assert journal.apply(folder.scan(1)) == [("a", None)]
    assert states(folder) == {"a.yaml": "disabled"}
    put(tmp_path / "a.yaml", BAD)
    after = RecipeFolder(tmp_path, catalog, last_definition=journal.kept.get)
    assert journal.apply(after.scan(0)) == [("a", None)]
    assert states(after) == {"a.yaml": "disabled"}


def test_a_bad_save_can_stop_its_recipe_instead(tmp_path, catalog, journal):
    folder = RecipeFolder(tmp_path, catalog, on_invalid="stop", settle_seconds=0)
    put(tmp_path / "a.yaml", GOOD.format(name="A"))
    folder.scan(0)
    put(tmp_path / "a.yaml", BAD)
    assert journal.apply(folder.scan(1)) == [("a", None)]
    put(tmp_path / "a.yaml", GOOD.format(name="A"))
    assert journal.apply(folder.scan(2)) == [("a", "A")]


def test_a_deleted_file_stops_its_recipe_after_a_grace(tmp_path, folder, journal):
    put(tmp_path / "a.yaml", GOOD.format(name="A"))
    folder.scan(0)
    (tmp_path / "a.yaml").unlink()
    assert folder.scan(10) == []
    assert folder.scan(14.9) == []
    assert journal.apply(folder.scan(15)) == [("a", None)]
    assert folder.files == ()


def test_a_file_that_comes_back_within_the_grace_changes_nothing(tmp_path, folder):
    put(tmp_path / "a.yaml", GOOD.format(name="A"))
    folder.scan(0)
    text = (tmp_path / "a.yaml").read_text()
    (tmp_path / "a.yaml").unlink()
    folder.scan(1)
    put(tmp_path / "a.yaml", text)
    assert folder.scan(2) == []
    assert folder.scan(20) == []


def test_a_rename_with_an_id_changes_nothing(tmp_path, folder):
    put(tmp_path / "a.yaml", "id: mine\n" + GOOD.format(name="A"))
    folder.scan(0)
    (tmp_path / "a.yaml").rename(tmp_path / "b.yaml")
    assert folder.scan(1) == []
    assert folder.scan(20) == []
    assert states(folder) == {"b.yaml": "active"}


def test_of_two_files_with_one_id_the_active_one_stays(tmp_path, folder, journal):
    put(tmp_path / "b.yaml", "id: mine\n" + GOOD.format(name="B"))
    folder.scan(0)
    put(tmp_path / "a.yaml", "id: mine\n" + GOOD.format(name="A"))
    assert folder.scan(1) == []
    refused, _ = folder.files
    assert (refused.state, refused.problems[0].code) == ("invalid", "RG303")
    assert refused.problems[0].facts["other"] == "b.yaml"
    (tmp_path / "b.yaml").unlink()
    folder.scan(2)
    assert journal.apply(folder.scan(8)) == [("mine", None), ("mine", "A")]
    assert states(folder) == {"a.yaml": "active"}


def test_a_new_id_in_a_file_stops_the_old_one(tmp_path, folder, journal):
    put(tmp_path / "a.yaml", "id: one\n" + GOOD.format(name="A"))
    folder.scan(0)
    put(tmp_path / "a.yaml", "id: two\n" + GOOD.format(name="A"))
    assert journal.apply(folder.scan(1)) == [("one", None), ("two", "A")]


def test_a_file_that_is_still_being_written_is_left_until_it_rests(tmp_path, catalog, journal):
    folder = RecipeFolder(tmp_path, catalog, settle_seconds=0.5)
    folder.scan(0)
    put(tmp_path / "a.yaml", "name: A\ndo:\n  - stop: half\n")
    assert folder.scan(1) == []
    put(tmp_path / "a.yaml", "name: A\ndo:\n  - stop: half\n  - stop: whole\n")
    assert folder.scan(1.4) == []
    (change,) = folder.scan(2)
    assert len(change.recipe.steps) == 2


def test_a_new_secret_makes_a_recipe_good(tmp_path, catalog, journal):
    known = []
    folder = RecipeFolder(tmp_path, catalog, known_secrets=lambda: known, settle_seconds=0)
    put(tmp_path / "a.yaml", "name: A\ndo:\n  - set: {x: '${{ secrets.smtp }}'}\n")
    assert folder.scan(0) == []
    assert folder.scan(1) == []
    known.append("smtp")
    assert journal.apply(folder.scan(2)) == [("a", "A")]


def test_a_huge_file_is_refused_without_being_read_whole(tmp_path, folder):
    with (tmp_path / "a.yaml").open("wb") as file:
        file.truncate(5_000_000_000)
    assert folder.scan(0) == []
    assert [problem.code for problem in folder.files[0].problems] == ["RG103"]


@pytest.mark.parametrize(
    ("name", "is_recipe"),
    [
        ("a.yaml", True),
        ("a.YML", True),
        ("a.test.yaml", False),
        (".a.yaml", False),
        ("a.yaml~", False),
        ("a.yaml.swp", False),
    ],
)
def test_which_files_are_recipes(name, is_recipe):
    assert is_recipe_file(name) is is_recipe


def test_a_missing_folder_holds_no_recipes(tmp_path, catalog):
    assert RecipeFolder(tmp_path / "none", catalog).scan(0) == []


def calls(folder):
    return {
        one.file: [(problem.facts["name"], problem.facts.get("suggestion"))]
        for one in folder.files
        for problem in one.problems
        if problem.code == "RG307"
    }


def test_a_call_of_a_recipe_that_is_not_there_is_warned_about(tmp_path, folder):
    put(tmp_path / "a.yaml", "name: A\ndo:\n  - call: archiv\n")
    put(tmp_path / "b.yaml", "name: B\ndo:\n  - group: {do: [{call: {recipe: archive}}]}\n")
    put(tmp_path / "archive.yaml", GOOD.format(name="Archive"))
    folder.scan(0)
    assert calls(folder) == {"a.yaml": [("archiv", "archive")]}
    assert states(folder)["a.yaml"] == "active"
    (problem,) = folder.files[0].problems
    start = problem.range.start
    assert (folder.files[0].file, problem.severity) == ("a.yaml", "warning")
    assert (start.line, start.column) == (3, 11)


def test_the_warning_goes_when_the_called_recipe_comes_and_comes_back_when_it_goes(
    tmp_path, folder
):
    put(tmp_path / "a.yaml", "name: A\ndo:\n  - call: archive\n")
    folder.scan(0)
    assert calls(folder) == {"a.yaml": [("archive", None)]}
    put(tmp_path / "archive.yaml", GOOD.format(name="Archive"))
    folder.scan(1)
    folder.scan(2)
    assert calls(folder) == {}
    (tmp_path / "archive.yaml").unlink()
    folder.scan(3)
    folder.scan(10)
    assert calls(folder) == {"a.yaml": [("archive", None)]}
