"""The connector `notify`, through the real Apprise to a real HTTP receiver."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from rouage.catalog.discovery import discover
from rouage.errors import RetryableError, StepError
from rouage.sdk.testing import run_action, simulate_action
from rouage.workers.isolation import isolate
from rouage.workers.pool import Workers
from rouage_connectors.notify import connector

# Apprise asks for a module that newer Pythons lack, and has a way without it.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

TOKEN = "tok-31415926"


class Receiver:
    """A web service in a thread: keeps what it gets; answers `statuses` in turn, else 200."""

    def __init__(self):
        self.got = []
        self.statuses = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append((self.path, json.loads(body)))
                self.send_response(outer.statuses.pop(0) if outer.statuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )
        self._thread.start()
        self.port = self._server.server_port

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def url(self, path=TOKEN):
        return f"json://127.0.0.1:{self.port}/{path}"


class Accounts:
    def __init__(self, **accounts):
        self._accounts = accounts

    def find(self, kind, name=None):
        assert kind == "notify"
        name = name or next(iter(self._accounts))
        return {"type": kind, "account": name, **self._accounts[name]}


@pytest.fixture
def receiver():
    started = Receiver()
    yield started
    started.close()


async def _send(context_for, accounts, *, key="key-1", **parameters):
    context = context_for(key, accounts=accounts)
    return await run_action(connector, "notify.send", {"text": "Bonjour", **parameters}, context)


async def test_a_message_reaches_every_address_of_the_channel(receiver, context_for):
    accounts = Accounts(phone={"urls": [receiver.url("one"), receiver.url("two")]})
    result = await _send(context_for, accounts, text="Été & <b>", title="Factures", level="warning")
    assert result == {"channel": "phone", "services": ["json", "json"]}
    assert [path for path, _ in receiver.got] == ["/one", "/two"]
    body = receiver.got[0][1]
    assert (body["message"], body["title"], body["type"]) == ("Été & <b>", "Factures", "warning")


async def test_the_channel_is_an_account_by_name(receiver, context_for):
    accounts = Accounts(phone={"url": receiver.url("one")}, team={"url": receiver.url("two")})
    result = await _send(context_for, accounts, channel="team")
    assert result["channel"] == "team"
    assert [path for path, _ in receiver.got] == ["/two"]


async def test_a_repetition_goes_only_where_it_did_not_arrive(receiver, context_for):
    accounts = Accounts(phone={"urls": [receiver.url("one"), receiver.url("two")]})
    receiver.statuses = [200, 500]
    with pytest.raises(RetryableError, match="did not take"):
        await _send(context_for, accounts)
    await _send(context_for, accounts)
    await _send(context_for, accounts)
    assert [path for path, _ in receiver.got] == ["/one", "/two", "/two"]
    await _send(context_for, accounts, key="key-2")
    assert len(receiver.got) == 5


async def test_a_refusal_names_the_reason_and_never_the_address(receiver, context_for, caplog):
    receiver.statuses = [403]
    with pytest.raises(RetryableError) as caught:
        await _send(context_for, Accounts(phone={"urls": [receiver.url()]}))
    told = json.dumps(caught.value.record()) + caplog.text
    assert "403" in told or "Forbidden" in told
    assert TOKEN not in told


async def test_nobody_there_is_a_passing_reason(context_for):
    gone = Receiver()
    gone.close()
    with pytest.raises(RetryableError) as caught:
        await _send(context_for, Accounts(phone={"urls": [gone.url()]}))
    assert TOKEN not in json.dumps(caught.value.record())


@pytest.mark.parametrize("url", [f"nonsense://{TOKEN}", TOKEN, "syslog://", ""])
async def test_an_address_of_no_service_is_explained_by_its_number(context_for, url):
    with pytest.raises(StepError, match="address 1 of the account") as caught:
        await _send(context_for, Accounts(phone={"urls": [url]}))
    assert TOKEN not in json.dumps(caught.value.record())
    assert caught.value.render_hint("fr")


@pytest.mark.parametrize("account", [{}, {"urls": []}, {"urls": [1]}, {"urls": ["json://a"] * 21}])
async def test_an_account_without_usable_addresses_is_explained(context_for, account):
    with pytest.raises(StepError, match="phone"):
        await _send(context_for, Accounts(phone=account))


async def test_without_an_account_nothing_is_sent_and_the_way_out_is_told(context_for):
    with pytest.raises(StepError, match="notify"):
        await run_action(connector, "notify.send", {"text": "a"}, context_for())


async def test_an_empty_message_is_refused(context_for):
    with pytest.raises(StepError, match="no text"):
        await _send(context_for, Accounts(phone={"urls": ["json://a"]}), text=" ")


async def test_a_simulation_names_the_services_and_sends_nothing(receiver, context_for):
    accounts = Accounts(phone={"urls": [receiver.url(), "tgram://123:abc/456"]})
    context = context_for(accounts=accounts)
    result = await simulate_action(connector, "notify.send", {"text": "a"}, context)
    assert result == {"channel": "phone", "services": ["json", "tgram"]}
    assert receiver.got == []


async def test_it_works_in_a_process_of_its_own(receiver, context_for):
    workers = Workers(places=1)
    accounts = Accounts(phone={"urls": [receiver.url()]})
    try:
        spec = isolate(discover(), workers.run).actions["notify.send"]
        parameters = spec.parameters.build({"text": "de loin"})
        for _ in range(2):
            await spec.run(parameters, context_for(accounts=accounts))
    finally:
        await workers.close()
    assert [body["message"] for _, body in receiver.got] == ["de loin"]


async def test_the_test_of_a_channel_names_each_service_and_sends_nothing(receiver, tmp_path):
    urls = [receiver.url(), "nonsense", "dbus://", f"ntfys://{TOKEN}"]
    found = await connector.account_tests["notify"]({"account": "me", "urls": urls}, tmp_path)
    assert [one.state for one in found] == ["ok", "failed", "failed", "ok"]
    assert "json" in found[0].what.fr
    assert "ntfys" in found[3].what.en
    assert receiver.got == []
    assert TOKEN not in str(found)
    [none] = await connector.account_tests["notify"]({"account": "me"}, tmp_path)
    assert none.state == "failed"
