"""The trigger `form.submitted`: a page that people fill in becomes an event."""

import asyncio
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from rouage.sdk import (
    JSON,
    SIZE_PATTERN,
    Connector,
    Emit,
    FormPage,
    JournalError,
    StepError,
    Submission,
    Text,
    Trigger,
    TriggerContext,
    keep_file,
    param,
    params,
    parse_duration,
    parse_size,
    sync_folders,
)
from rouage_connectors.form.asked import fields_of, text_of

connector = Connector(
    "form",
    title=Text("Forms", "Formulaires"),
    about=Text(
        "Pages that people fill in, on a telephone or a computer, without an account.",
        "Des pages que l’on remplit, sur téléphone ou ordinateur, sans compte.",
    ),
)

_PATH_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9_~-]*(?:[./][A-Za-z0-9_~-]+){0,20}$"
_RATE_PATTERN: Final = r"^\d{1,7}(?:\.\d{1,3})? per \d{1,6}(?:s|m|h|d)$"
_MOST_BYTES: Final = 64 << 20
_PATH: Final = b"path"
_KEY: Final = b"key"
_KEY_BYTES: Final = 32
_PATH_BYTES: Final = 16

_TOO_LARGE: Final = Text("`max_size` is at most 64 MiB", "`max_size` vaut au plus 64 Mio")
_NOT_YET: Final = Text("chosen at the first start", "choisie au premier démarrage")


@params
class Form:
    """What the page says and asks."""

    title: str | dict[str, str] = param(
        Text("Title of the page.", "Titre de la page."), examples=["Demande de devis"]
    )
    inputs: dict[str, JSON] = param(
        Text(
            "What is asked: names, each with a type and a label, as for the inputs of recipes.",
            "Ce qui est demandé : des noms, chacun avec un type et un libellé, comme les entrées "
            "des recettes.",
        ),
        examples=[{"email": {"type": "email", "label": "Votre adresse"}}],
    )
    description: str | dict[str, str] = param(
        Text("What stands above the questions.", "Ce qui précède les questions."), default=""
    )
    button: str | dict[str, str] = param(
        Text("Word on the button.", "Mot sur le bouton."), default={"en": "Send", "fr": "Envoyer"}
    )
    thanks: str | dict[str, str] = param(
        Text("What is said afterwards.", "Ce qui est dit ensuite."),
        default={"en": "Thank you, it has arrived.", "fr": "Merci, c’est bien reçu."},
    )
    language: Literal["auto", "en", "fr"] = param(
        Text(
            "Language of the page; auto: that of the visitor.",
            "Langue de la page ; auto : celle du visiteur.",
        ),
        default="auto",
    )
    path: str = param(
        Text(
            "End of the address, /forms/PATH; without it a private one is made, which nobody can "
            "guess.",
            "Fin de l’adresse, /forms/CHEMIN ; sans elle, une adresse privée est choisie, que "
            "personne ne peut deviner.",
        ),
        default="",
        pattern=f"^$|{_PATH_PATTERN}",
        max_length=200,
        examples=["devis"],
    )
    max_size: str = param(
        Text("Largest submission, files included.", "Plus grand envoi, fichiers compris."),
        default="20 MB",
        pattern=SIZE_PATTERN,
    )
    rate: str = param(
        Text(
            "How many requests one visitor may make.", "Combien de requêtes un visiteur peut faire."
        ),
        default="30 per 1m",
        pattern=_RATE_PATTERN,
        examples=["10 per 1h"],
    )


