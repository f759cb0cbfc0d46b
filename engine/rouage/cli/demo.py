"""`rouage demo [DIR]`: a ready workspace, the daemon on it, and what happens, told as it does."""

import argparse
import asyncio
import hashlib
import hmac
import json
import os
import secrets as randomness
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rouage.cli.init import make_workspace
from rouage.cli.logs import configure_logs
from rouage.cli.parser import Parser
from rouage.cli.session import BROKEN, Session
from rouage.cli.starter import RECIPE_NAME
from rouage.cli.up import tell_where
from rouage.errors import WorkspaceError
from rouage.language import Text
from rouage.resources import shipped
from rouage.secrets import SecretStore
from rouage.settings import Places

if TYPE_CHECKING:
    from rouage.daemon import Daemon
    from rouage.model.run import RunRecord

_POLL_SECONDS: Final = 0.4
_DIR: Final = Text("the folder of the demo", "le dossier de la démonstration")

# What differs between the two languages of the demo: folders, hook and secret.
_INBOX: Final = "inbox"
_SESSION: Final = Text("sessions/wedding", "seances/mariage")
_READY_FILE: Final = Text("ready.txt", "pret.txt")
_HOOK: Final = Text("orders", "commandes")
_SECRET: Final = Text("shop", "boutique")

