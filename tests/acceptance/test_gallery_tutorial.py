"""The first minutes of the tutorial, typed into a real terminal as they are written there."""

import codecs
import fcntl
import io
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
PAGES = {"en": "tutorial.md", "fr": "tutorial.fr.md"}
SECTION = re.compile(r"^## (?:A first result|Un premier résultat)[^\n]*\n(.*?)^## ", re.M | re.S)
DEADLINE_SECONDS = 60
ANYTHING = "…"


def blocks(language: str, kind: str) -> list[str]:
    page = (ROOT / "docs" / PAGES[language]).read_text(encoding="utf-8")
    section = SECTION.search(page)
    assert section is not None
    return re.findall(rf"^```{kind}\n(.*?)^```", section[1], re.MULTILINE | re.DOTALL)


class Terminal:
    """A terminal of its own, wide enough that no line is cut."""

    def __init__(self, file: int) -> None:
        self.file = file
        self.text = ""
        # A letter may be cut in two by a read.
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self.quiet = 0
        """How often in a row nothing came: a question is whole when nothing follows it."""

    def read(self, deadline: float) -> bool:
        """Take what comes; False when the program has ended."""
        assert time.monotonic() < deadline, self.text
        ready, _, _ = select.select([self.file], [], [], 0.2)
        self.quiet = 0 if ready else self.quiet + 1
        if not ready:
            return True
        try:
            data = os.read(self.file, 65_536)
        except OSError:
            return False
        self.text += self._decoder.decode(data).replace("\r", "")
        return bool(data)

    @property
    def prompt(self) -> str:
        """Return the line that is not ended yet: the question that waits."""
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self.text.rpartition("\n")[2])


@contextmanager
def opened(arguments: list[str], here: Path, environment: dict[str, str]) -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 400, 0, 0))
    command = [sys.executable, "-m", "rouage", *arguments]
    with subprocess.Popen(
        command, cwd=here, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        try:
            yield Terminal(ours)
        finally:
            os.close(ours)
            process.wait(DEADLINE_SECONDS)


def follow(lines: list[str], terminal: Terminal) -> None:
    """Answer each question as the page does."""
    deadline, answered, left = time.monotonic() + DEADLINE_SECONDS, 0, list(lines)
    while terminal.read(deadline):
        if terminal.quiet < 2 or not terminal.prompt.endswith(" "):
            continue
        asked, height = terminal.prompt.strip(), terminal.text.count("\n") + 1
        place = next((n for n, line in enumerate(left) if line.startswith(asked)), None)
        if not asked or height == answered or place is None:
            continue
        answer = left[place].removeprefix(asked).strip()
        del left[: place + 1]
        answered = height
        os.write(terminal.file, f"{answer}\n".encode())


def check_said(lines: list[str], text: str) -> None:
    """Check that each line was said, in its order; … stands for anything."""
    plain, place = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text), 0
    for line in lines:
        if line.strip() == ANYTHING:
            continue
        parts = [re.escape(part.rstrip()) for part in line.split(ANYTHING)]
        found = re.compile(r"[^\n]*".join(parts)).search(plain, place)
        assert found is not None, f"not said: {line}\n{plain}"
        place = found.end()


@pytest.mark.slow
@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_first_minutes_go_as_the_tutorial_says(
    language: str, tmp_path: Path, environment: dict[str, str], rouage: Any
) -> None:
    init, enter = blocks(language, "sh")[0].splitlines()
    assert rouage(*init.split()[1:]).code == 0
    here = tmp_path / enter.split()[1]
    spoken = environment | {"TERM": "dumb", "PATH": os.environ["PATH"]}
    talks = blocks(language, "console")
    assert len(talks) == 2
    for talk in talks:
        command, *lines = talk.splitlines()
        with opened(command.split()[2:], here, spoken) as terminal:
            follow(lines, terminal)
        check_said(lines, terminal.text)
        assert not re.search(r"^  (?:illisibles|unreadable)", terminal.text, re.MULTILINE)
    _check_made(here)


def _check_made(here: Path) -> None:
    """Check what the owner finds afterwards, without having written a recipe."""
    invoice = next((here / "files" / "invoices" / "drafts").glob("*.pdf"))
    assert invoice.read_bytes().startswith(b"%PDF")
    archive = next((here / "files" / "photos").glob("*/*.zip"))
    with zipfile.ZipFile(archive) as opened_:
        names = opened_.namelist()
        assert opened_.testzip() is None
        page = opened_.read("index.html").decode()
        photos = [opened_.read(name) for name in names if name.startswith("photos/")]
    assert len(photos) == 5
    assert page.count("<img src=") == 5
    originals = sorted((here / "files" / "photos" / "originals").rglob("*.jpg")) or sorted(
        (here / "files" / "photos" / "originaux").rglob("*.jpg")
    )
    for photo, original in zip(photos, originals, strict=True):
        _check_corrected(photo, original.read_bytes())


def _check_corrected(photo: bytes, original: bytes) -> None:
    """Check that the photo is upright and signed, and the original is not the photo."""
    assert photo != original
    with Image.open(io.BytesIO(photo)) as made, Image.open(io.BytesIO(original)) as before:
        assert made.getexif().get(0x0112, 1) == 1
        assert b"Zo\xc3\xa9 Martin" in photo
        is_turned = before.getexif().get(0x0112, 1) >= 5
        assert made.size == (before.size[::-1] if is_turned else before.size)
