"""The world and its schedule: one file per process, tied in order by model.py."""
