"""The region: orchestration, consortia, bridge builders, places, and signals in time."""

from __future__ import annotations
