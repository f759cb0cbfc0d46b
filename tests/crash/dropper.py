"""The scanner: drops files into the inbox, at a steady rate with bursts, and logs each name.

A name is logged, with fsync, before the file is written: what was dropped is known whatever
happens. On SIGTERM it stops and prints its count.

    python -m tests.crash.dropper --inbox FOLDER --rate 40 --log dropped.log
"""

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path

FILE_BYTES = 4096
_BURST = 150
_SECONDS_BETWEEN_BURSTS = 3.0


def content_of(name: str) -> bytes:
    """Return 4 KB that no other file has."""
    return (name.encode() + b"\n").ljust(FILE_BYTES, b"*")


class Dropper:
    """Writes files and the log of their names."""

    def __init__(self, inbox: Path, log: Path) -> None:
        self._inbox = inbox
        self._log = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        self.dropped = 0
        self.is_closing = False

    def drop(self, count: int) -> None:
        """Drop *count* files at once."""
        names = [f"f-{self.dropped + number:06d}.bin" for number in range(count)]
        os.write(self._log, "".join(f"{name}\n" for name in names).encode())
        os.fsync(self._log)
        for name in names:
            (self._inbox / name).write_bytes(content_of(name))
        self.dropped += count

    def run(self, rate: float) -> None:
        """Drop until told to close."""
        burst_at = time.monotonic() + _SECONDS_BETWEEN_BURSTS
        while not self.is_closing:
            time.sleep(1 / rate)
            self.drop(1)
            if time.monotonic() >= burst_at:
                self.drop(_BURST)
                burst_at += _SECONDS_BETWEEN_BURSTS


def main() -> None:
    """Drop files as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inbox", type=Path, required=True)
    parser.add_argument("--rate", type=float, default=40.0)
    parser.add_argument("--log", type=Path, required=True)
    options = parser.parse_args()
    dropper = Dropper(options.inbox, options.log)
    signal.signal(signal.SIGTERM, lambda *_: setattr(dropper, "is_closing", True))
    dropper.run(options.rate)
    sys.stdout.write(json.dumps({"dropped": dropper.dropped}) + "\n")


if __name__ == "__main__":
    main()
