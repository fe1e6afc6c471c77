"""Runs, their storage and their summary."""
