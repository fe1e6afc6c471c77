"""How Sphinx makes a site of these documents: all in one folder, so that it opens from disk without a network."""

from __future__ import annotations

from importlib.metadata import version as version_of
from typing import Any

from sphinx.application import Sphinx

project = "PPS Ecosystem"
author = "The PPS Ecosystem authors"
version = release = version_of("pps-ecosystem")
language = "en"

extensions = ["myst_parser"]
myst_heading_anchors = 4
# Rows of tables are anchors in HTML, which MyST does not know; tests/test_docs.py follows every link of built pages.
suppress_warnings = ["myst.xref_missing"]

html_theme = "furo"
html_title = "PPS Ecosystem"
html_static_path = ["_static"]
html_css_files = ["books.css"]
html_copy_source = False
html_show_copyright = False
html_last_updated_fmt = None  # the same input gives the same pages

DUTCH = "nl/"
SAID_IN_DUTCH = {
    "Home": "Begin",
    "Next": "Volgende",
    "On this page": "Op deze pagina",
    "Previous": "Vorige",
    "Search": "Zoeken",
}
"""What the theme says around a page."""


def setup(app: Sphinx) -> None:
    """Let a Dutch page say so to screen readers, and speak Dutch around its text: Sphinx knows one language a site."""
    app.connect("html-page-context", _language)


def _language(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    if page.startswith(DUTCH):
        context["language"] = "nl"
        context["_"] = lambda text: SAID_IN_DUTCH.get(text, text)
