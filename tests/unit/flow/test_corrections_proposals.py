"""One proposal for corrections that are alike; what was decided stays decided."""

from datetime import UTC, datetime
from typing import Any

from rouage.flow.corrections.proposals import Wish, propose, surplus
from rouage.flow.corrections.rows import (
    MOST_PROPOSALS,
    Change,
    Correction,
    Known,
    Proposal,
    read_known,
)
from rouage.flow.corrections.sentences import known_as_json, place, question, sentence
from rouage.sdk.json import JSON

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOTHING = Known(corrections={}, proposals={})


def corrected(name: str, recipe: str = "r") -> Correction:
    return Correction(
        run="run", recipe=recipe, step="do.0", old=f"/out/{name}", new=f"/new/{name}", noticed=NOON
    )


def change(kind: Any = "folder", old: str = "out", new: str = "new", **more: Any) -> Change:
    options = {"path": ("do", 0, "files.move", "target"), "before": old, "after": new} | more
    return Change(kind=kind, old=old, new=new, **options)


def proposed(*wishes: tuple[str, list[Change]], known: Known = NOTHING) -> list[Proposal]:
    made = {("r", ("do", 0)): 9}
    all_wishes = [Wish(correction=corrected(name), changes=of) for name, of in wishes]
    return propose(known, all_wishes, made, NOON)


def test_one_correction_is_not_enough_and_two_are():
    assert proposed(("a", [change()])) == []
    assert proposed(("a", [change()]), ("b", [change(new="elsewhere")])) == []
    (one,) = proposed(("a", [change()]), ("b", [change()]))
    assert (one.number, one.state, len(one.corrections), one.made) == (1, "open", 2, 9)


def test_a_word_and_a_pattern_that_both_do_are_one_proposal():
    word, pattern = change("word", "EDF SA", "EDF"), change("pattern", "x", "y")
    (one,) = proposed(("a", [word, pattern]), ("b", [word, pattern]))
    assert one.change.kind == "word"
    more = ("c", [change("word", "SFR SA", "SFR"), pattern])
    (one,) = proposed(("a", [word, pattern]), ("b", [word, pattern]), more)
    assert one.change.kind == "pattern", "it speaks for all three"


def test_a_folder_and_a_name_are_two_proposals():
    both = [change(), change("word", "EDF SA", "EDF")]
    assert [one.number for one in proposed(("a", both), ("b", both))] == [1, 2]


def test_what_is_known_already_is_not_written_again_and_numbers_go_on():
    wishes = ("a", [change()]), ("b", [change()])
    (first,) = proposed(*wishes)
    known = Known(corrections={}, proposals={first.key: first})
    assert proposed(*wishes, known=known) == []
    other = change(old="far")
    (second,) = proposed(*wishes, ("c", [other]), ("d", [other]), known=known)
    assert second.number == 2


def test_a_proposal_that_fits_again_is_open_again_unless_it_was_dismissed():
    wishes = ("a", [change()]), ("b", [change()])
    (first,) = proposed(*wishes)
    (overtaken,) = proposed(known=Known(corrections={}, proposals={first.key: first}))
    assert overtaken.state == "overtaken"
    known = Known(corrections={}, proposals={first.key: overtaken})
    (again,) = proposed(*wishes, known=known)
    assert (again.state, again.number, again.is_told) == ("open", 1, False)


def test_the_oldest_decided_ones_go_when_there_are_too_many():
    many = {
        str(number): Proposal(
            number=number,
            recipe="r",
            change=change(new=str(number)),
            corrections=(),
            made=1,
            since=NOON,
            state="open" if number % 2 else "dismissed",
        )
        for number in range(MOST_PROPOSALS + 2)
    }
    known = Known(corrections={}, proposals={one.key: one for one in many.values()})
    assert surplus(known) == [many["0"].key, many["2"].key]
    assert surplus(NOTHING) == []


def test_rows_are_read_back_and_what_was_blanked_is_left_out():
    (one,) = proposed(("a", [change()]), ("b", [change()]))
    correction = corrected("a")
    rows: dict[bytes, JSON] = {
        one.key.encode(): one.as_json(),
        correction.key.encode(): correction.as_json(),
        b"cblanked": "…",
        b"cpartly": {**correction.as_json(), "old": None},
        b"pblanked": {**one.as_json(), "change": None},
        b"pstrange": {**one.as_json(), "state": "unheard of"},
        b"pkind": {**one.as_json(), "change": {**one.change.as_json(), "kind": "other"}},
    }
    known = read_known(rows)
    assert known.corrections == {correction.key: correction}
    assert known.proposals == {one.key: one}
    assert known.numbered(1) == one
    assert known.numbered(2) is None
    assert len(known.lost) == 5
    told = known_as_json(known, "fr")
    assert told["corrections"][0]["from"] == "/out/a"
    assert told["proposals"][0]["place"] == "do.0 files.move target"


def test_every_kind_asks_a_question_in_both_languages():
    kinds = ("folder", "word", "text", "pattern", "map")
    for kind in kinds:
        path = ("vars", "names", "edf") if kind == "map" else ("do", 0, "files.move", "target")
        long = change(kind, "a" * 300, "${{ inputs.who }}", path=path)
        (one,) = proposed(("a", [long]), ("b", [long]))
        asked = question(one)
        assert asked.en != asked.fr
        assert "${{ inputs.who }}" in asked.en
        assert "a" * 250 not in asked.fr
        assert "aaaa" not in sentence(one).fr, "notices are kept, and may name nobody"
        assert "rouage corrections show 1" in sentence(one).en
    assert place(change("map", path=("vars", "names", "edf"))) == "vars.names"
