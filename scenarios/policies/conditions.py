"""Conditions: what has to be shown before money is given, and when money is stopped."""

from __future__ import annotations
