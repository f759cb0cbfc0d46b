"""A real SMTP server for tests, which answers as it is told."""

import asyncio
import email
import email.policy
import warnings
from contextlib import asynccontextmanager

from aiosmtpd.smtp import SMTP, AuthResult

from tests.connectors.mail.conftest import PASSWORD, USER


class Post:
    """An SMTP server: what it was given, and what it shall answer."""

    def __init__(self):
        self.taken = []
        self.answers = {}
        self.before_answer = None

    @property
    def mails(self):
        return [
            email.message_from_bytes(data, policy=email.policy.default) for _, data in self.taken
        ]

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        envelope.mail_from = address
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        answer = self.answers.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        answer = self.answers.get("DATA", "250 OK")
        if answer.startswith("250"):
            self.taken.append((list(envelope.rcpt_tos), envelope.content))
        if self.before_answer is not None:
            self.before_answer(server)
        return answer


def check_password(server, session, envelope, mechanism, data):
    is_right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=is_right, handled=False)


@asynccontextmanager
async def post_office(*, tls=None, starttls=None):
    post = Post()

    def factory():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of passwords without encryption
            return SMTP(
                post,
                hostname="mail.example.org",
                authenticator=check_password,
                auth_required=True,
                auth_require_tls=False,
                tls_context=starttls,
            )

    server = await asyncio.get_running_loop().create_server(factory, "127.0.0.1", 0, ssl=tls)
    post.port = server.sockets[0].getsockname()[1]
    try:
        yield post
    finally:
        server.close()
        await server.wait_closed()
