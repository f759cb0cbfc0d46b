"""A recipe that is told of runs in doubt (`chain.engine`), by a daemon that dies in the middle."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

RISKY = """\
name: Risky
when:
  - manual.start: {}
do:
  - shell.run: {command: [sh, "SCRIPT"]}
"""
TELLS = """\
name: Tells
when:
  - chain.engine: {on: [needs_attention]}
do:
  - files.append:
      path: files/told
      text: "${{ event.kind }} ${{ event.recipe }} ${{ event.run }} ${{ event.step }}\\n"
"""


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.slow
def test_a_recipe_is_told_once_of_each_doubt(
    tmp_path: Path,
    rouage: Callable[..., Any],
    start_daemon: Callable[..., Any],
    eventually: Callable[..., Any],
) -> None:
    shop = tmp_path / "shop"
    assert rouage("init", shop).code == 0
    script = tmp_path / "act.sh"
    script.write_text(f"echo x >> '{shop}/began'\nexec sleep 20\n")
    (shop / "recipes" / "risky.yaml").write_text(RISKY.replace("SCRIPT", str(script)))
    (shop / "recipes" / "tells.yaml").write_text(TELLS)
    (shop / "files").mkdir(exist_ok=True)
    told, began = shop / "files" / "told", shop / "began"

    daemon = start_daemon(shop)
    started = rouage("--workspace", shop, "run", "risky", "--json")
    assert started.code == 0, started.err
    (run,) = started.data["runs"]
    eventually(lambda: len(lines(began)) == 1)
    assert daemon.stop(by=signal.SIGKILL) != 0

    daemon = start_daemon(shop)
    line = f"needs_attention risky {run} do.0"
    eventually(lambda: lines(told) == [line])
    # The second doubt about the same step is another one.
    assert rouage("--workspace", shop, "resolve", run, "--retry").code == 0
    eventually(lambda: len(lines(began)) == 2)
    assert daemon.stop(by=signal.SIGKILL) != 0

    daemon = start_daemon(shop)
    eventually(lambda: lines(told) == [line, line])
    assert rouage("--workspace", shop, "resolve", run, "--done").code == 0

    def state() -> Any:
        return rouage("--workspace", shop, "show", run, "--json").data["state"]

    eventually(lambda: state() == "succeeded")
    assert daemon.stop() == 0
    assert lines(told) == [line, line]
