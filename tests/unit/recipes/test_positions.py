"""Every key and value has its place, also inside quotes and blocks."""

import pytest

from rouage.recipes.reader import read

TEXT = """\
name: Été 🎉
do:
  - mail.send:
      to: "a\\tb ${{ x }}"
      subject: 'l''objet ${{ y }}'
      body: |
        première ligne
          ${{ z }} fin
      note: >-
        un deux
        ${{ w }}
  - other: [1, 2]

# the end
last: 1
"""


def written(place):
    lines = TEXT.split("\n")
    assert place.start.line == place.end.line
    return lines[place.start.line - 1][place.start.column - 1 : place.end.column - 1]


def test_keys_and_values_have_their_place():
    positions = read(TEXT.encode()).positions
    assert written(positions.key(("do", 0, "mail.send", "to"))) == "to"
    assert written(positions.value(("name",))) == "Été 🎉"
    assert written(positions.value(("do", 1, "other", 1))) == "2"


@pytest.mark.parametrize("pure", [False, True])
@pytest.mark.parametrize(
    ("name", "letter"), [("to", "x"), ("subject", "y"), ("body", "z"), ("note", "w")]
)
def test_a_part_of_a_text_is_found_where_it_was_written(name, letter, pure):
    document = read(TEXT.encode(), pure=pure)
    path = ("do", 0, "mail.send", name)
    value = document.data["do"][0]["mail.send"][name]
    place = document.positions.locate(path, value, value.index("${{"), len("${{ x }}"))
    assert written(place) == f"${{{{ {letter} }}}}"
    assert written(document.positions.locate(path, value, value.index(letter + " }}"), 1)) == letter


def test_the_end_of_a_block_is_its_last_character():
    place = read(TEXT.encode()).positions.value(("do",))
    assert (place.end.line, place.end.column) == (12, 18)


def test_a_path_that_does_not_exist_falls_back_to_what_holds_it():
    positions = read(TEXT.encode()).positions
    assert written(positions.key(("do", 0, "mail.send", "nothing"))) == "mail.send"
