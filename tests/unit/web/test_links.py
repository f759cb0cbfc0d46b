"""Signed links and the files of keys they rest on."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rouage.errors import WorkspaceError
from rouage.web.links import LONGEST_LIFE, Grant, Links, expiry
from rouage.workplace import link_key

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
GRANT = Grant(run="r" * 26, path="do.2[3].group.do.0", digest="d" * 64, person="é@x", expires=NOON)


def test_a_link_gives_back_what_was_signed() -> None:
    links = Links(b"k" * 32, "https://rouage.example.org")
    address = links.make(GRANT)
    assert address.startswith("https://rouage.example.org/approve/")
    assert links.read(address.rpartition("/")[2]) == GRANT


@given(position=st.integers(0, 400), letter=st.sampled_from("Aa0-_.=é"))
def test_no_changed_letter_leaves_a_link_good(position: int, letter: str) -> None:
    links = Links(b"k" * 32)
    token = links.token(GRANT)
    position %= len(token)
    changed = token[:position] + letter + token[position + 1 :]
    assert links.read(changed) == (GRANT if changed == token else None)


@given(st.text(max_size=300))
def test_nonsense_is_no_link(text: str) -> None:
    assert Links(b"k" * 32).read(text) is None


def test_a_link_lives_with_its_question_and_three_days_at_most() -> None:
    assert expiry(NOON, None) == NOON + LONGEST_LIFE
    assert expiry(NOON, NOON + timedelta(hours=1)) == NOON + timedelta(hours=1)
    assert expiry(NOON, NOON + timedelta(days=30)) == NOON + timedelta(hours=72)


def test_the_key_is_made_once_for_the_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "links.key"
    key = link_key(path)
    assert len(key) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert link_key(path) == key


@pytest.mark.parametrize("damage", ["mode", "short", "long"])
def test_a_key_that_others_can_read_or_that_is_damaged_is_refused(
    tmp_path: Path, damage: str
) -> None:
    path = tmp_path / "links.key"
    key = link_key(path)
    if damage == "mode":
        path.chmod(0o640)
    else:
        path.write_bytes(key[:-1] if damage == "short" else key + b"x")
    with pytest.raises(WorkspaceError) as caught:
        link_key(path)
    assert str(path) in caught.value.render("fr")
