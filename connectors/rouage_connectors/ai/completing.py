"""The action `ai.complete`: a text that a model writes."""

from typing import Final

from rouage.sdk import JSON, Context, Duration, StepError, Text, param, params
from rouage_connectors.ai.account import find_account
from rouage_connectors.ai.asking import Question, ask, check_whole, find_answer, keep_answer
from rouage_connectors.ai.declaration import (
    ACCOUNT,
    ACCOUNT_TITLE,
    CACHE,
    CACHE_TITLE,
    MODEL,
    MODEL_TITLE,
    MOST,
    MOST_TITLE,
    TIMEOUT,
    TIMEOUT_TITLE,
    USED,
    connector,
)

_MOST_CHARACTERS: Final = 200_000
_EMPTY: Final = Text("there is no question", "il n’y a pas de question")


@params
class Prompt:
    """What to ask, of whom, and within which bounds."""

    prompt: str = param(
        Text("What to ask.", "Ce qu’il faut demander."),
        title=Text("Question", "Question"),
        max_length=_MOST_CHARACTERS,
        examples=["Write two lines of thanks to ${{ event.body.name }}."],
    )
    system: str | None = param(
        Text(
            "How the model should behave, apart from the question.",
            "Comment le modèle doit se conduire, à part de la question.",
        ),
        title=Text("Instructions", "Consignes"),
        default=None,
        max_length=20_000,
    )
    account: str | None = param(ACCOUNT, title=ACCOUNT_TITLE, default=None, max_length=31)
    model: str | None = param(MODEL, title=MODEL_TITLE, default=None, max_length=200)
    max_length: int = param(MOST, title=MOST_TITLE, default=500, minimum=1, maximum=32_000)
    temperature: float | None = param(
        Text(
            "From 0 (always the likeliest word) to 2 (wild); the service decides, unless given.",
            "De 0 (toujours le mot le plus probable) à 2 (fantasque) ; le service décide, sauf "
            "indication.",
        ),
        title=Text("Fantasy", "Fantaisie"),
        default=None,
        minimum=0,
        maximum=2,
    )
    cache: Duration = param(CACHE, title=CACHE_TITLE, default=30 * 86_400.0, maximum=366 * 86_400)
    timeout: Duration = param(TIMEOUT, title=TIMEOUT_TITLE, default=60.0, minimum=1, maximum=600)


async def simulate_complete(params: Prompt, context: Context) -> JSON:
    """Return the kept answer if there is one, else a place for it; nobody is asked."""
    account = find_account(context, params.account, params.model)
    kept = await find_answer(context, account, _question(params))
    if kept is not None:
        return {"text": kept.text, **kept.used(account)}
    return {
        "text": f"[{account.model}]",
        "model": account.model,
        "cached": False,
        "tokens": 0,
        "cost": None if account.prices is None else 0.0,
    }


@connector.action(
    "complete",
    title=Text("Ask a language model", "Interroger un modèle de langage"),
    about=Text(
        "Have a language model write a text, within a budget.",
        "Fait écrire un texte par un modèle de langage, dans les limites d’un budget.",
    ),
    effect="outward",
    idempotent=True,
    result={
        "type": "object",
        "properties": {"text": {"type": "string", "description": "What it wrote"}, **USED},
        "required": ["text", "model", "cached", "tokens", "cost"],
    },
    example={"prompt": "Write two lines of thanks to ${{ event.body.name }}.", "max_length": 120},
    describe=Text("ask a language model: {prompt}", "demander à un modèle de langage : {prompt}"),
    simulate=simulate_complete,
)
async def complete(params: Prompt, context: Context) -> JSON:
    """Have a language model write a text.

    The same question gets the kept answer, so that a repetition costs nothing and says the
    same. What comes back was written by a machine that may have been told lies: it is a draft.
    """
    if not params.prompt.strip():
        raise StepError(_EMPTY)
    account, question = find_account(context, params.account, params.model), _question(params)
    answer = await find_answer(context, account, question)
    if answer is None:
        answer = await ask(context, account, question)
        check_whole(answer, question)
        await keep_answer(context, account, question, answer)
    return {"text": answer.text, **answer.used(account)}


def _question(params: Prompt) -> Question:
    system = [{"role": "system", "content": params.system}] if params.system else []
    return Question(
        messages=(*system, {"role": "user", "content": params.prompt}),
        most_tokens=params.max_length,
        temperature=params.temperature,
        timeout=params.timeout,
        cache_seconds=params.cache,
    )
