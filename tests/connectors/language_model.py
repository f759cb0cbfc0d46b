"""A fake language model on a real server, and the account that leads to it."""

import asyncio

from aiohttp import web
from aiohttp.test_utils import TestServer

KEY = "sk-31415926535"


class Model:
    """A fake `/v1/chat/completions`; `answers` are given in turn, the last one for ever."""

    def __init__(self):
        self.answers = ["Merci !"]
        self.usage = {"prompt_tokens": 100, "completion_tokens": 20}
        self.asked = []
        self.waiting = asyncio.Event()
        application = web.Application()
        application.router.add_post("/v1/chat/completions", self._answer)
        self._server = TestServer(application)

    async def _answer(self, request):
        self.asked.append((dict(request.headers), await request.json()))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer == "never":
            await self.waiting.wait()
        if isinstance(answer, web.Response):
            return answer
        message = answer if isinstance(answer, dict) else {"message": {"content": answer}}
        return web.json_response({"model": "m-1", "choices": [message], "usage": self.usage})

    async def __aenter__(self):
        await self._server.start_server()
        return self

    async def __aexit__(self, *_):
        self.waiting.set()
        await self._server.close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.port}/v1"


class Accounts:
    def __init__(self, account):
        self.account = account

    def find(self, kind, name=None):
        assert kind == "ai"
        return {"type": "ai", "account": name or "model", **self.account}
