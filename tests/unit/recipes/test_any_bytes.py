"""Whatever the bytes, reading and checking give an answer (authoring Y1)."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from rouage.recipes.checker import check
from rouage.recipes.reader import read

SEED = """\
name: Été
inputs: {who: {type: text, default: Ana}}
when:
  - folder.file: {path: in, match: "*.pdf"}
if: event.file.size > 0
do:
  - mail.send:
      to: a@b.fr
      subject: |
        ${{ event.file.name | upper }}
    id: sent
    retry: {times: 3, wait: 10s}
    on_error: [{stop: non}]
  - set: {a: "${{ steps.sent.message_id }}", b: 1.10}
""".encode()
TOKENS = [
    *(b": ", b"- ", b"\n", b"  ", b"\t", b'"', b"'", b"{{", b"}}", b"${{", b"[", b"]", b"{", b"}"),
    *(b"#", b" #", b"|", b">", b"*a", b"&a ", b"!x ", b"%", b"@", b"\xc3\xa9", b"\xff", b"\x00"),
    *(b"\xc2\xa0", b"\xe2\x80\xa8", b"\\u12", b"\\ud800", b"\\U99999999", b"\r", b"---\n", b"? "),
    *(b"<<: ", b"\xef\xbb\xbf", b"1e999", b"null", b"~", b"do:", b"if:", b"on_error:", b"wait: "),
]


def mutate(source: bytes, dice: random.Random) -> bytes:
    text = bytearray(source)
    for _ in range(dice.randint(1, 5)):
        place, kind = dice.randrange(len(text) + 1), dice.random()
        if kind < 0.5:
            text[place:place] = dice.choice(TOKENS)
        elif kind < 0.7:
            del text[place : place + dice.randint(1, 12)]
        elif kind < 0.85:
            text[place : place + 1] = bytes([dice.randrange(256)])
        else:
            start = dice.randrange(len(text) + 1)
            text[place:place] = text[start : start + dice.randint(1, 40)]
    return bytes(text)


def test_no_bytes_make_the_reader_or_the_checker_raise(catalog):
    dice = random.Random(20260731)  # noqa: S311 - a fixed sequence of mistakes
    for number in range(2_000):
        text = mutate(SEED, dice)
        read(text, pure=number % 4 == 0)
        checked = check(text, file="a.yaml", catalog=catalog)
        assert checked.recipe is not None or checked.problems
        assert all(problem.file == "a.yaml" for problem in checked.problems)


def test_random_bytes_are_read(catalog):
    dice = random.Random(1)  # noqa: S311 - a fixed sequence of bytes
    for _ in range(500):
        check(dice.randbytes(dice.randint(0, 300)), file="a.yaml", catalog=catalog)


@pytest.mark.slow
def test_a_hundred_thousand_inputs_neither_raise_nor_crash():
    script = Path(__file__).parents[2] / "bench" / "bench_recipes.py"
    done = subprocess.run(
        [sys.executable, str(script), "--fuzz", "100000"],
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
