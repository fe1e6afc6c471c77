"""Pages: a template filled in, and a file written in one go."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from agents.errors import InputError
from app.words import Words

TEMPLATES = Path(__file__).with_name("templates")


def fill(template: str, words: Words, **content: Any) -> str:
    """Return a page as text.

    Args:
        template: File under `templates/`.
        words: The language; the template has it as `t`.
        content: What else the template asks for.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(t=words, lang=str(words.language), **content)


def write(text: str, path: Path) -> Path:
    """Write a page, whole or not at all, and return its path.

    Raises:
        InputError: If it cannot be written.
    """
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        unfinished.write_text(text, encoding="utf-8")
        os.replace(unfinished, path)
    except OSError as error:
        raise InputError(f"cannot write the page: {error.strerror}", str(path.parent), "a folder to write in") from None
    return path
