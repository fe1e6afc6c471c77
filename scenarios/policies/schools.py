"""Schools: how they manage their partnerships, their teachers and their link with research."""

from __future__ import annotations
