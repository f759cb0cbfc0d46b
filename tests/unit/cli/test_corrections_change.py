"""A change in the text of a recipe: one value, and every other character as it was."""

import pytest

from rouage.cli.corrections.change import changed_text
from rouage.flow.corrections.rows import Change

TARGET = ("do", 0, "files.move", "target")


def change(before: str | None, after: str, path: tuple[str | int, ...] = TARGET) -> Change:
    return Change(kind="folder", path=path, before=before, after=after, old="", new="")


def recipe(target: str) -> str:
    return f"# haut\ndo:\n  - files.move:  # ici\n      target: {target}\n    id: x\n# bas\n"


@pytest.mark.parametrize(
    ("written", "before", "after", "expected"),
    [
        ("out/${{ a }}  # là", "out/${{ a }}", "new/${{ a }}", "new/${{ a }}  # là"),
        ("out/", "out/", "2026: a/", '"2026: a/"'),
        ("'out/l''an'", "out/l'an", "new/l'an", "'new/l''an'"),
        ('"out/\\u00e9"', "out/é", "new/é", '"new/é"'),
    ],
)
def test_one_value_is_written_otherwise_and_the_rest_stays(written, before, after, expected):
    done = changed_text(recipe(written).encode(), change(before, after))
    assert done is not None
    assert done.decode() == recipe(expected)


def test_line_ends_and_the_mark_of_the_file_stay():
    source = b"\xef\xbb\xbf" + recipe("out/").replace("\n", "\r\n").encode()
    assert changed_text(source, change("out/", "new/")) == source.replace(b"out/", b"new/")


def test_a_value_between_braces_gets_quotes_where_it_needs_them():
    source = b"do: [{files.move: {source: a, target: out/}}]\n"
    plain = changed_text(source, change("out/", "new/"))
    assert plain == source.replace(b"out/", b"new/")
    quoted = changed_text(source, change("out/", "a, b/"))
    assert quoted == source.replace(b"out/", b'"a, b/"')


def test_a_text_in_a_block_is_changed_in_its_place():
    before, after = "Bonjour,\nde EDF SA\nbien.\n", "Bonjour,\nde EDF\nbien.\n"
    source = recipe("|\n        Bonjour,\n        de EDF SA\n        bien.")
    done = changed_text(source.encode(), change(before, after))
    assert done is not None
    assert done.decode() == source.replace("EDF SA", "EDF")
    back = changed_text(done, change(after, before))
    assert back is not None
    assert back.decode() == source


@pytest.mark.parametrize(
    ("style", "before", "after"),
    [(">", "a EDF SA b\n", "a EDF b\n"), ("|", "a EDF SA\nb\n", "a\nEDF SA b\n")],
)
def test_a_block_that_cannot_be_changed_in_its_place_is_written_on_one_line(style, before, after):
    source = recipe(f"{style}\n        a EDF SA\n        b")
    done = changed_text(source.encode(), change(before, after))
    assert done is not None
    assert done.decode() == recipe(f'"{after[:-1]}\\n"'.replace("a\n", "a\\n"))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (
            "\n    # noms\n    o: Orange  # 1\n",
            "\n    # noms\n    EDF SA: EDF\n    o: Orange  # 1\n",
        ),
        (" {o: Orange}\n", " {EDF SA: EDF, o: Orange}\n"),
        (" {}\n", " {EDF SA: EDF}\n"),
    ],
)
def test_an_entry_is_added_to_a_map(written, expected):
    source = f"vars:\n  names:{written}do: []\n"
    done = changed_text(source.encode(), change(None, "EDF", ("vars", "names", "EDF SA")))
    assert done is not None
    assert done.decode() == f"vars:\n  names:{expected}do: []\n"


def test_what_does_not_say_what_it_should_is_left_alone():
    source = recipe("out/").encode()
    for other in (
        change("elsewhere/", "new/"),
        change("out/", "new/", ("do", 3, "files.move", "target")),
        change("out/", "new/", ("do", 0, "files.copy", "target")),
        change(None, "new/"),
        change(None, "x", ("vars", "names", "a")),
    ):
        assert changed_text(source, other) is None
    assert changed_text(b"do: [", change("out/", "new/")) is None
