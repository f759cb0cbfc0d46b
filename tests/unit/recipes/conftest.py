"""A small catalog of our own, so that these tests do not depend on what ships."""

from collections.abc import Callable
from typing import Any, Literal

import pytest

from rouage.catalog.catalog import Catalog
from rouage.recipes.checker import Checked, check
from rouage.sdk import JSON, Connector, Context, Duration, NoParams, Text, Trigger, param, params


@params
class Mail:
    to: str = param("To.", format="email")
    subject: str = param("Subject.")
    body: str = param("Body.", default="")
    copies: list[str] = param("Copies.", default=[])
    urgency: Literal["low", "normal", "high"] = param("Urgency.", default="normal")
    html: bool = param("HTML.", default=False)
    size: int = param("Size.", default=1, minimum=1, maximum=10)
    wait: Duration = param("Wait.", default=1.0)
    password: str | None = param("Password.", default=None, secret=True)
    headers: dict[str, str] = param("Headers.", default={})
    level: Literal[1, 2, 3] = param("Level.", default=1)
    link: str = param("Link.", default="", format="url")


@params
class Watch:
    path: str = param("Folder.", format="folder")
    match: str | list[str] = param("Pattern.", default="*")


@params
class Ticks:
    expression: str = param("Cron.", format="cron")
    at: str | None = param("Time.", default=None, format="time")
    timezone: str | None = param("Zone.", default=None, format="timezone")


@params
class Named:
    name: str = param("Name.")


FILE = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "size": {"type": "integer"}},
    "additionalProperties": False,
}


def make_mail() -> Connector:
    mail = Connector("mail", about="Mail.")

    @mail.action(
        "send",
        result={
            "type": "object",
            "properties": {"message_id": {"type": "string"}},
            "additionalProperties": False,
        },
    )
    async def send(params: Mail, context: Context) -> JSON:
        """Send."""
        return None

    @mail.action("flush")
    async def flush(params: NoParams, context: Context) -> JSON:
        """Flush."""
        return None

    return mail


def make_triggers() -> list[Connector]:
    names = ("folder", "clock", "manual", "chain")
    folder, clock, manual, chain = (Connector(name, about=".") for name in names)

    @folder.trigger(
        "file",
        event={"type": "object", "properties": {"file": FILE}, "additionalProperties": False},
    )
    class File(Trigger[Watch]):
        """A file."""

    @clock.trigger(
        "cron",
        event={
            "type": "object",
            "properties": {"due": {"type": "string"}},
            "additionalProperties": False,
        },
    )
    class Cron(Trigger[Ticks]):
        """A tick."""

        @classmethod
        def check(cls, params: Ticks) -> Text | None:
            if params.expression.count(" ") != 4:
                return Text("five fields are wanted", "cinq champs sont attendus")
            return None

    @manual.trigger(
        "start",
        event={"type": "object", "properties": {"inputs": {}}, "additionalProperties": False},
    )
    class Start(Trigger[NoParams]):
        """A button."""

    @chain.trigger("event")
    class Heard(Trigger[Named]):
        """An emitted event."""

    return [folder, clock, manual, chain]


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return Catalog([make_mail(), *make_triggers()])


@pytest.fixture
def check_text(catalog: Catalog) -> Callable[..., Checked]:
    def run(text: str, **options: Any) -> Checked:
        options.setdefault("file", "recipes/factures.yaml")
        return check(text.encode(), catalog=catalog, **options)

    return run


@pytest.fixture
def codes(check_text: Callable[..., Checked]) -> Callable[..., list[tuple[str, str]]]:
    """Check a recipe and return each problem as (code, the text it points at)."""

    def run(text: str, **options: Any) -> list[tuple[str, str]]:
        lines = text.split("\n")
        found = []
        for problem in check_text(text, **options).problems:
            start, end = problem.range.start, problem.range.end
            line = lines[start.line - 1]
            stop = end.column - 1 if end.line == start.line else len(line)
            found.append((problem.code, line[start.column - 1 : stop]))
        return found

    return run