_WELCOME: Final = Text(
    """
Four recipes are at work here (folder {recipes}):
  sort    files dropped into {inbox} are filed by type and month, and noted in a register
  report  every minute, report.txt sums up the register
  order   a signed webhook of the shop is noted in the stock, with a packing slip
  photos  a folder of photos that holds ready.txt becomes a zip with its manifest
""",
    """
Quatre recettes travaillent ici (dossier {recipes}) :
  trier     ce qu’on dépose dans {inbox} est rangé par type et par mois, et noté au registre
  rapport   chaque minute, rapport.txt résume le registre
  commande  un webhook signé de la boutique est noté au stock, avec son bon de préparation
  photos    un dossier de photos qui contient pret.txt devient une archive avec son manifeste
""",
)
_DROPPED: Final = Text(
    "Sample files were just dropped for you; here is what happens.",
    "Des fichiers d’exemple viennent d’être déposés pour vous ; voici ce qui se passe.",
)
_WHERE: Final = Text(
    """
Now drop a file of your own into {inbox}, and ask about it:
  {command} runs
  {command} why {inbox}/{sample}
Break a recipe in {recipes}, save, and read what `{command} check` says.
Kill the daemon at any moment and start it again: it goes on where it was.
""",
    """
Déposez maintenant un fichier à vous dans {inbox}, et posez la question :
  {command} runs
  {command} why {inbox}/{sample}
Abîmez une recette de {recipes}, enregistrez, et lisez ce que dit « {command} check ».
Tuez le service à tout moment et relancez-le : il reprend où il en était.
""",
)
_TOLD: Final = Text("{time}  {mark} {recipe}: {what}", "{time}  {mark} {recipe} : {what}")
_FAILED: Final = Text("failed: {why}", "échec : {why}")


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take(
        "folder", about=_DIR, nargs="?", default="demo", metavar=parser.say(Text("DIR", "DOSSIER"))
    )


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Make the workspace if it is not there, and serve it until a signal says stop."""
    from rouage.catalog.discovery import discover
    from rouage.cli.serving import run as run_daemon

    places = Places((session.here / Path(arguments.folder).expanduser()).absolute())
    is_new = not places.settings_file.exists()
    if is_new:
        build(places, session)
    session.use_workspace(str(places.root))
    settings = replace(session.settings, port=0, hooks_port=0)
    configure_logs(
        sys.stderr,
        level="warning",
        folder=settings.places.logs,
        environment=session.environment,
        mask=session.mask,
    )
    story = Story(session, places, is_new=is_new)
    try:
        return run_daemon(settings, catalog=discover(), on_ready=story.begin)
    except* WorkspaceError as group:
        session.complain(_first(group))
    return BROKEN


def build(places: Places, session: Session) -> None:
    """Make the demo workspace: settings, four recipes, their folders, and a secret."""
    list(make_workspace(places, session))
    (places.recipes / RECIPE_NAME).unlink(missing_ok=True)
    for recipe in sorted((shipped("recipes") / "demo" / session.language).glob("*.yaml")):
        shutil.copyfile(recipe, places.recipes / recipe.name)
    for folder in (_INBOX, session.say(_SESSION)):
        (places.root / folder).mkdir(parents=True, exist_ok=True)
    SecretStore(places.secrets).set(session.say(_SECRET), randomness.token_urlsafe(24))


class Story:
    """Tell what the daemon does, and give it something to do the first time."""

    def __init__(self, session: Session, places: Places, *, is_new: bool) -> None:
        self._session = session
        self._places = places
        self._is_new = is_new
        self._told: set[str] = set()

    async def begin(self, daemon: "Daemon") -> None:
        """Say where everything is, drop the samples, and go on telling in the background."""
        session, root = self._session, self._places.root
        tell_where(session, daemon.settings, daemon.ports)
        session.tell(
            _WELCOME, recipes=self._near(self._places.recipes), inbox=self._near(root / _INBOX)
        )
        self._told = {record.id for record in await self._recent(daemon)}
        if self._is_new:
            session.tell(_DROPPED)
        daemon.background(self._go_on(daemon), "story")

    async def _go_on(self, daemon: "Daemon") -> None:
        if self._is_new:
            await asyncio.to_thread(self._drop_files)
            await self._order(daemon.ports["hooks"])
        expected = 6 if self._is_new else 0
        has_pointed = False
        while True:
            for record in reversed(await self._recent(daemon)):
                if record.ended is not None and record.id not in self._told:
                    self._told.add(record.id)
                    self._tell(await daemon.reader.get_run(record.id))
                    expected -= 1
            if expected <= 0 and not has_pointed:
                has_pointed = True
                self._point()
            await asyncio.sleep(_POLL_SECONDS)

    async def _recent(self, daemon: "Daemon") -> "tuple[RunRecord, ...]":
        from rouage.durable.port import RunFilter

        return (await daemon.reader.list_runs(RunFilter(), limit=40)).runs

    def _drop_files(self) -> None:
        samples = shipped("recipes") / "demo" / "samples"
        inbox = self._places.root / _INBOX
        for sample in sorted(path for path in samples.iterdir() if path.is_file()):
            shutil.copyfile(sample, inbox / sample.name)
        session_folder = self._places.root / self._session.say(_SESSION)
        for photo in sorted((samples / "photos").iterdir()):
            shutil.copyfile(photo, session_folder / photo.name)
        (session_folder / self._session.say(_READY_FILE)).touch()

    async def _order(self, port: int) -> None:
        """Send the order of a shop, signed as the recipe asks for it."""
        from aiohttp import ClientSession

        body = json.dumps(
            {
                "order": "W-1042",
                "customer": "Léa Forêt",
                "reference": "LAMPE-CHENE",
                "quantity": 2,
                "total": 178.0,
            },
            ensure_ascii=False,
        ).encode()
        key = SecretStore(self._places.secrets).load()[self._session.say(_SECRET)]
        signature = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
        url = f"http://127.0.0.1:{port}/hooks/{self._session.say(_HOOK)}"
        headers = {"Content-Type": "application/json", "X-Signature": signature}
        async with ClientSession() as client, client.post(url, data=body, headers=headers):
            pass

    def _tell(self, record: "RunRecord | None") -> None:
        if record is None or record.ended is None:
            return
        is_well = record.state in {"succeeded", "skipped"}
        self._session.tell(
            _TOLD,
            time=record.ended.astimezone().strftime("%H:%M:%S"),
            mark="✓" if is_well else "✗",
            recipe=record.recipe,
            what=self._what(record) if is_well else self._why(record),
        )
        sys.stdout.flush()

    def _what(self, record: "RunRecord") -> str:
        subject = _subject(record.event_data)
        paths = [
            str(step.result["path"])
            for step in record.steps
            if isinstance(step.result, dict) and isinstance(step.result.get("path"), str)
        ]
        return " → ".join(word for word in (subject, *map(self._near, paths[-1:])) if word)

    def _why(self, record: "RunRecord") -> str:
        message = record.error.get("message") if isinstance(record.error, dict) else None
        why = message.get(self._session.language) if isinstance(message, dict) else message
        return self._session.say(_FAILED, why=why or record.state)

    def _point(self) -> None:
        program = Path(sys.argv[0])
        command = self._near(program) if program.is_absolute() or "/" in sys.argv[0] else "rouage"
        self._session.tell(
            _WHERE,
            command=f"{command} --workspace {self._near(self._places.root)}",
            inbox=self._near(self._places.root / _INBOX),
            sample="facture-2026-031.pdf",
            recipes=self._near(self._places.recipes),
        )
        sys.stdout.flush()

    def _near(self, path: Path | str) -> str:
        """Return *path* as one would type it here."""
        relative = os.path.relpath(path, self._session.here)
        return str(path) if relative.startswith("..") else relative


def _subject(event: Any) -> str:
    """Return what an event is about, in a word."""
    if not isinstance(event, dict):
        return ""
    file, body = event.get("file"), event.get("body")
    if isinstance(file, dict):
        return str(file.get("name", ""))
    if isinstance(body, dict):
        return str(body.get("order", ""))
    return ""


def _first(group: BaseException) -> WorkspaceError:
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    assert isinstance(group, WorkspaceError)  # noqa: S101 - the subgroup holds nothing else
    return group
