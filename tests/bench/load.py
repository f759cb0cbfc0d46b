"""A cheap load generator in a process of its own: raw sockets, requests made beforehand.

    python -m tests.bench.load --port 8080 --path /hooks/commandes --prefix a --seconds 4
    python -m tests.bench.load ... --rate 100 --seconds 10 --watch lines.txt

Closed loop: each of the connections sends its next request when the last was answered. Open
loop (`--rate`): requests leave by the clock. Latency runs from the first byte sent to the
answer read; with `--watch FILE` also to the moment when the line that holds the order's id
is seen at the end of the file (inotify in this same process: about 0.1 ms late).
"""

import argparse
import json
import os
import select
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.bench.measures import spread_ms
from tests.bench.orders import make_requests, order_id
from tests.bench.watching import FolderWatch, Tail

_MOST_REQUESTS = 400_000
_PAUSE_AFTER_REFUSAL = 0.02


class Generator:
    """Send prepared requests over keep-alive connections and time the answers."""

    def __init__(self, port: int, requests: list[bytes], connections: int) -> None:
        self.requests = requests
        self.next = 0
        self.sent_at = [0.0] * len(requests)
        self.latencies: list[float] = []
        self.acknowledged: list[int] = []
        self.refused = 0
        self.last_answer = 0.0
        self._answer_bytes = 0
        self._partial: dict[int, bytes] = {}
        self._resend: list[tuple[float, int, int]] = []
        self._poll = select.epoll()
        self._sockets = {}
        self._current: dict[int, int] = {}
        for _ in range(connections):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets[connection.fileno()] = connection
            self._poll.register(connection.fileno(), select.EPOLLIN)
        self.idle = list(self._sockets)

    @property
    def is_exhausted(self) -> bool:
        return self.next >= len(self.requests)

    @property
    def in_flight(self) -> int:
        return len(self._current)

    def watch(self, descriptor: int) -> None:
        self._poll.register(descriptor, select.EPOLLIN)

    def send_next(self, descriptor: int) -> None:
        number = self.next
        self.next = number + 1
        self._current[descriptor] = number
        self.sent_at[number] = time.perf_counter()
        self._sockets[descriptor].send(self.requests[number])

    def wait(self, seconds: float) -> list[int]:
        """Take the answers that have come; return the connections that are free again."""
        if self._resend:
            seconds = min(seconds, max(0.0, self._resend[0][0] - time.perf_counter()))
        free = []
        for descriptor, _ in self._poll.poll(seconds):
            connection = self._sockets.get(descriptor)
            if connection is not None and self._take(descriptor, connection.recv(65536)):
                free.append(descriptor)
        self._send_again()
        return free

    def _take(self, descriptor: int, data: bytes) -> bool:
        """Note one answer; False while it is incomplete or was a refusal (sent again later)."""
        if len(data) != self._answer_bytes or descriptor in self._partial:
            data = self._partial.pop(descriptor, b"") + data
            if not _is_whole(data):
                self._partial[descriptor] = data
                return False
        now = time.perf_counter()
        if not data.startswith(b"HTTP/1.1 200"):
            self._refuse(descriptor, data, now)
            return False
        self._answer_bytes = len(data)
        number = self._current.pop(descriptor)
        self.latencies.append(now - self.sent_at[number])
        self.acknowledged.append(number)
        self.last_answer = now
        return True

    def _refuse(self, descriptor: int, data: bytes, now: float) -> None:
        status = data[9:12]
        if status not in {b"503", b"429"}:
            raise SystemExit(f"unexpected answer: {data[:400]!r}")
        self.refused += 1
        self._resend.append((now + _PAUSE_AFTER_REFUSAL, descriptor, self._current[descriptor]))

    def _send_again(self) -> None:
        while self._resend and self._resend[0][0] <= time.perf_counter():
            _, descriptor, number = self._resend.pop(0)
            self._sockets[descriptor].send(self.requests[number])


def _is_whole(data: bytes) -> bool:
    if not data:
        raise SystemExit("the server closed a connection")
    head, separator, body = data.partition(b"\r\n\r\n")
    if not separator:
        return False
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(body) >= int(line[15:])
    raise SystemExit(f"an answer without a length: {head!r}")


