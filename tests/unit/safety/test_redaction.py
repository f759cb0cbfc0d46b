"""Secrets are hidden in every form they take."""

import base64
import html
import json
import os
import re
import time
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rouage.safety.redaction import MASK, Redactor

SECRETS = [
    "hunter2hunter2",
    "clé/à+molette&=",
    "quo\"te<b>'",
    "s" * 6,
    "tab\tand\nnewline-long-line",
]


def _sightings(secret):
    data = secret.encode()
    yield secret
    yield from (quote(secret), quote(secret, safe=""), quote_plus(secret))
    yield re.sub("%..", lambda found: found.group().lower(), quote(secret, safe=""))
    yield from (data.hex(), data.hex().upper())
    yield from (json.dumps(secret), json.dumps(secret, ensure_ascii=False))
    yield from (html.escape(secret), html.escape(secret, quote=False))


@pytest.mark.parametrize("secret", SECRETS)
def test_every_encoded_form_is_masked(secret):
    redactor = Redactor([secret])
    for sighting in _sightings(secret):
        masked = redactor.mask(f"before {sighting} after")
        assert sighting.strip('"') not in masked
        assert masked.startswith("before ")
        assert masked.endswith(" after")
        assert MASK in masked


@given(st.binary(max_size=9), st.binary(max_size=9))
@settings(max_examples=100, deadline=None)
def test_base64_is_masked_at_every_offset(ahead, behind):
    secret = "correct horse battery"
    redactor = Redactor([secret])
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        text = encode(ahead + secret.encode() + behind).decode()
        masked = redactor.mask(text)
        assert MASK in masked
        # What is left of the secret is at most a character or two at its edges.
        assert len(masked.replace(MASK, "")) <= len(text) - len(secret)


def test_short_values_are_not_looked_for():
    assert Redactor(["abc", ""]).mask("abcabc") == "abcabc"


def test_the_longest_secret_wins():
    assert Redactor(["abcdefgh", "abcdef"]).mask("abcdefgh abcdef") == f"{MASK} {MASK}"


def test_json_values_are_masked_inside_out():
    redactor = Redactor(["hunter2hunter2"])
    value = {"hunter2hunter2": ["x hunter2hunter2", 1, None, {"a": True}]}
    assert redactor.mask_json(value) == {MASK: [f"x {MASK}", 1, None, {"a": True}]}


def test_nothing_is_copied_without_secrets():
    value = {"a": ["b"]}
    assert Redactor().mask_json(value) is value


@given(st.integers(min_value=1, max_value=12))
def test_a_secret_split_between_pieces_is_found(size):
    text = "start hunter2hunter2 middle aHVudGVyMmh1bnRlcjI= end"
    stream = Redactor(["hunter2hunter2"]).stream()
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    passed = "".join(stream.feed(piece) for piece in pieces) + stream.close()
    assert "hunter2" not in passed
    assert passed.startswith("start ")
    assert passed.endswith(" end")
    assert passed.count(MASK) == 2


def test_a_log_line_without_secrets_in_it_is_cheap():
    redactor = Redactor([os.urandom(12).hex() for _ in range(20)])
    start = time.process_time()
    for _ in range(100):
        redactor.mask("a line of the log, of the usual length, " * 5)
    assert time.process_time() - start < 0.5
