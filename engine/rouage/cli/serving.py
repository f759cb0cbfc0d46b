"""The process of the daemon: its signals, its limits, its exit code."""

import asyncio
import contextlib
import gc
import os
import signal
import termios
from typing import Final

from rouage.catalog.catalog import Catalog
from rouage.daemon import Daemon, OnReady
from rouage.durable.failpoints import Failpoints
from rouage.secrets import SecretStore
from rouage.service.limits import raise_descriptors
from rouage.service.manager import ServiceManager
from rouage.settings import Settings

_FAILED: Final = 70
_GARBAGE_THRESHOLDS: Final = (50_000, 20, 50)


def run(
    settings: Settings,
    *,
    catalog: Catalog,
    on_ready: OnReady | None = None,
    secrets: SecretStore | None = None,
) -> int:
    """Serve until a signal says stop; the first one drains, the second ends at once.

    Returns the exit code: 0 after a clean stop, 70 when only a fresh start can help (EX_SOFTWARE).
    """
    with contextlib.suppress(AttributeError):
        # The no-writer probe of folder triggers may make the kernel send SIGIO, which would
        # kill the process (triggers D-13).
        signal.signal(signal.SIGIO, signal.SIG_IGN)
    # Runs make many short-lived objects and hardly a cycle: looking for cycles less often saves
    # a tenth of the time and most of the long pauses under load.
    gc.set_threshold(*_GARBAGE_THRESHOLDS)
    raise_descriptors()
    return asyncio.run(_serve(settings, catalog, on_ready, secrets))


async def _serve(
    settings: Settings, catalog: Catalog, on_ready: OnReady | None, secrets: SecretStore | None
) -> int:
    failpoints = Failpoints.parse(os.environ.get("ROUAGE_FAILPOINT"))
    daemon = Daemon(
        settings,
        catalog=catalog,
        failpoints=failpoints,
        manager=ServiceManager.take_from(os.environ),
        environment=os.environ,
        secrets=secrets,
    )
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if daemon.is_stopping:
            os._exit(1)
        daemon.request_stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)

    def hang_up() -> None:
        # A terminal that closes sends the same signal: whoever closed it wants no daemon.
        if was_terminal and not _is_terminal():
            stop()
        else:
            daemon.request_reload()

    was_terminal = _is_terminal()
    loop.add_signal_handler(signal.SIGHUP, hang_up)
    await daemon.serve(on_ready)
    return _FAILED if daemon.has_failed else 0


def _is_terminal() -> bool:
    """Say whether standard input is a terminal that is still there."""
    try:
        return os.isatty(0) and bool(termios.tcgetattr(0))
    except (OSError, termios.error):
        return False
