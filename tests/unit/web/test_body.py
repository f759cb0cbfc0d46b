"""Bodies while they arrive: small ones in memory, large ones in a file, all of them bounded."""

import gzip
import mmap
import os
import zlib

import pytest

from rouage.web.body import IN_MEMORY, Depot, Growing, Unacceptable, inflate


async def grown(depot, data, *, most=1 << 30, step=60_000):
    growing = Growing(depot, most=most)
    for start in range(0, len(data), step):
        await growing.add(data[start : start + step])
    return growing, await growing.finish()


async def test_a_small_body_stays_in_memory_and_a_large_one_goes_to_a_file(tmp_path):
    depot = Depot(tmp_path / "received", most_bytes=10 << 20)
    _, small = await grown(depot, b"x" * IN_MEMORY)
    assert isinstance(small, bytes)
    assert not (tmp_path / "received").exists()
    data = os.urandom(3 * IN_MEMORY)
    growing, large = await grown(depot, data)
    assert isinstance(large, mmap.mmap)
    growing.close()
    assert bytes(large) == data
    assert list((tmp_path / "received").iterdir()) == []
    assert (tmp_path / "received").stat().st_mode & 0o777 == 0o700


async def test_what_all_hold_together_is_bounded_and_given_back():
    depot = Depot(most_bytes=3 * IN_MEMORY)
    first, _ = await grown(depot, b"x" * 2 * IN_MEMORY)
    second = Growing(depot, most=1 << 30)
    with pytest.raises(Unacceptable) as caught:
        await second.add(b"x" * 2 * IN_MEMORY)
    assert caught.value.status == 503
    first.close()
    first.close()
    await second.add(b"x")
    second.close()
    with pytest.raises(Unacceptable):
        await grown(depot, b"x" * 4 * IN_MEMORY, step=4 * IN_MEMORY)


async def test_a_place_that_cannot_be_written_is_503(tmp_path):
    (tmp_path / "received").write_text("in the way")
    with pytest.raises(Unacceptable) as caught:
        await grown(Depot(tmp_path / "received"), b"x" * 2 * IN_MEMORY)
    assert caught.value.status == 503


async def test_a_body_beyond_its_bound_is_413():
    with pytest.raises(Unacceptable) as caught:
        await grown(Depot(), b"x" * 100, most=99)
    assert caught.value.status == 413


@pytest.mark.parametrize("size", [0, 10, 100_000, 3 * IN_MEMORY])
async def test_gzip_is_inflated_whole(size):
    data = os.urandom(size // 2) * 2
    packed = gzip.compress(data)
    growing = Growing(Depot(), most=1 << 30)
    whole = await inflate(packed, growing, ratio=100)
    growing.close()
    assert bytes(whole) == data


@pytest.mark.parametrize(
    ("data", "most", "status"),
    [
        pytest.param(gzip.compress(b"\0" * (20 << 20)), 64 << 20, 413, id="ratio"),
        pytest.param(gzip.compress(os.urandom(5_000)), 4_999, 413, id="size"),
        pytest.param(gzip.compress(b"abc")[:-4], 1_000, 400, id="cut"),
        pytest.param(gzip.compress(b"abc") + b"more", 1_000, 400, id="more behind"),
        pytest.param(gzip.compress(b"abc") * 2, 1_000, 400, id="two members"),
        pytest.param(zlib.compress(b"abc"), 1_000, 400, id="zlib"),
        pytest.param(b"", 1_000, 400, id="empty"),
        pytest.param(b"plain", 1_000, 400, id="plain"),
    ],
)
async def test_bombs_and_broken_archives_are_refused(data, most, status):
    with pytest.raises(Unacceptable) as caught:
        await inflate(data, Growing(Depot(), most=most), ratio=100)
    assert caught.value.status == status
