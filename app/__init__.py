"""Doors for people: the command line and, later, the pages."""
