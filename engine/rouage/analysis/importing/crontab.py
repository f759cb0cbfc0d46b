"""Lines of a crontab: each becomes a recipe with a schedule and a program to run."""

import re
import shlex
from dataclasses import field
from pathlib import PurePosixPath
from typing import Any, Final

from rouage.analysis.drafting.draft import Draft, Piece
from rouage.analysis.importing.foreign import (
    NOT_UNDERSTOOD,
    Imported,
    literal,
    lost,
    new_draft,
    one_line,
)
from rouage.language import Text
from rouage.records import dataclass

PROGRAM: Final = "cron"
_PART: Final = r"(?:\*|\d+|[A-Za-z]{3})"
_FIELD: Final = rf"{_PART}(?:[-/,]{_PART})*"
_JOB: Final = re.compile(rf"((?:{_FIELD}[ \t]+){{5}})(\S.*)")
_AT: Final = re.compile(r"(@\w+)[ \t]+(\S.*)")
_SETTING: Final = re.compile(r"([A-Za-z_]\w*)\s*=\s*(.*)")
_NICKNAMES: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_SHELL_MARKS: Final = frozenset("|&;<>()$`\\\"'*?[]#~={}!\n")
_LONGEST_RUN: Final = "1h"

_REBOOT: Final = Text(
    "cron runs this when the machine starts; let it run by hand, or at a time of day",
    "cron lance ceci au démarrage de la machine ; lancez-le à la main, ou à une heure",
)
_MAIL: Final = Text(
    "cron mailed what the program printed to {address}; here `rouage show` has it",
    "cron envoyait à {address} ce que le programme affichait ; ici « rouage show » le montre",
)
_USER: Final = Text(
    "this ran as “{user}”; here it runs as the owner of the service",
    "ceci tournait sous le compte « {user} » ; ici, sous celui du service",
)
_TIME: Final = Text(
    "The program may run for {time}; cron set no limit.",
    "Le programme peut durer {time} ; cron ne fixait pas de limite.",
)


@dataclass(slots=True)
class _Around:
    """What the lines above a job say about it."""

    settings: dict[str, str] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)


def looks_like(text: str) -> bool:
    """Say whether *text* is a crontab: a job in it, and nothing that is none."""
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    fits = [bool(_JOB.fullmatch(one) or _AT.fullmatch(one)) for one in lines]
    settings = [bool(_SETTING.fullmatch(one)) for one in lines]
    return any(fits) and all(one or other for one, other in zip(fits, settings, strict=True))


def translate(text: str, *, is_system: bool = False) -> Imported:
    """Return a draft for each job; what is no job is kept as one that a person must write.

    With *is_system* each job names a user after its time, as in `/etc/crontab`.
    """
    around, drafts = _Around(), list[Draft]()
    is_system = is_system or _names_users(text)
    for raw in text.splitlines():
        line = raw.strip()
        if not line:
            around.comments.clear()
        elif line.startswith("#"):
            around.comments.append(line.lstrip("# \t"))
        elif _SETTING.fullmatch(line) and not _JOB.fullmatch(line):
            name, value = _SETTING.fullmatch(line).groups()  # type: ignore[union-attr] # just matched
            around.settings[name] = value.strip().strip("\"'")
        else:
            drafts.append(_draft(line, around, is_system=is_system))
            around.comments.clear()
    return Imported(program=PROGRAM, drafts=tuple(drafts))


def _names_users(text: str) -> bool:
    """Say whether the jobs name users: the usual heading says so, or all of them are root's."""
    if re.search(r"^#.*\bdow\b.*\buser", text, re.MULTILINE):
        return True
    found = [_JOB.fullmatch(line.strip()) for line in text.splitlines()]
    commands = [one[2] for one in found if one]
    return bool(commands) and all(re.match(r"root\s+\S", one) for one in commands)


def _draft(line: str, around: _Around, *, is_system: bool) -> Draft:
    job, nickname = _JOB.fullmatch(line), _AT.fullmatch(line)
    if job is None and nickname is None:
        draft = new_draft(PROGRAM, line, PROGRAM)
        draft.steps.append(lost(NOT_UNDERSTOOD.fill(what=line[:60], program=PROGRAM), line, line))
        return draft
    when, command = (nickname or job).groups()  # type: ignore[union-attr] # one of them matched
    user = None
    if is_system:
        user, _, command = command.partition(" ")
    command = command.strip()
    draft = new_draft(PROGRAM, _name(command, around), PROGRAM)
    told = [one for one in around.comments if one and one != draft.name]
    draft.intro += [Text(one, one) for one in told]
    zone = around.settings.get("CRON_TZ") or around.settings.get("TZ")
    if zone:
        draft.settings["timezone"] = zone
    draft.triggers.append(_trigger(when.strip(), line))
    draft.steps.append(_step(command, around))
    if user is not None:
        draft.advice.append(_USER.fill(user=user))
    if around.settings.get("MAILTO"):
        draft.advice.append(_MAIL.fill(address=around.settings["MAILTO"]))
    return draft


def _name(command: str, around: _Around) -> str:
    for comment in around.comments:
        if comment and not _JOB.fullmatch(comment):
            return one_line(comment)
    words = command.split()
    return PurePosixPath(words[0]).name if words else PROGRAM


def _trigger(when: str, line: str) -> Piece:
    expression = _NICKNAMES.get(when.lower(), " ".join(when.split()))
    if expression.startswith("@"):
        reason = _REBOOT if expression == "@reboot" else NOT_UNDERSTOOD
        return lost(reason.fill(what=when, program=PROGRAM), line, when)
    return Piece(entry={"schedule.cron": {"expression": expression}}, about=when)


def _step(command: str, around: _Around) -> Piece:
    command, *lines = re.split(r"(?<!\\)%", command)
    command = literal(command.replace("\\%", "%").strip())
    parameters: dict[str, Any] = {"command": _words(command, around.settings.get("SHELL", ""))}
    if lines:
        parameters["stdin"] = literal("\n".join(one.replace("\\%", "%") for one in lines) + "\n")
    # cron starts a program in the home folder; here that must be said.
    parameters |= {"folder": "~", "timeout": _LONGEST_RUN}
    kept = {"MAILTO", "SHELL", "CRON_TZ", "TZ", "HOME"}
    variables = {name: value for name, value in around.settings.items() if name not in kept}
    if variables:
        parameters["env"] = variables
    note = _TIME.fill(time=_LONGEST_RUN)
    return Piece(entry={"shell.run": parameters}, notes=[note], about=command[:60])


def _words(command: str, shell: str) -> list[str]:
    """Return the program and its arguments; a shell reads what only a shell understands."""
    if not set(command) & _SHELL_MARKS:
        return command.split()
    if not set(command) & (_SHELL_MARKS - set("\"'")):
        try:
            return shlex.split(command)
        except ValueError:
            pass
    return ["bash" if shell.endswith("bash") else "sh", "-c", command]
