"""New recipes as text: what is written reads back, what is filled in stays where it belongs."""

from pathlib import Path

import pytest

from rouage.analysis.drafting.draft import Draft, Piece
from rouage.analysis.drafting.filling import UnfillableError, fill
from rouage.analysis.drafting.gallery import best_first, gallery
from rouage.analysis.drafting.plain_start import asked_of, draft_from, refusal, starts
from rouage.analysis.drafting.writing import SCHEMA_LINE, write
from rouage.catalog.discovery import discover
from rouage.language import LANGUAGES, Text
from rouage.recipes.checker import check
from rouage.recipes.reader import read
from rouage.resources import shipped

ODD = (
    "", " ", "a: b", "- a", "#a", "a #b", "true", "12", "1.10", "null", "~", "é « x »", "\t",
    "a\tb", "a\nb", "a\nb\n", "\na", " a\nb", "a \nb", "a\n\nb", "a\n\n", "'", '"', "\\",
    "%", "@", "`", "|", "{{ x }}", "{a}", "[a]", "*a", "&a", "!a", "22:30", "on", "0612345678",
    "a\x00b", "😀", "\u2028",
)  # fmt: skip


@pytest.mark.parametrize("value", ODD)
def test_every_text_reads_back_as_it_was_written(value):
    entry = {"log.write": {"message": value, "other": [value, {"k": value}], value: "key"}}
    draft = Draft(name="x", settings={"vars": {"v": value}}, steps=[Piece(entry=entry)])
    document = read(write(draft, "en").text.encode())
    if "\x00" in value or "\u2028" in value:
        return
    assert document.problems == ()
    assert document.data["vars"] == {"v": value}
    step = document.data["do"][0]["log.write"]
    assert (step["message"], step["other"]) == (value, [value, {"k": value}])


def test_what_is_unfinished_is_a_comment_and_keeps_the_recipe_off():
    lost = Piece(reason=Text("no way", "impossible"), original={"a": {"b": "c\nd"}}, about="a")
    nested = Piece(entry={"for_each": {"in": "${{ vars.x }}", "do": [lost]}})
    text = write(Draft(name="x", steps=[nested]), "fr").text
    data = read(text.encode()).data
    assert data["enabled"] is False
    assert "# TODO : impossible" in text
    assert "log.write" in data["do"][0]["for_each"]["do"][0]


def test_comments_never_become_anything_else():
    bad = Text("a\ndo: [x]\r\n- b\x1b[31m", "a")
    piece = Piece(entry={"log.write": {"message": "m"}}, notes=[bad], reason=None)
    lost = Piece(reason=bad, original="x\ndo: {}\n\x00", about="x")
    draft = Draft(name="x", intro=[bad], steps=[piece, lost])
    document = read(write(draft, "en").text.encode())
    assert document.problems == ()
    assert list(document.data) == ["rouage", "name", "enabled", "do"]


def test_the_place_of_each_piece_is_known():
    inner, outer = Piece(entry={"log.write": {"message": "i"}}), Piece()
    outer.entry = {"group": {"do": [inner]}}
    written = write(Draft(name="x", steps=[outer]), "en")
    lines = [line.strip() for line in written.text.splitlines()]
    assert written.piece_at(lines.index("message: i") + 1) is inner
    assert written.piece_at(lines.index("- group:") + 1) is outer
    assert written.piece_at(1) is None


TEMPLATE = b"""\
# Why it is here.
name: Bills
inputs:
  accountant: {type: email, label: Address}
  # how many
  days:
    type: integer
    default: 7   # a week
  folder:
    type: folder
  kinds:
    type: list
    default:
      - a
      - b
do:
  - log.write: {message: "${{ inputs.accountant }}"}
"""


def test_answers_become_defaults_and_nothing_else_moves():
    values = {"accountant": "a@b.fr", "days": 12, "folder": "~/Bills: new", "kinds": ["c"]}
    text = fill(TEMPLATE, values, name="My bills")
    data = read(text.encode()).data
    assert {name: data["inputs"][name]["default"] for name in values} == values
    assert data["name"] == "My bills"
    assert data["rouage"] == 1
    assert text.splitlines()[0] == SCHEMA_LINE
    for kept in ("# Why it is here.", "# how many", "# a week", "label: Address"):
        assert kept in text
    untouched = [line for line in TEMPLATE.decode().splitlines() if "do:" in line or "log" in line]
    assert all(line in text.splitlines() for line in untouched)


@pytest.mark.parametrize("value", [*ODD, True, 0, -1.5, [], ["a, b", "]"], {"a": [1]}, None])
def test_any_answer_is_written_as_it_was_given_or_refused(value):
    for name in ("accountant", "days", "folder", "kinds"):
        try:
            text = fill(TEMPLATE, {name: value})
        except UnfillableError:
            assert "\x00" in str(value) or "\u2028" in str(value) or value is None
            continue
        assert read(text.encode()).data["inputs"][name]["default"] == value


def test_a_template_without_the_input_is_not_filled():
    with pytest.raises(UnfillableError):
        fill(TEMPLATE, {"nobody": 1})
    with pytest.raises(UnfillableError):
        fill(b"name: [", {})


def test_the_shipped_recipes_are_offered_in_the_language_of_the_reader():
    for language, word in (("fr", "Trier ce qui arrive"), ("en", "Sort")):
        found = gallery(shipped("recipes"), language)
        assert any(one.title.startswith(word) for one in found)
        assert all(one.title and one.about for one in found)
        assert len({one.id for one in found}) == len(found)


def test_every_shipped_recipe_can_be_filled_in():
    for language in LANGUAGES:
        for one in gallery(shipped("recipes"), language):
            assert read(fill(one.source, {}).encode()).data["rouage"] == 1


def test_a_wish_finds_what_it_means(tmp_path: Path):
    for name, title in (("a", "Ranger les factures"), ("b", "Livrer des photos")):
        text = f"name: {title}\ndescription: x\ndo:\n  - stop: a\n"
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "c.test.yaml").write_text("cases: []\n", encoding="utf-8")
    (tmp_path / "d.yaml").write_text("name: [\n", encoding="utf-8")
    found = gallery(tmp_path, "fr")
    assert [one.id for one in found] == ["a", "b"]
    assert [one.id for one in best_first(found, "facturer mes clients")] == ["a"]
    assert [one.id for one in best_first(found, "mes PHOTOS de mariage")] == ["b"]
    assert len(best_first(found, "je ne veux plus")) == 2
    assert best_first(found, "jardinage") == []


def test_a_recipe_can_begin_with_every_trigger():
    catalog = discover()
    for spec in starts(catalog):
        values = asked_of(spec)
        assert refusal(spec, values) is None, spec.id
        for language in LANGUAGES:
            text = write(draft_from(spec, values, "A", language), language).text
            found = check(text.encode(), file="a.yaml", catalog=catalog).problems
            assert [one.code for one in found if one.severity == "error"] == [], text
