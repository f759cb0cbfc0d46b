"""Completion and hover survive any text: they are asked while it is being written."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rouage.analysis.editing.candidate import Knowledge
from rouage.analysis.editing.completion import complete
from rouage.analysis.editing.cursor import spot_at
from rouage.analysis.editing.flow_text import FlowText
from rouage.analysis.editing.hover import explain_at
from rouage.analysis.editing.places import Places
from rouage.analysis.editing.sketch import Sketch
from rouage.catalog.discovery import discover

KNOWN = Knowledge(
    places=Places(discover(entry_points=())),
    language="fr",
    secrets=frozenset({"shop"}),
    recipes=lambda: {"other": "Other"},
)
RECIPE = """\
# yaml-language-server: $schema=../.rouage/recipe.schema.json
name: Factures 😀
inputs: {boss: {type: email, default: a@b.fr}}
when:
  - folder.file: {path: ~/in, match: ["*.pdf", '*.jpg']}
    id: drop
  - wait
if: event.file.size > 0 and event.file.name | lower | ends_with('.pdf')
do:
  - choose:
      - if: event.file.size > 10
        do:
          - log.write: {message: "${{ event.file.name | upper }}"}
  - for_each:
      in: ${{ [1, 2] }}
      as: page
      do:
      - files.write:
          path: x
          text: |
            Bonjour ${{ page }}
              ${{ steps.
  - set:
      a: 'é
        suite'
    id: values
  - log.write: {message: hello,
      level: info
on_error:
  - stop:
"""
PIECES = st.one_of(
    st.sampled_from(
        [
            "\n",
            "  ",
            "- ",
            ": ",
            "{",
            "}",
            "[",
            "]",
            "${{",
            "}}",
            "|",
            "'",
            '"',
            "#",
            "\t",
            ".",
            ",",
        ]
    ),
    st.sampled_from(["do:", "when:", "log.write:", "steps.", "event.", "if: ", "\u00a0", "\r\n"]),
    st.text(max_size=4),
)
EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 30), PIECES), max_size=8)


def edited(edits: list[tuple[float, int, str]]) -> str:
    text = RECIPE
    for place, cut, piece in edits:
        at = int(place * len(text))
        text = text[:at] + piece + text[at + cut :]
    return text


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(EDITS, st.integers(0, 40), st.integers(0, 90))
def test_random_edits_never_break_completion_or_hover(
    edits: list[tuple[float, int, str]], line: int, column: int
):
    sketch = Sketch(edited(edits))
    for candidate in complete(sketch, line, column, KNOWN):
        assert 0 <= candidate.start <= candidate.end <= len(sketch.lines[line])
        assert candidate.start <= column or column > len(sketch.lines[line])
        assert candidate.label
    found = explain_at(sketch, line, column, KNOWN)
    assert found is None or 0 <= found.start <= found.end <= len(sketch.lines[line])


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200), st.integers(-1, 5), st.integers(-1, 50))
def test_any_text_has_a_spot_or_none(text: str, line: int, column: int):
    sketch = Sketch(text)
    assert len(sketch.open_after) == len(sketch.lines)
    assert spot_at(sketch, line, column).role in {"key", "value", "nothing"}
    complete(sketch, line, column, KNOWN)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="{}[],:'\"# ab\\\n$|", max_size=60), st.integers(-1, 60))
def test_flow_text_is_read_as_far_as_it_goes(text: str, cursor: int):
    flow = FlowText(text, cursor)
    assert 0 <= flow.end <= len(text)
    if flow.spot is not None:
        assert 0 <= flow.spot.start <= cursor <= max(flow.spot.end, cursor)


def test_deep_and_long_texts_are_sketched_at_once():
    for text in (
        "[" * 200_000,
        "a: " + "{b: " * 50_000,
        "- " * 100_000,
        "".join(" " * depth + "a:\n" for depth in range(500)),
        "a: " + "x" * 250_000,
        "a:\n" + "  - b: c\n" * 20_000,
        'a: "' + "\\" * 200_000,
        "a: ${{ " + "x." * 100_000,
        "a: [\n" + "  }\n" * 60_000,
    ):
        sketch = Sketch(text)
        last = len(sketch.lines) - 1
        complete(sketch, last, len(sketch.lines[last]), KNOWN)
        explain_at(sketch, 0, min(5, len(sketch.lines[0])), KNOWN)
