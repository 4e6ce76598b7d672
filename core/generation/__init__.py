"""Asking a model process for answers, from the window or the command line."""
