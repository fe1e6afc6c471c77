"""Firms: reaching the broad mkb, and money and recognition for learning at work."""

from __future__ import annotations
