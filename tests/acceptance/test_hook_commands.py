"""`rouage hooks` and `rouage replay`, on a daemon that receives."""

import json
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Rouage = Callable[..., Any]

PRICE = """\
name: Price
when:
  - webhook.received: {path: price, secret: "${{ secrets.site }}", respond: {from: price}}
if: event.body.quantity > 0
do:
  - set: {total: "${{ event.body.quantity * 3 }}"}
    id: price
"""


def ask(address: str, body: object, secret: str) -> tuple[int, Any]:
    request = urllib.request.Request(address, json.dumps(body).encode())  # noqa: S310 - our own
    request.add_header("Content-Type", "application/json")
    request.add_header("Authorization", f"Bearer {secret}")
    with urllib.request.urlopen(request, timeout=30) as reply:  # noqa: S310 - our own
        return reply.status, json.load(reply)


@pytest.mark.slow
def test_what_a_hook_received_can_happen_again(
    rouage: Rouage, start_daemon: Callable[..., Any], tmp_path: Path
) -> None:
    assert rouage("init", "w").code == 0
    folder = tmp_path / "w"
    (folder / "recipes" / "price.yaml").write_text(PRICE, encoding="utf-8")
    rouage("--workspace", folder, "secrets", "set", "site", stdin="a-long-secret")
    start_daemon(folder)
    listed = rouage("--workspace", folder, "hooks", "--json").data["hooks"]
    (address,) = [row["url"] for row in listed if row["recipe"] == "price"]
    assert ask(address, {"quantity": 4}, "a-long-secret") == (200, {"total": 12})
    (run,) = rouage("--workspace", folder, "runs", "--recipe", "price", "--json").data["runs"]
    again = rouage("--workspace", folder, "replay", run["event"], "--json")
    assert (again.code, again.data["replay_of"]) == (0, run["event"])
    assert (
        len(rouage("--workspace", folder, "runs", "--recipe", "price", "--json").data["runs"]) == 2
    )
    # A run stands for its event.
    again = rouage("--workspace", folder, "replay", run["id"])
    assert "happened again" in again.out
    assert rouage("--workspace", folder, "replay", "nothing-like-it").code == 1
