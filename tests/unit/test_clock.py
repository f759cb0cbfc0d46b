"""The clock of the machine: who waits for the same instant wakes together, and never early."""

import asyncio
import time

from rouage.clock import SystemClock


async def test_who_sleeps_until_the_same_instant_wakes_in_the_same_turn() -> None:
    clock, loop = SystemClock(), asyncio.get_running_loop()
    turn = 0
    woken: list[int] = []

    def count() -> None:
        nonlocal turn
        turn += 1
        loop.call_soon(count)

    async def sleep_until(instant: float) -> None:
        # Whoever starts later has less left to sleep, and other roundings.
        await asyncio.sleep(0.0001 * len(woken))
        await clock.sleep(instant - time.time())
        woken.append(turn)

    count()
    instant = float(int(time.time()) + 2)
    await asyncio.gather(*[sleep_until(instant) for _ in range(100)])
    assert len(woken) == 100
    # One may be held up between the two clocks it reads.
    assert len(set(woken)) <= 2


async def test_nobody_wakes_early() -> None:
    clock, loop = SystemClock(), asyncio.get_running_loop()
    for seconds in (0.0, 0.01, 0.05, 0.0511, 0.0999):
        start = loop.time()
        await clock.sleep(seconds)
        # The loop itself rounds to its resolution, far below a microsecond.
        assert loop.time() - start >= seconds - 1e-6


async def test_a_sleep_that_is_cancelled_leaves_no_alarm() -> None:
    clock, loop = SystemClock(), asyncio.get_running_loop()
    sleeper = asyncio.create_task(clock.sleep(3600))
    await asyncio.sleep(0)
    sleeper.cancel()
    await asyncio.wait([sleeper])
    assert sleeper.cancelled()
    alarms = [alarm for alarm in loop._scheduled if not alarm.cancelled()]  # type: ignore[attr-defined]
    assert alarms == []
