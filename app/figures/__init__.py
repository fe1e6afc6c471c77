"""Figures of the page as data: what a chart draws and what its table says, made without a browser."""