@connector.trigger(
    "submitted",
    title=Text("Form submitted", "Formulaire envoyé"),
    about=Text(
        "Somebody filled in the page at /forms/PATH; it is on disk before they are thanked.",
        "Quelqu’un a rempli la page /forms/CHEMIN ; c’est sur le disque avant le remerciement.",
    ),
    event={
        "type": "object",
        "properties": {
            "fields": {"type": "object"},
            "id": {"type": "string"},
            "language": {"enum": ["en", "fr"]},
            "remote": {"type": "string"},
        },
        "required": ["fields", "id", "language", "remote"],
    },
    sample={
        "fields": {"name": "Zoé Lefèvre", "email": "zoe@example.org", "message": "Bonjour"},
        "id": "0069a1c2f0aa11bb22cc33dd44ee55ff66",
        "language": "fr",
        "remote": "203.0.113.7",
    },
    example={
        "title": "Demande de devis",
        "inputs": {
            "name": {"type": "text", "label": "Votre nom"},
            "email": {"type": "email", "label": "Votre adresse e-mail"},
            "message": {"type": "text", "label": "Votre projet", "lines": 6},
        },
    },
    describe=Text(
        "somebody sends the form “{title}”", "quelqu’un envoie le formulaire « {title} »"
    ),
)
class SubmittedTrigger(Trigger[Form]):
    """Serve the page, and turn what is sent into events."""

    def __init__(self, params: Form, context: TriggerContext) -> None:
        super().__init__(params, context)
        self._path = params.path

    @classmethod
    def check(cls, params: Form) -> Text | None:
        """Say what is wrong with the questions, or None."""
        try:
            _page(params, key=b"")
        except StepError as error:
            return Text(error.render("en"), error.render("fr"))
        return _TOO_LARGE if parse_size(params.max_size) > _MOST_BYTES else None

    @classmethod
    def keys(cls, params: Form, subject: str) -> tuple[str, ...]:
        """Return how the keys of the submission *subject* begin."""
        del params
        return (f"page:{subject}",)

    @classmethod
    def address(cls, params: Form, items: Mapping[bytes, JSON]) -> str | Text:
        """Return where the page is, below the address of the hooks."""
        path = params.path or items.get(_PATH)
        return f"/forms/{path}" if isinstance(path, str) else _NOT_YET

    @classmethod
    def is_open_to_all(cls, params: Form) -> bool:
        """Say whether senders have to prove nothing: those who have the address may send."""
        del params
        return True

    def status(self) -> dict[str, Any]:
        """Return where the page is."""
        return {"path": f"/forms/{self._path}"} if self._path else {}

    async def listen(self, emit: Emit) -> None:
        """Serve the page until cancelled."""
        problem = self.check(self.params)
        if problem is not None:
            raise StepError(problem)
        # The daemon tells that it is ready once every trigger is: the page must be there by then.
        self.context.report("starting", None)
        key = await self._prepare()
        count, _, span = self.params.rate.partition(" per ")

        async def submit(submission: Submission) -> None:
            await self._keep(submission, emit)

        with self.context.hooks.open_form(
            self._path,
            form=_page(self.params, key=key),
            submit=submit,
            rate_per_second=float(count) / parse_duration(span),
            burst=max(1, int(float(count))),
            owner=self.context.recipe_id,
        ):
            self.context.report("listening", None)
            await asyncio.get_running_loop().create_future()

    async def _prepare(self) -> bytes:
        """Return the key of the page; it and a private path are chosen once, and stay."""
        items = await self.context.items.load()
        fresh: dict[bytes, JSON] = {}
        key, path = items.get(_KEY), self.params.path or items.get(_PATH)
        if not isinstance(key, str):
            key = fresh[_KEY] = secrets.token_hex(_KEY_BYTES)
        if not isinstance(path, str):
            path = fresh[_PATH] = secrets.token_hex(_PATH_BYTES)
        if fresh:
            await self.context.items.put(fresh)
        self._path = path
        return bytes.fromhex(key)

    async def _keep(self, submission: Submission, emit: Emit) -> None:
        key = f"page:{submission.id}"
        fields: dict[str, JSON] = dict(submission.values)
        folder = None
        if submission.files:
            files, folder = await asyncio.to_thread(self._keep_files, submission, key)
            fields |= files
        data: JSON = {
            "fields": fields,
            "id": submission.id,
            "language": submission.language,
            "remote": submission.remote,
        }
        is_kept = False
        try:
            receipt = await emit(data, key=key, time=self.context.clock.now())
            is_kept = not receipt.is_duplicate
        finally:
            if folder is not None and not is_kept:
                await asyncio.to_thread(self.context.received.discard, folder)

    def _keep_files(self, submission: Submission, key: str) -> tuple[dict[str, JSON], Path | None]:
        """Return the files as the event names them, on disk, and the folder they lie in.

        Raises:
            JournalError: the disk does not take them.
        """
        single = {one.name for one in fields_of(self.params.inputs) if one.most_files == 1}
        folder: Path | None = None
        found: dict[str, JSON] = {}
        number = 0
        try:
            for name, uploads in submission.files.items():
                kept: list[JSON] = []
                for upload in uploads:
                    folder = folder or self.context.received.fresh_folder(key)
                    number += 1
                    file = keep_file(
                        folder, number, [upload.content], name=upload.name, kind=upload.kind
                    )
                    kept.append(file.as_data())
                found[name] = (kept[0] if kept else None) if name in single else kept
            if folder is not None:
                sync_folders(folder)
        except OSError as error:
            if folder is not None:
                self.context.received.discard(folder)
            raise JournalError(_NO_ROOM, reason=error.strerror or "?") from error
        return found, folder


_NO_ROOM: Final = Text(
    "the files of a form could not be kept: {reason}",
    "les fichiers d’un formulaire n’ont pas pu être gardés : {reason}",
)


def _page(chosen: Form, *, key: bytes) -> FormPage:
    described = chosen.description
    return FormPage(
        title=text_of("title", "title", chosen.title),  # type: ignore[arg-type]
        fields=fields_of(chosen.inputs),
        key=key,
        description=text_of("description", "description", described) if described else None,  # type: ignore[arg-type]
        button=text_of("button", "button", chosen.button),  # type: ignore[arg-type]
        thanks=text_of("thanks", "thanks", chosen.thanks),  # type: ignore[arg-type]
        language=chosen.language,
        most_bytes=parse_size(chosen.max_size),
    )
