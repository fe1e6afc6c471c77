"""Components of the page without a browser, through Solara's own test client."""

from __future__ import annotations

from typing import Any

import solara

from app.pages import Page
from app.state import State, from_query


def shell(rendered: Any) -> Any:
    """Return the widget of the shell."""
    return next(one.widget for one in rendered.find() if hasattr(one.widget, "vue_go"))


def test_the_shell_goes_where_it_is_asked() -> None:
    _, rendered = solara.render(Page(), handle_error=False)
    assert shell(rendered).here == State().page
    shell(rendered).vue_go("evidence")
    assert shell(rendered).here == "evidence"
    assert from_query(f"?{shell(rendered).link}")[0].page == "evidence"
    rendered.close()


def test_the_shell_speaks_both_languages() -> None:
    _, rendered = solara.render(Page(), handle_error=False)
    dutch = dict(shell(rendered).words)
    shell(rendered).vue_speak("en")
    assert shell(rendered).language == "en"
    assert set(shell(rendered).words) == set(dutch)
    assert shell(rendered).words != dutch
    rendered.close()
