"""Who is calling through a proxy: believed from those the owner lists, one step deep."""

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from rouage.web.forwarded import Proxies, caller_of


@pytest.mark.parametrize(
    ("address", "is_trusted"),
    [
        ("127.0.0.1", True),
        ("::ffff:127.0.0.1", True),
        ("127.0.0.2", False),
        ("10.1.2.3", True),
        ("11.1.2.3", False),
        ("2001:db8::5", True),
        ("2001:db9::5", False),
        ("fe80::1%eth0", True),
        ("local", False),
    ],
)
def test_only_listed_proxies_are_trusted(address, is_trusted):
    proxies = Proxies(["127.0.0.1", "10.0.0.0/8", "2001:db8::/32", "fe80::/10"])
    assert proxies.trust(address) is is_trusted
    assert not Proxies().trust(address)


@pytest.mark.parametrize(
    ("fields", "caller"),
    [
        ([("X-Forwarded-For", "203.0.113.7")], "203.0.113.7"),
        ([("X-Forwarded-For", "6.6.6.6, 203.0.113.7")], "203.0.113.7"),
        ([("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-For", "203.0.113.7")], "203.0.113.7"),
        ([("X-Forwarded-For", "203.0.113.7:5555")], "203.0.113.7"),
        ([("X-Forwarded-For", "[2001:db8::1]:5555")], "2001:db8::1"),
        ([("X-Forwarded-For", "::ffff:203.0.113.7")], "203.0.113.7"),
        ([("X-Forwarded-For", "unknown")], None),
        ([("X-Forwarded-For", "203.0.113.7,")], None),
        ([("X-Forwarded-For", "")], None),
        ([("Forwarded", "for=6.6.6.6, for=203.0.113.7;proto=https")], "203.0.113.7"),
        ([("Forwarded", 'proto=https;For="[2001:db8::1]:80"')], "2001:db8::1"),
        ([("Forwarded", "by=1.2.3.4")], None),
        ([("Forwarded", "for=_hidden")], None),
        # The proxy writes one of them; the other one is the sender's own.
        ([("X-Forwarded-For", "203.0.113.7"), ("Forwarded", "for=6.6.6.6")], None),
        ([("X-Forwarded-For", "6.6.6.6"), ("Forwarded", "for=203.0.113.7")], None),
        ([("X-Forwarded-For", "1.1.1.1"), ("Forwarded", "for=1.1.1.1")], "1.1.1.1"),
        ([], None),
    ],
)
def test_the_last_step_counts_and_contradictions_do_not(fields, caller):
    assert caller_of(CIMultiDictProxy(CIMultiDict(fields))) == caller
