"""Tunesmith's core: everything that decides, in plain Python, without a window."""

__version__ = "0.1.0"
