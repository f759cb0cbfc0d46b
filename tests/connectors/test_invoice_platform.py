"""Handing invoices over to a platform: a server made from the description of the Flow Service API.

XP Z12-013: OAuth2 client credentials, `POST /v1/flows` (multipart), `/v1/flows/search`,
`GET /v1/flows/{id}`; acknowledgements Pending, Ok, Error; 413, 422, 429.
"""

import hashlib
import json

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from rouage.errors import RetryableError, StepError
from tests.connectors.invoicing import BUSINESS, PERSON, SERVICE, Bench

ORDER = {"customer": BUSINESS, "lines": [SERVICE]}
SECRET = "s3cret-of-the-platform"


class FlowService:
    """Keeps flows in memory, and refuses what its description does not allow."""

    def __init__(self):
        self.flows = {}
        self.refusal = None
        self.forgets_answers = False
        self.requests = []
        application = web.Application(client_max_size=64 << 20)
        application.router.add_post("/token", self._token)
        application.router.add_post("/api/v1/flows", self._submit)
        application.router.add_post("/api/v1/flows/search", self._search)
        application.router.add_get("/api/v1/flows/{id}", self._get)
        self.server = TestServer(application)

    async def _token(self, request):
        form = await request.post()
        wanted = {"grant_type": "client_credentials", "client_id": "me", "client_secret": SECRET}
        if dict(form) != wanted:
            said = {"error": "invalid_client", "error_description": f"no {form['client_secret']}"}
            return web.json_response(said, status=400)
        return web.json_response({"access_token": "t0ken", "token_type": "Bearer"})

    def _check(self, request):
        self.requests.append((request.method, request.path))
        if request.headers.get("Authorization") != "Bearer t0ken":
            raise web.HTTPUnauthorized
        assert request.headers["Request-Id"]

    async def _submit(self, request):
        self._check(request)
        if self.refusal is not None:
            status, headers, said = self.refusal
            return web.json_response(said, status=status, headers=headers)
        parts = {}
        async for part in await request.multipart():
            parts[part.name] = (part.headers["Content-Type"], await part.read())
        about, data = json.loads(parts["flowInfo"][1]), parts["file"][1]
        assert parts["flowInfo"][0] == "application/json"
        assert parts["file"][0] == "application/pdf"
        assert about["sha256"] == hashlib.sha256(data).hexdigest()
        assert about["flowSyntax"] in {"Factur-X", "CII", "UBL", "CDAR", "FRR"}
        assert about["flowProfile"] in {"Basic", "CIUS", "Extended-CTC-FR"}
        id_ = f"flow-{len(self.flows) + 1}"
        self.flows[id_] = {"flowId": id_, **about, "acknowledgement": {"status": "Pending"}}
        if self.forgets_answers:
            request.transport.close()
        return web.json_response(self.flows[id_], status=202)

    async def _search(self, request):
        self._check(request)
        wanted = (await request.json())["where"]["trackingId"]
        found = [flow for flow in self.flows.values() if flow["trackingId"] == wanted]
        return web.json_response({"results": found, "total": len(found)})

    async def _get(self, request):
        self._check(request)
        flow = self.flows.get(request.match_info["id"])
        return web.json_response(flow) if flow else web.json_response({}, status=404)


@pytest.fixture
async def service():
    service = FlowService()
    async with service.server:
        yield service


@pytest.fixture
def bench(tmp_path, service):
    url = str(service.server.make_url("/"))
    platform = {
        "url": f"{url}api",
        "token_url": f"{url}token",
        "client_id": "me",
        "client_secret": SECRET,
    }
    return Bench(tmp_path, platform=platform)


def _submissions(service):
    return service.requests.count(("POST", "/api/v1/flows"))


