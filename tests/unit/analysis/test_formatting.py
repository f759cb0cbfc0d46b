"""Laying out: idempotent, equal in meaning, comments and everything else kept."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rouage.analysis.formatting import format_recipe
from rouage.recipes.reader import read

ROOT = Path(__file__).parents[3]
CORPUS = sorted((ROOT / "tests" / "unit" / "recipes" / "corpus").glob("*.yaml"))
RECIPES = sorted(p for p in (ROOT / "recipes").rglob("*.yaml") if ".test." not in p.name)

UNEVEN = """\


name :   Factures
# top comment
description:    "a
      b"


when:
- folder.file:
      path:   in     # trailing
      match: ["*.pdf",
              "*.jpg"]
      # deep comment

do:
# before the first
- log.write:
     message: |
         Bonjour
           deux

         trois
  id:   x
   # odd

-    files.move: {source: a,   target: b}
     retry:
         times:  3


- set:
    x: >-
       abc
       def
    y:
        plain text
        goes on

    z: été
#end

"""

EVEN = """\
name: Factures
# top comment
description: "a
  b"

when:
  - folder.file:
      path: in     # trailing
      match: ["*.pdf",
              "*.jpg"]
      # deep comment

do:
  # before the first
  - log.write:
      message: |
        Bonjour
          deux

        trois
    id: x
    # odd

  - files.move: {source: a,   target: b}
    retry:
      times: 3

  - set:
      x: >-
        abc
        def
      y:
        plain text
        goes on

      z: été
#end
"""


def laid_out(source: bytes) -> bytes:
    return format_recipe(source).source


def data(source: bytes) -> str:
    return json.dumps(read(source).data)


def test_an_uneven_recipe_becomes_even():
    assert laid_out(UNEVEN.encode()).decode() == EVEN
    assert laid_out(EVEN.encode()).decode() == EVEN


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.name)
def test_shipped_recipes_are_laid_out(path):
    assert laid_out(path.read_bytes()) == path.read_bytes()


@pytest.mark.parametrize("path", [*CORPUS, *RECIPES], ids=lambda path: path.stem)
def test_every_file_stays_the_same_in_meaning_and_the_second_time_in_bytes(path):
    source = path.read_bytes()
    result = format_recipe(source)
    assert not result.is_unsure
    assert data(result.source) == data(source)
    assert laid_out(result.source) == result.source
    if result.problems:
        assert result.source == source


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("mark", "encoding"),
    [(b"", "utf-8"), (b"\xef\xbb\xbf", "utf-8"), (b"\xfe\xff", "utf-16-be")],
)
def test_line_ends_and_the_byte_order_mark_stay(end, mark, encoding):
    source = mark + UNEVEN.replace("\n", end).encode(encoding)
    assert laid_out(source) == mark + EVEN.replace("\n", end).encode(encoding)


@pytest.mark.parametrize(
    ("uneven", "even"),
    [
        ("a: 1", "a: 1\n"),
        ("a: |+\n  x\n\n\nb: 1\n", "a: |+\n  x\n\n\nb: 1\n"),
        ("a: |\n    x\n\n\n\nb: 1\n", "a: |\n  x\n\nb: 1\n"),
        ("a:\n    b: |2\n        x\n", "a:\n  b: |2\n      x\n"),
        ("- - a\n  - b\n", "- - a\n  - b\n"),
        ("a:\n-\n    b: 1\n", "a:\n  -\n    b: 1\n"),
        ("a: {b: 1,\n   c: 2}\n", "a: {b: 1,\n   c: 2}\n"),
        ("a:\n      {b: 1}\n", "a:\n  {b: 1}\n"),
        ('a:   "x: y"   # c\n', 'a: "x: y"   # c\n'),
        ("a:   # c\n    - 1\n", "a:   # c\n  - 1\n"),
        ("'a' :  1\n", "'a': 1\n"),
        ("---\na:  1\n", "---\na: 1\n"),
        ("a: 1   \n   \n\n", "a: 1\n"),
        ("# only\n\n\n# comments\n", "# only\n\n# comments\n"),
    ],
)
def test_odd_corners(uneven, even):
    result = format_recipe(uneven.encode())
    assert not result.is_unsure
    assert result.source.decode() == even


def test_a_file_that_cannot_be_read_is_left_with_the_reason():
    source = b"a: [1\n"
    result = format_recipe(source)
    assert result.source == source
    assert [problem.code for problem in result.problems] == ["RG125"]


@pytest.mark.parametrize("source", [b"", b"\xff", b"\n\n", b"- a: [\n", b"\xff\xfe", b"\x00"])
def test_any_bytes_can_be_given(source):
    assert isinstance(laid_out(source), bytes)


TEXTS = st.sampled_from(
    [
        "a",
        "Rappel: x",
        "l'été",
        "# no",
        " x ",
        "",
        "yes",
        "1.10",
        "a b  c",
        "日本 🎉",
        "x\ny\n",
        "- z",
    ]
)
NAMES = st.sampled_from(["name", "do", "x.y", "é", "a b", "if", "log.write", "12"])
VALUES = st.recursive(
    st.one_of(TEXTS, st.integers(-5, 5), st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=12,
)


@st.composite
def written(draw, value=None, depth=0, indent=0):
    """Write a value as block YAML, with odd indentation, comments and blank lines."""
    value = draw(VALUES) if depth == 0 else value
    lines = []
    step = draw(st.integers(1, 5))
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            lines += draw(noise(indent))
            key = json.dumps(name, ensure_ascii=False) if draw(st.booleans()) else name
            lines += block(draw, f"{' ' * indent}{key}:", inner, depth, indent + step, indent)
    elif isinstance(value, list) and value:
        for inner in value:
            lines += draw(noise(indent))
            lines += block(draw, f"{' ' * indent}-", inner, depth, indent + step + 1, indent + 1)
    else:
        lines.append(" " * indent + json.dumps(value, ensure_ascii=False))
    return lines


def block(draw, opening, value, depth, indent, deep_enough):
    blanks = " " * draw(st.integers(1, 3))
    if isinstance(value, str) and value.endswith("\n") and draw(st.booleans()):
        return [f"{opening}{blanks}|", *(" " * indent + line for line in value.split("\n")[:-1])]
    if isinstance(value, dict | list) and value:
        is_list = isinstance(value, list) and opening.endswith(":") and draw(st.booleans())
        at = deep_enough if is_list else indent
        return [
            opening + draw(st.sampled_from(["", " ", "  # c"])),
            *draw(written(value, depth + 1, at)),
        ]
    tail = draw(st.sampled_from(["", "  ", "  # note", " #x"]))
    return [f"{opening}{blanks}{json.dumps(value, ensure_ascii=False)}{tail}"]


@st.composite
def noise(draw, indent):
    return draw(
        st.lists(
            st.sampled_from(
                ["", "", "   ", f"{' ' * indent}# a comment", "# left", "        # deep"]
            ),
            max_size=2,
        )
    )


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(written(), st.sampled_from(["\n", "\r\n"]))
def test_any_recipe_stays_equal_in_meaning_and_even_once_it_is(lines, end):
    source = end.join(lines).encode()
    before = read(source)
    if not before.is_complete:
        return
    result = format_recipe(source)
    assert not result.is_unsure, source.decode()
    assert data(result.source) == data(source)
    assert laid_out(result.source) == result.source, (source.decode(), result.source.decode())
    assert "".join(result.source.decode().split()) == "".join(source.decode().split())
