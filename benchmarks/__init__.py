"""Measurements of speed and memory: `make bench`, or `python -m benchmarks --quick` for a first look.

A measurement is never a test: no number here fails anything. What was measured last stands in results.json.
"""
