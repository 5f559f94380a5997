"""Prints a letter as PDF, from its text alone."""

from __future__ import annotations

import logging
from typing import NoReturn

from django.utils import translation
from django.utils.html import escape

log = logging.getLogger(__name__)

PAGE = """<html lang="{language}" dir="{direction}"><head><title>{subject}</title><style>
@page {{ size: A4; margin: 25mm; @bottom-center {{ content: counter(page) "/" counter(pages); }} }}
body {{ font: 11pt/1.5 sans-serif; overflow-wrap: anywhere; }} h1 {{ font-size: 14pt; }}
p {{ white-space: pre-line; }}
</style></head><body><h1 dir="auto">{subject}</h1>{paragraphs}</body></html>"""


def pdf_of(subject: str, text: str, language: str) -> bytes | None:
    """The letter as PDF, or None where the machine has no Pango to set text with."""
    logging.getLogger("weasyprint.progress").setLevel(logging.WARNING)
    try:
        from weasyprint import HTML
    except OSError as error:  # WeasyPrint is there, the libraries of the system are not
        log.warning("No PDF can be made: %s", error)
        return None
    paragraphs = "".join(f'<p dir="auto">{escape(part)}</p>' for part in text.split("\n\n"))
    page = PAGE.format(
        language=escape(language),
        direction="rtl" if translation.get_language_info(language)["bidi"] else "ltr",
        subject=escape(subject),
        paragraphs=paragraphs,
    )
    printed: bytes = HTML(string=page, url_fetcher=_fetch_nothing).write_pdf()
    return printed


def _fetch_nothing(url: str, *_args: object, **_more: object) -> NoReturn:
    raise ValueError(f"A letter fetches nothing, not even {url}.")
