"""Texts made from a template and data."""

import asyncio
from typing import Final

from rouage.sdk import JSON, Connector, Context, StepError, Text, param, params

connector = Connector(
    "text",
    title=Text("Text", "Texte"),
    about=Text("Texts made from templates.", "Des textes faits à partir de modèles."),
)

_TEMPLATE_BYTES: Final = 1 << 20

_ONE: Final = Text(
    "give either `template` or `file`, not both and not neither",
    "donnez soit `template`, soit `file` : l’un des deux, pas les deux",
)
_NOT_UTF8: Final = Text(
    "the template {file} is not UTF-8 text", "le modèle {file} n’est pas un texte en UTF-8"
)


@params
class Template:
    """A template, written here or in a file, and the data for it."""

    template: str | None = param(
        Text(
            "The text, with ${{ }} where values go.", "Le texte, avec des ${{ }} pour les valeurs."
        ),
        title=Text("Template", "Modèle"),
        default=None,
        examples=["Hello ${{ event.body.name }}"],
    )
    file: str | None = param(
        Text(
            "A file that holds the template; its ${{ }} see the names of `data`.",
            "Un fichier qui contient le modèle ; ses ${{ }} voient les noms de `data`.",
        ),
        title=Text("Template file", "Fichier modèle"),
        default=None,
        format="path",
        examples=["files/templates/letter.txt"],
    )
    data: dict[str, JSON] = param(
        Text("Values for the template, by name.", "Les valeurs du modèle, par nom."),
        title=Text("Data", "Données"),
        default={},
    )


@connector.action(
    "render",
    title=Text("Fill in a template", "Remplir un modèle"),
    about=Text("Fill in a template and return the text.", "Remplit un modèle et rend le texte."),
    effect="none",
    idempotent=True,
    result={
        "type": "object",
        "properties": {"text": {"type": "string"}},
        "required": ["text"],
    },
    example={"template": "Hello ${{ event.body.name }}"},
    describe=Text("fill in a template", "remplir un modèle"),
)
async def render(params: Template, context: Context) -> JSON:
    """Fill in a template and return the text.

    The ${{ }} of an inline `template` were filled in by the engine with everything the recipe
    knows, once; what they brought is not looked at again.
    """
    if (params.template is None) == (params.file is None):
        raise StepError(_ONE)
    if params.template is not None:
        return {"text": params.template}
    text = await asyncio.to_thread(_read, params.file or "", context)
    return {"text": context.render(text, params.data)}


def _read(file: str, context: Context) -> str:
    data = context.files.read_bytes(file, limit=_TEMPLATE_BYTES)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise StepError(_NOT_UTF8, file=file) from None
