"""The action `shell.run`: what may be run, checked before anything starts (S-25 to S-28)."""

import asyncio
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from rouage.sdk import (
    JSON,
    Connector,
    Context,
    Duration,
    StepError,
    Text,
    param,
    params,
)
from rouage.sdk.files import shown
from rouage_connectors.shell.process import PATH, Start, limits
from rouage_connectors.shell.process import run as run_program

connector = Connector(
    "shell",
    title=Text("Programs", "Programmes"),
    about=Text("Programs of this machine.", "Les programmes de cette machine."),
)

_SHELLS: Final = frozenset(
    {
        *("sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "fish", "csh", "tcsh", "busybox"),
        *("pwsh", "powershell", "cmd"),
    }
)
_SHELL_CODE: Final = re.compile(r"-[a-zA-Z]*c|/[ck]|-command|-encodedcommand", re.IGNORECASE)
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")

_NO_PROGRAM: Final = Text("`command` is empty", "`command` est vide")
_TEMPLATED: Final = Text(
    "the program of `command` comes from an expression",
    "le programme de `command` vient d’une expression",
)
_TEMPLATED_HINT: Final = Text(
    "write the program itself as the first element of the list; the others may be expressions",
    "écrivez le programme lui-même en premier dans la liste ; les suivants peuvent être des "
    "expressions",
)
_NOT_FOUND: Final = Text(
    "the program {program} is not installed, or may not be run",
    "le programme {program} n’est pas installé, ou ne peut pas être lancé",
)
_NOT_FOUND_HINT: Final = Text(
    "give its whole path, such as /usr/bin/convert",
    "donnez son chemin complet, par exemple /usr/bin/convert",
)
_RELATIVE: Final = Text(
    "the program {program} must be a name or a whole path",
    "le programme {program} doit être un nom ou un chemin complet",
)
_SHELL_TEXT: Final = Text(
    "{program} with code as an argument is not run: data could become commands",
    "{program} avec du code en argument n’est pas lancé : des données deviendraient des commandes",
)
_SHELL_TEXT_HINT: Final = Text(
    "put the commands into a script file and run that; pass data as arguments or by `stdin`",
    "mettez les commandes dans un fichier de script et lancez-le ; passez les données en "
    "arguments ou par `stdin`",
)
_DASH: Final = Text(
    "the argument “{argument}” comes from an expression and begins with “-”: the program would "
    "take it for an option",
    "l’argument « {argument} » vient d’une expression et commence par « - » : le programme le "
    "prendrait pour une option",
)
_DASH_HINT: Final = Text(
    "put “--” before it in the list, or write `allow_dash: true`",
    "mettez « -- » avant lui dans la liste, ou écrivez `allow_dash: true`",
)
_NUL: Final = Text(
    "an argument or a variable holds a NUL character",
    "un argument ou une variable contient un caractère NUL",
)
_BAD_VARIABLE: Final = Text(
    "“{name}” is not a name for a variable", "« {name} » n’est pas un nom de variable"
)
_NO_FOLDER: Final = Text("{path} is not a folder", "{path} n’est pas un dossier")
_ENDED: Final = Text(
    "{program} ended with code {code}: {words}", "{program} a fini avec le code {code} : {words}"
)
_ENDED_HINT: Final = Text(
    "to go on with any code, write `on_code: return` and look at `code`",
    "pour continuer avec tout code, écrivez `on_code: return` et regardez `code`",
)
_SILENCE: Final = Text("no message", "aucun message")


@params
class Command:
    """Which program, with what."""

    command: list[str] = param(
        Text(
            "The program and its arguments, one per element. Nothing is expanded or split.",
            "Le programme et ses arguments, un par élément. Rien n’est développé ni découpé.",
        ),
        title=Text("Command", "Commande"),
        exposed=True,
        examples=[["convert", "--", "${{ event.file.path }}", "small.jpg"]],
    )
    stdin: str | None = param(
        Text("Text for its standard input.", "Texte pour son entrée standard."),
        title=Text("Input", "Entrée"),
        default=None,
    )
    env: dict[str, str] = param(
        Text(
            "Variables it gets besides PATH, LANG and HOME.",
            "Variables qu’il reçoit en plus de PATH, LANG et HOME.",
        ),
        title=Text("Variables", "Variables"),
        default={},
    )
    folder: str | None = param(
        Text(
            "The folder it runs in; else an empty one, removed later.",
            "Le dossier où il s’exécute ; sinon un dossier vide, retiré plus tard.",
        ),
        title=Text("Folder", "Dossier"),
        default=None,
        format="folder",
    )
    timeout: Duration = param(
        Text(
            "How long it may run; then it and all its children are stopped.",
            "Le temps qui lui est laissé ; ensuite lui et tous ses enfants sont arrêtés.",
        ),
        title=Text("Time limit", "Délai"),
        default=60.0,
        maximum=86_400,
    )
    memory: int = param(
        Text("Memory that each process may use, in MiB.", "Mémoire par processus, en Mio."),
        title=Text("Memory", "Mémoire"),
        default=1_024,
        minimum=16,
        maximum=65_536,
    )
    on_code: Literal["fail", "return"] = param(
        Text(
            "What to do with an exit code other than 0: fail, or return it.",
            "Que faire d’un code de sortie autre que 0 : échouer (fail) ou le rendre (return).",
        ),
        title=Text("On failure", "En cas d’échec"),
        default="fail",
    )
    allow_dash: bool = param(
        Text(
            "Let arguments made by expressions begin with “-”.",
            "Laisser les arguments faits par des expressions commencer par « - ».",
        ),
        title=Text("Allow dashes", "Autoriser les tirets"),
        default=False,
    )


async def simulate_run(params: Command, context: Context) -> JSON:
    """Look whether the program could be started; only it knows what it would print."""

    def look() -> None:
        _program(params, context)
        if params.folder is not None:
            _folder(params, context)

    await asyncio.to_thread(look)
    return None


@connector.action(
    "run",
    title=Text("Run a program", "Lancer un programme"),
    about=Text(
        "Run a program and return what it printed.",
        "Lance un programme et rend ce qu’il a affiché.",
    ),
    effect="irreversible",
    unit="commands",
    idempotent=False,
    result={
        "type": "object",
        "properties": {
            "code": {"type": "integer", "description": "0 when all went well"},
            "stdout": {"type": "string"},
            "stderr": {"type": "string"},
            "truncated": {"type": "boolean", "description": "Whether output was cut at 1 MiB"},
        },
        "required": ["code", "stdout", "stderr", "truncated"],
    },
    example={"command": ["pdftotext", "--", "${{ event.file.path }}", "-"]},
    describe=Text("run {command}", "lancer {command}"),
    simulate=simulate_run,
)
async def run(params: Command, context: Context) -> JSON:
    """Run a program and return what it printed.

    A program that is stopped at its time limit leaves a doubt: it may have acted.
    """
    start = await asyncio.to_thread(_prepared, params, context)
    code, talk = await run_program(start)
    code = code if code >= 0 else 128 - code
    if code != 0 and params.on_code == "fail":
        words = talk.stderr.text().strip().rpartition("\n")[2][:200]
        raise StepError(
            _ENDED,
            hint=_ENDED_HINT,
            program=shown(start.program),
            code=code,
            words=shown(words) or _SILENCE,
        )
    return {
        "code": code,
        "stdout": talk.stdout.text(),
        "stderr": talk.stderr.text(),
        "truncated": talk.stdout.is_cut or talk.stderr.is_cut,
    }


def _prepared(params: Command, context: Context) -> Start:
    stdin = params.stdin
    return Start(
        program=_program(params, context),
        arguments=params.command[1:],
        limits=limits(seconds=params.timeout, memory=params.memory),
        folder=_folder(params, context),
        environment=_environment(params, context),
        stdin=None if stdin is None else stdin.encode("utf-8", "surrogateescape"),
        seconds=params.timeout,
    )


def _program(params: Command, context: Context) -> str:
    """Return the program's absolute path, when the whole command is fit to run."""
    if not params.command or not params.command[0]:
        raise StepError(_NO_PROGRAM)
    if "/command" in context.templates or "/command/0" in context.templates:
        raise StepError(_TEMPLATED, hint=_TEMPLATED_HINT)
    if any("\0" in text for text in (*params.command, *params.env.values())):
        raise StepError(_NUL)
    _refuse_shell_code(params.command)
    _refuse_options(params, context.templates)
    return _found(params.command[0])


def _found(name: str) -> str:
    if "/" in name and not name.startswith("/"):
        raise StepError(_RELATIVE, hint=_NOT_FOUND_HINT, program=shown(name))
    path = shutil.which(name, path=PATH)
    if path is None or name.lower().endswith((".bat", ".cmd")):
        raise StepError(_NOT_FOUND, hint=_NOT_FOUND_HINT, program=shown(name))
    return path


def _refuse_shell_code(command: list[str]) -> None:
    """Refuse a shell with its code as an argument, also behind `env`, `nice` and the like."""
    for position, argument in enumerate(command[:-1]):
        name = argument.rpartition("/")[2].lower().removesuffix(".exe")
        if name in _SHELLS and any(
            _SHELL_CODE.fullmatch(later) for later in command[position + 1 :]
        ):
            raise StepError(_SHELL_TEXT, hint=_SHELL_TEXT_HINT, program=shown(argument))


def _refuse_options(params: Command, templates: Mapping[str, str]) -> None:
    """Refuse an argument from outside that the program would read as an option."""
    if params.allow_dash:
        return
    for position, argument in enumerate(params.command):
        pointer = f"/command/{position}"
        if pointer not in templates:
            if argument == "--":
                return
        # An argument whose literal part comes first cannot be turned into another option.
        elif argument.startswith("-") and not templates[pointer].startswith("-"):
            raise StepError(_DASH, hint=_DASH_HINT, argument=shown(argument[:40]))


def _folder(params: Command, context: Context) -> Path:
    if params.folder is None:
        return context.scratch()
    path = context.files.check(params.folder, "read")
    with context.files.folder(path, "read"):
        pass
    if not path.is_dir():
        raise StepError(_NO_FOLDER, path=shown(path))
    return path


def _environment(params: Command, context: Context) -> dict[str, str]:
    for name in params.env:
        if _VARIABLE.fullmatch(name) is None:
            raise StepError(_BAD_VARIABLE, name=shown(name))
    return {
        "PATH": PATH,
        "LANG": "C.UTF-8",
        "HOME": str(context.scratch()),
        **params.env,
    }
