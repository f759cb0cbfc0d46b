"""The server itself: documents come in, answers go out; every failure stays small.

Documents are small and answers quick, so that everything happens on one event loop; problems
are published a moment after the last change.
"""

import asyncio
import gc
import logging
from pathlib import Path
from typing import Any, Final

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from rouage import __version__
from rouage.analysis.editing.candidate import Knowledge
from rouage.analysis.editing.places import Places
from rouage.catalog.catalog import Catalog
from rouage.language import Language, Text
from rouage.lsp import answers
from rouage.lsp.document import Document
from rouage.lsp.neighbours import Around, Neighbours
from rouage.problem import Problem
from rouage.recipes.checker import Checked, check
from rouage.recipes.reader import MAX_BYTES
from rouage.recipes.same_id import refuse_second
from rouage.rehearsal.checking import check_tests, is_test_file

logger = logging.getLogger(__name__)

DEBOUNCE_SECONDS: Final = 0.15
_TRIGGERS: Final = (".", "|", "{", " ", ":", "-")
_BROKEN: Final = Text(
    "{name} could not be loaded: {sentence}", "{name} n’a pas pu être chargé : {sentence}"
)


class RouageServer(LanguageServer):
    """Open documents, and what is known around them."""

    def __init__(self, catalog: Catalog, neighbours: Neighbours) -> None:
        super().__init__(
            "rouage",
            f"v{__version__}",
            text_document_sync_kind=types.TextDocumentSyncKind.Full,
        )
        self.language: Language = "en"
        self._catalog = catalog
        self._places = Places(catalog)
        self._neighbours = neighbours
        self._documents: dict[str, tuple[int | None, Document]] = {}
        self._pending: dict[str, asyncio.TimerHandle] = {}

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Note a failure on standard error; an editor's user need not see it."""
        del source
        logger.error("%s: %s", type(error).__name__, error)

    # -- what surrounds a document -------------------------------------------------------------

    def begin(self, given: types.InitializeParams) -> None:
        """Settle the language, and warm up what the first answer needs."""
        folders = given.workspace_folders or []
        root = folders[0].uri if folders else given.root_uri
        folder = _path_of(root) if root else None
        self.language = self._neighbours.language(folder, given.locale)
        # The first check compiles what validation needs; better now than while somebody waits.
        check(b"name: a\ndo: []\n", file="a.yaml", catalog=self._catalog)
        # What was loaded so far stays for good: no collection needs to walk it again, which
        # would hold up an answer now and then.
        gc.collect()
        gc.freeze()

    def tell_broken(self) -> None:
        """Say which connectors are missing, since their words are unknown then."""
        for broken in self._catalog.broken:
            sentence = broken.error.render(self.language)
            message = _BROKEN.render(self.language, {"name": broken.name, "sentence": sentence})
            self.window_log_message(
                types.LogMessageParams(type=types.MessageType.Warning, message=message)
            )

    def known(self, uri: str) -> Knowledge:
        """Return what completion and hover may name in the document *uri*."""
        path = _path_of(uri)
        around = self._neighbours.around(path)
        return Knowledge(
            places=self._places,
            language=self.language,
            secrets=around.secrets,
            recipes=lambda: self._neighbours.recipes(path),
        )

    def document(self, uri: str) -> Document | None:
        """Return the open document *uri* as it is now, or None."""
        opened = self.workspace.text_documents.get(uri)
        path = _path_of(uri)
        if opened is None or not self._neighbours.is_recipe(path, opened.source):
            return None
        version, document = self._documents.get(uri, (None, None))
        if document is None or version != opened.version or document.text != opened.source:
            encoding = str(self.workspace.position_encoding or "utf-16")
            document = Document(opened.source, encoding=encoding, check=self._checker(path))
            self._documents[uri] = (opened.version, document)
        return document

    def _checker(self, path: Path | None) -> Any:
        file = "recipe.yaml" if path is None else path.name

        def checked(source: bytes) -> tuple[Problem, ...]:
            around = self._neighbours.around(path)
            found = self._check(source, file, around)
            owner = self._neighbours.owner(path, found.recipe_id, self._is_right)
            if owner is not None:
                found = refuse_second(found, source, name=file, owner=owner)
            return found.problems

        return checked

    def _check(self, source: bytes, file: str, around: Around) -> Checked:
        return check(
            source,
            file=file,
            catalog=self._catalog,
            known_secrets=around.secrets,
            input_values=around.inputs,
        )

    def _is_right(self, path: Path) -> bool:
        """Say whether the recipe in the file *path* is right, as it lies on disk."""
        with path.open("rb") as file:
            source = file.read(MAX_BYTES + 1)
        return self._check(source, path.name, self._neighbours.around(path)).recipe is not None

    def _tests(self, uri: str) -> Document | None:
        """Return the open document *uri* if it holds the tests of a recipe."""
        opened, path = self.workspace.text_documents.get(uri), _path_of(uri)
        if opened is None or path is None or not is_test_file(path.name):
            return None
        around = self._neighbours.around(path)
        encoding = str(self.workspace.position_encoding or "utf-16")
        return Document(
            opened.source,
            encoding=encoding,
            check=lambda source: check_tests(
                source,
                path=path,
                catalog=self._catalog,
                known_secrets=around.secrets,
                input_values=around.inputs,
            ),
        )

    # -- problems ------------------------------------------------------------------------------

    def publish_soon(self, uri: str) -> None:
        """Publish the problems of *uri* once nobody has typed for a moment."""
        self._cancel(uri)
        loop = asyncio.get_running_loop()
        self._pending[uri] = loop.call_later(DEBOUNCE_SECONDS, self.publish, uri)

    def publish(self, uri: str, *, is_fresh: bool = False) -> None:
        """Publish the problems of *uri*; *is_fresh* looks again at what surrounds it."""
        self._cancel(uri)
        if is_fresh:
            self._documents.pop(uri, None)
        opened = self.workspace.text_documents.get(uri)
        document = self.document(uri) or self._tests(uri)
        if opened is None:
            return
        found = [] if document is None else answers.diagnostics(document, uri, self.language)
        self.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(uri=uri, version=opened.version, diagnostics=found)
        )

    def publish_all(self) -> None:
        """Look again at every open document: what surrounds them has changed."""
        for uri in list(self.workspace.text_documents):
            self.publish(uri, is_fresh=True)

    def forget(self, uri: str) -> None:
        """Forget a document that was closed, and take its problems away."""
        self._cancel(uri)
        self._documents.pop(uri, None)
        self.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(uri=uri, diagnostics=[])
        )

    def _cancel(self, uri: str) -> None:
        pending = self._pending.pop(uri, None)
        if pending is not None:
            pending.cancel()

    @property
    def has_snippets(self) -> bool:
        """Say whether the editor knows places to fill in."""
        text_document = self.client_capabilities.text_document
        completion = text_document.completion if text_document is not None else None
        item = completion.completion_item if completion is not None else None
        return bool(item is not None and item.snippet_support)


