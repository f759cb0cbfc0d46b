"""Fixing: only what is safe, only the lines concerned, never worse than before (M7)."""

import json
from pathlib import Path

import pytest

from rouage.analysis.fixing import fix, is_fixable
from rouage.catalog.catalog import Catalog
from rouage.catalog.discovery import discover
from rouage.recipes.checker import check
from rouage.recipes.reader import read
from rouage.recipes.source_text import SourceText

CORPUS = Path(__file__).parents[1] / "recipes" / "corpus"
NAMES = sorted(json.loads((CORPUS / "expected.json").read_text(encoding="utf-8")))
CATALOG: Catalog = discover(entry_points=())


def problems(source: bytes):
    return check(source, file="a.yaml", catalog=CATALOG).problems


def fixed(source: bytes) -> bytes:
    return fix(source, problems).source


@pytest.mark.parametrize("name", NAMES)
def test_a_fixed_file_is_read_whole_and_other_lines_are_the_same_bytes(name):
    source = (CORPUS / f"{name}.yaml").read_bytes()
    result = fix(source, problems)
    if not result.fixed:
        assert result.source == source
        return
    assert read(result.source).is_complete
    assert len(problems(result.source)) < len(problems(source))
    touched = {
        line
        for one in result.fixed
        for edit in one.edits
        for line in range(edit.range.start.line, edit.range.end.line + 1)
    }
    before, after = source.split(b"\n"), result.source.split(b"\n")
    if b"\n" in source and len(before) == len(after):
        for number, (old, new) in enumerate(zip(before, after, strict=True), 1):
            assert old == new or number in touched


def test_most_of_the_corpus_that_has_a_sure_remedy_is_fixed():
    assert sum(bool(fix((CORPUS / f"{n}.yaml").read_bytes(), problems).fixed) for n in NAMES) >= 50


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("enabled: yes  # gardé", "enabled: true  # gardé"),
        ("nom: A", None),
        ("tags: [a]\nenabled:   oui", "tags: [a]\nenabled:   true"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("mark", "encoding"),
    [(b"", "utf-8"), (b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le")],
)
def test_line_ends_the_byte_order_mark_and_comments_stay(wrong, right, end, mark, encoding):
    rest = "do:\n  - log.write: {message: é🎉}  # fin\n"
    name = "" if right is None else "name: A\n"
    text = f"{name}{wrong}\n{rest}".replace("\n", end)
    wanted = f"{name}{right or 'name: A'}\n{rest}".replace("\n", end)
    assert fixed(mark + text.encode(encoding)) == mark + wanted.encode(encoding)


def test_several_mistakes_are_corrected_at_once():
    source = b"nom: A\nenabled: non\nfaire:\n  - log.wirte: {mesage: a}\n"
    assert fixed(source) == b"name: A\nenabled: false\ndo:\n  - log.write: {message: a}\n"


def test_missing_dashes_are_added_before_each_entry():
    source = (
        b"name: A\ndo:\n  log.write:\n    message: a\n\n  # then\n"
        b"  files.read: {path: b}\n  id: read\n"
    )
    assert fixed(source) == (
        b"name: A\ndo:\n  - log.write:\n      message: a\n\n    # then\n"
        b"  - files.read: {path: b}\n    id: read\n"
    )


def test_tabs_become_spaces():
    source = b"name: A\ndo:\n\t- log.write:\n\t\t\tmessage: a\n"
    assert fixed(source) == b"name: A\ndo:\n  - log.write:\n      message: a\n"


def test_quotes_come_around_a_text_that_needs_them():
    source = b"name: Rappel: l'facture\ndo:\n  - log.write:\n      message: @marie # moi\n"
    result = fixed(source)
    assert read(result).data["name"] == "Rappel: l'facture"


def test_a_place_to_fill_in_is_proposed_and_not_written():
    source = b"name: A\ndo:\n  - files.move: {source: a}\n"
    (problem,) = problems(source)
    assert problem.edits
    assert not is_fixable(problem)
    assert fixed(source) == source


def test_a_file_that_stays_unreadable_is_left_alone():
    source = b"name: A\nenabled: oui\ndo:\n  - log.write: {message: 'a}\n"
    assert fixed(source) == source


@pytest.mark.parametrize("source", [b"", b"\xff\xfe", b"\xff", b"\x00", b"name: \xe9\n"])
def test_any_bytes_can_be_given(source):
    assert isinstance(fixed(source), bytes)


def test_the_first_line_end_decides_where_lines_are_added():
    assert SourceText.decode(b"a\r\nb\n").newline == "\r\n"
    assert SourceText.decode(b"a").newline == "\n"
