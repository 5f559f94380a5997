"""Outgoing texts: one template per letter in the workflow's folder, said in the reader's language.

The first line is the subject, the rest is the text. Letters are plain text, so nothing is escaped;
values that outsiders wrote never go into a letter.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.template import Context as Values
from django.template import Engine, Template
from django.utils import translation

if TYPE_CHECKING:
    from .declare import Letter, Workflow


def render_letter(
    workflow: Workflow, letter: Letter, language: str, values: dict[str, Any]
) -> tuple[str, str]:
    """The subject and the text of a letter in the nearest language that we speak."""
    with translation.override(spoken(language)):
        text = template_of(workflow.package, letter.name).render(
            Values(
                {"organisation": settings.ORGANISATION, "public_url": settings.PUBLIC_URL, **values},
                autoescape=False,
            )
        )
    subject, _gap, body = text.strip().partition("\n")
    return subject.strip(), body.strip() + "\n"


def spoken(language: str) -> str:
    """The language of ours that is nearest to a code: `pt-br` to `en`, `zh-CN` to `zh-hans`."""
    code = language.lower().replace("_", "-")
    ours = [known for known, _name in settings.LANGUAGES]
    if code in ours:
        return code
    stem = code.split("-")[0]
    return next((known for known in ours if known.split("-")[0] == stem), settings.LANGUAGE_CODE)


@cache
def template_of(package: str, name: str) -> Template:
    """The template of a letter. Raises TemplateSyntaxError and FileNotFoundError."""
    source = files(package).joinpath("letters", f"{name}.txt").read_text(encoding="utf-8")
    engine = Engine(libraries={"i18n": "django.templatetags.i18n"}, builtins=["django.templatetags.i18n"])
    return Template(source, engine=engine)