def _path_of(uri: str) -> Path | None:
    """Return the file that *uri* names, or None for a text that is no file yet."""
    if not uri.startswith("file:"):
        return None
    try:
        path = to_fs_path(uri)
    except ValueError:
        return None
    return Path(path) if path and "\0" not in path else None


def make_server(catalog: Catalog, neighbours: Neighbours) -> RouageServer:
    """Return a server that is ready to listen."""
    server = RouageServer(catalog, neighbours)
    _attend_documents(server)
    _attend_requests(server)
    return server


def _attend_documents(server: RouageServer) -> None:
    @server.feature(types.INITIALIZE)
    def begin(given: types.InitializeParams) -> None:
        server.begin(given)

    @server.feature(types.INITIALIZED)
    def begun(_: types.InitializedParams) -> None:
        server.tell_broken()

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(given: types.DidOpenTextDocumentParams) -> None:
        server.publish(given.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(given: types.DidChangeTextDocumentParams) -> None:
        server.publish_soon(given.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(_: types.DidSaveTextDocumentParams) -> None:
        server.publish_all()

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(given: types.DidCloseTextDocumentParams) -> None:
        server.forget(given.text_document.uri)

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def moved(_: types.DidChangeWatchedFilesParams) -> None:
        server.publish_all()


def _attend_requests(server: RouageServer) -> None:
    offered = types.CompletionOptions(trigger_characters=list(_TRIGGERS))

    @server.feature(types.TEXT_DOCUMENT_COMPLETION, offered)
    def complete(given: types.CompletionParams) -> types.CompletionList:
        uri = given.text_document.uri
        document = server.document(uri)
        items: list[types.CompletionItem] = []
        if document is not None:
            items = answers.completion(
                document, given.position, server.known(uri), has_snippets=server.has_snippets
            )
        return types.CompletionList(is_incomplete=False, items=items)

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    def hover(given: types.HoverParams) -> types.Hover | None:
        uri = given.text_document.uri
        document = server.document(uri)
        return (
            None if document is None else answers.hover(document, given.position, server.known(uri))
        )

    kinds = types.CodeActionOptions(
        code_action_kinds=[types.CodeActionKind.QuickFix, answers.FIX_ALL]
    )

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, kinds)
    def act(given: types.CodeActionParams) -> list[types.CodeAction]:
        uri = given.text_document.uri
        document = server.document(uri)
        if document is None:
            return []
        only = None if given.context.only is None else [str(one) for one in given.context.only]
        return answers.code_actions(document, uri, given.range, only, server.language)

    @server.feature(types.TEXT_DOCUMENT_FORMATTING)
    def lay_out(given: types.DocumentFormattingParams) -> list[types.TextEdit]:
        document = server.document(given.text_document.uri)
        return [] if document is None else answers.formatting(document)