async def test_an_invoice_is_handed_over_once(bench, service):
    number = (await bench.issue(**ORDER))["number"]
    foreseen = await bench.simulate("transmit", number=number)
    assert (foreseen["flow"], service.requests) == (None, [])
    sent = [await bench.do("transmit", number=number) for _ in range(3)]
    assert [one["is_new"] for one in sent] == [True, False, False]
    assert {one["flow"] for one in sent} == {"flow-1"}
    assert _submissions(service) == 1
    flow = service.flows["flow-1"]
    assert (flow["trackingId"], flow["processingRule"]) == (number, "B2B")
    assert flow["name"] == f"{number}.pdf"
    assert (await bench.do("verify"))["is_valid"]


async def test_what_arrived_before_the_line_broke_is_not_sent_again(bench, service):
    number = (await bench.issue(**ORDER))["number"]
    service.forgets_answers = True
    with pytest.raises(RetryableError, match="cannot be reached"):
        await bench.do("transmit", number=number)
    service.forgets_answers = False
    sent = await bench.do("transmit", number=number)
    assert (sent["flow"], sent["is_new"]) == ("flow-1", False)
    assert _submissions(service) == 1


async def test_the_state_at_the_platform_is_told_with_its_reasons(bench, service):
    number = (await bench.issue(customer=PERSON, lines=[SERVICE]))["number"]
    with pytest.raises(StepError, match="was not handed over"):
        await bench.do("platform_status", number=number)
    await bench.do("transmit", number=number)
    assert service.flows["flow-1"]["processingRule"] == "B2C"
    assert (await bench.do("platform_status", number=number))["state"] == "Pending"
    details = [{"reasonCode": "InvalidSchema", "reasonMessage": "Facture refusée"}]
    service.flows["flow-1"]["acknowledgement"] = {"status": "Error", "details": details}
    told = await bench.do("platform_status", number=number)
    assert (told["state"], told["reasons"]) == ("Error", ["Facture refusée"])


@pytest.mark.parametrize("status", [413, 422])
async def test_a_refusal_is_told_in_the_words_of_the_platform(bench, service, status):
    number = (await bench.issue(**ORDER))["number"]
    service.refusal = (status, {}, {"errorCode": "X", "errorMessage": "SIREN inconnu"})
    with pytest.raises(StepError, match="SIREN inconnu") as refused:
        await bench.do("transmit", number=number)
    assert not isinstance(refused.value, RetryableError)


async def test_an_overloaded_platform_is_asked_again_when_it_wishes(bench, service):
    number = (await bench.issue(**ORDER))["number"]
    service.refusal = (429, {"Retry-After": "17"}, {})
    with pytest.raises(RetryableError) as refused:
        await bench.do("transmit", number=number)
    assert refused.value.retry_after_seconds == 17


async def test_a_wrong_secret_is_not_repeated_in_the_message(bench, service):
    number = (await bench.issue(**ORDER))["number"]
    bench.accounts.accounts["platform"]["client_secret"] = "wr0ng-secret"
    with pytest.raises(StepError, match="refuses your access") as refused:
        await bench.do("transmit", number=number)
    assert "wr0ng" not in str(refused.value.record())


async def test_a_file_that_was_changed_does_not_leave(bench, service):
    issued = await bench.issue(**ORDER)
    path = bench.workspace / "files/invoices/2026" / f"{issued['number']}.pdf"
    path.chmod(0o600)
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(StepError, match="not the one that was issued"):
        await bench.do("transmit", number=issued["number"])
    assert service.flows == {}


async def test_a_quote_does_not_leave(bench):
    quote = await bench.issue("quote", **ORDER)
    with pytest.raises(StepError, match="is a quote"):
        await bench.do("transmit", number=quote["number"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"client_id": ""}, "needs `client_id`"),
        ({"url": "http://platform.example.org"}, "begins with https"),
        ({"url": "ftp://localhost/"}, "begins with https"),
    ],
)
async def test_an_account_that_cannot_be_right_is_said(bench, change, said):
    number = (await bench.issue(**ORDER))["number"]
    bench.accounts.accounts["platform"].update(change)
    with pytest.raises(StepError, match=said):
        await bench.do("transmit", number=number)
