"""Whatever an action tries, nothing leaves the process while the seal is on.

It runs in a process of its own: the hook of the interpreter cannot be taken off again.
"""

import subprocess
import sys
import textwrap
from pathlib import Path

PROGRAM = """
    import asyncio, os, shutil, socket, subprocess, sys, tempfile
    from pathlib import Path
    from rouage.rehearsal.sealed import sealed

    folder = Path(sys.argv[1])
    (folder / "old.txt").write_text("old")
    attempts = [
        lambda: (folder / "new.txt").write_text("x"),
        lambda: open(folder / "old.txt", "a"),
        lambda: os.open(folder / "raw", os.O_CREAT | os.O_RDWR),
        lambda: (folder / "made").mkdir(),
        lambda: (folder / "old.txt").unlink(),
        lambda: (folder / "old.txt").rename(folder / "moved"),
        lambda: (folder / "link").symlink_to("old.txt"),
        lambda: os.truncate(folder / "old.txt", 0),
        lambda: shutil.rmtree(folder),
        lambda: tempfile.mkstemp(dir=folder),
        lambda: socket.create_connection(("127.0.0.1", 9)),
        lambda: socket.socket().bind(("127.0.0.1", 0)),
        lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9)),
        lambda: socket.getaddrinfo("localhost", 80),
        lambda: subprocess.run(["true"]),
        lambda: os.system("true"),
        lambda: os.fork(),
        lambda: os.posix_spawn("/bin/true", ["true"], {}),
        lambda: asyncio.run(asyncio.create_subprocess_exec("true")),
    ]
    missed = []
    with sealed() as stopped:
        for number, attempt in enumerate(attempts):
            before = len(stopped)
            try:
                attempt()
            except Exception:
                pass
            if len(stopped) == before:
                missed.append(number)
        assert (folder / "old.txt").read_text() == "old"
        assert asyncio.run(asyncio.sleep(0, "loops work")) == "loops work"
    (folder / "after.txt").write_text("the seal is off again")
    print(missed, sorted(path.name for path in folder.iterdir()))
"""


def test_every_way_out_is_shut(tmp_path: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert answer.stdout == "[] ['after.txt', 'old.txt']\n", answer.stderr
