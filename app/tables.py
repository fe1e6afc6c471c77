"""Tables in the terminal, all in one style."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.table import Table


def new_table() -> Table:
    """Return a table without lines, with bold heads."""
    return Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")


def table_of(heads: Sequence[str], rows: Iterable[tuple[Sequence[str], bool]]) -> Table:
    """Return a table of text and, to the right, numbers; a row that is not sure is dim.

    Args:
        heads: Heads of the columns, the text first.
        rows: The cells of each row, and whether they are sure.
    """
    table = new_table()
    for place, head in enumerate(heads):
        table.add_column(head, justify="right" if place else "left", ratio=None if place else 1)
    for cells, sure in rows:
        table.add_row(*cells, style="" if sure else "dim")
    return table
