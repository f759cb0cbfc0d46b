"""Which paths were served before: remembered by digest, also across a restart."""

from rouage.web.known_paths import KnownPaths


def test_what_was_served_is_known_after_a_restart(tmp_path):
    file = tmp_path / "hooks.json"
    known = KnownPaths(file)
    known.note("/hooks/a-secret-path", "shop")
    assert known.has_changed
    known.save()
    assert not known.has_changed
    again = KnownPaths(file)
    assert again.owner_of("/hooks/a-secret-path") == "shop"
    assert again.owner_of("/hooks/other") is None
    again.note("/hooks/a-secret-path", "shop")
    assert not again.has_changed
    assert "secret-path" not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_broken_or_missing_file_is_an_empty_one(tmp_path):
    file = tmp_path / "hooks.json"
    for content in (b"", b"[1]", b"{", b"\xff", b'"a"'):
        file.write_bytes(content)
        assert KnownPaths(file).owner_of("/hooks/a") is None
    gone = KnownPaths(tmp_path / "missing" / "hooks.json")
    gone.note("/hooks/a", "shop")
    gone.save()
    assert gone.owner_of("/hooks/a") == "shop"


def test_the_oldest_is_forgotten_first():
    known = KnownPaths()
    for number in range(5_001):
        known.note(f"/hooks/{number}", "shop")
    assert known.owner_of("/hooks/0") is None
    assert known.owner_of("/hooks/1") == "shop"
