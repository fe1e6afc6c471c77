"""Subsidy: how much, how long, in which shape, for whom, or none at all."""

from __future__ import annotations
