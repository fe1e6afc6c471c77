"""The commands of `pps`, a file each.

Only what the help needs is imported at the top of a file; a command imports the rest when it runs, so that
`pps --help` answers at once.
"""