def closed_loop(generator: Generator, seconds: float) -> float:
    """Keep every connection busy until the time is over; return the seconds it took."""
    start = time.perf_counter()
    stop = start + seconds
    for descriptor in generator.idle:
        generator.send_next(descriptor)
    while generator.in_flight:
        for descriptor in generator.wait(1.0):
            if not generator.is_exhausted and time.perf_counter() < stop:
                generator.send_next(descriptor)
    return generator.last_answer - start


class Effects:
    """When the line of each order was first seen, by its number."""

    def __init__(self, path: Path, prefix: str) -> None:
        self._tail = Tail(path)
        self._watch = FolderWatch(path.parent, changes=True)
        self._prefix = prefix.encode() + b"-"
        self.descriptor = self._watch.descriptor
        self.seen_at: dict[int, float] = {}

    def look(self) -> None:
        self._watch.names()
        now = time.perf_counter()
        for line in self._tail.lines():
            word = line.split(b" ", 1)[0]
            if word.startswith(self._prefix):
                self.seen_at.setdefault(int(word[len(self._prefix) :]), now)


def open_loop(generator: Generator, rate: float, effects: Effects | None) -> float:
    """Send by the clock; return the seconds it took, the last effects included."""
    if effects is not None:
        generator.watch(effects.descriptor)
    start = time.perf_counter()
    deadline = start + len(generator.requests) / rate + 30
    while _has_more(generator, effects) and time.perf_counter() < deadline:
        due = start + generator.next / rate
        now = time.perf_counter()
        if not generator.is_exhausted and now >= due and generator.idle:
            generator.send_next(generator.idle.pop())
            continue
        generator.idle += generator.wait(min(0.5, max(0.0, due - now)))
        if effects is not None:
            effects.look()
    return time.perf_counter() - start


def _has_more(generator: Generator, effects: Effects | None) -> bool:
    if not generator.is_exhausted or generator.in_flight:
        return True
    return effects is not None and len(effects.seen_at) < len(generator.requests)


def _generate(options: argparse.Namespace) -> dict[str, Any]:
    wanted = options.rate * options.seconds if options.rate else options.most
    requests = make_requests(options.prefix, min(int(wanted), _MOST_REQUESTS), path=options.path)
    generator = Generator(options.port, requests, options.connections)
    effects = Effects(options.watch, options.prefix) if options.watch else None
    before, started = time.process_time(), time.time()
    if options.rate:
        seconds = open_loop(generator, options.rate, effects)
    else:
        seconds = closed_loop(generator, options.seconds)
    report: dict[str, Any] = {
        "sent": generator.next,
        "acknowledged": len(generator.acknowledged),
        "refused": generator.refused,
        "started": started,
        "seconds": round(seconds, 4),
        "per_second": round(len(generator.acknowledged) / seconds, 1),
        "acknowledged_ms": spread_ms(generator.latencies),
        "generator_processor_share": round((time.process_time() - before) / seconds, 3),
    }
    if effects is not None:
        sent_at = generator.sent_at
        delays = [seen - sent_at[number] for number, seen in effects.seen_at.items()]
        report["effect_ms"] = spread_ms(delays)
    if options.acknowledged:
        ids = (order_id(options.prefix, number) for number in sorted(generator.acknowledged))
        options.acknowledged.write_text("\n".join(ids))
    return report


def run_load(
    port: int,
    path: str,
    *,
    prefix: str,
    seconds: float,
    rate: float | None = None,
    most: int = 100_000,
    connections: int = 32,
    watch: Path | None = None,
) -> dict[str, Any]:
    """Run the generator in its own process and return its report."""
    command = [sys.executable, "-m", "tests.bench.load", "--port", str(port), "--path", path]
    command += ["--prefix", prefix, "--seconds", str(seconds), "--most", str(most)]
    command += ["--connections", str(connections)]
    command += ["--rate", str(rate)] if rate else []
    command += ["--watch", str(watch)] if watch else []
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, timeout=seconds + 180
    )
    return dict(json.loads(done.stdout))


def main() -> None:
    """Generate load as the arguments say and print the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", required=True)
    parser.add_argument("--prefix", default=f"p{os.getpid()}")
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--most", type=int, default=100_000, help="requests at most")
    parser.add_argument("--rate", type=float, default=None)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--watch", type=Path, default=None)
    parser.add_argument("--acknowledged", type=Path, default=None)
    print(json.dumps(_generate(parser.parse_args())))


if __name__ == "__main__":
    main()
