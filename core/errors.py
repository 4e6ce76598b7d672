"""Errors a person can act on: what happened, why, what to do, and details to copy."""

from __future__ import annotations

from core.redaction import redacted


class UserError(Exception):
    """A problem worth telling the user in words.

    Attributes:
        title: what happened, a short sentence.
        reason: why it happened, as far as is known.
        hint: what the user can do now.
        details: technical text worth copying into a report (a traceback, a path); may be empty.
    """

    def __init__(self, title: str, *, reason: str = "", hint: str = "", details: str = "") -> None:
        # What is told is shown, logged and copied into reports: no secret may be in it, wherever it came from.
        super().__init__(redacted(title))
        self.title = redacted(title)
        self.reason = redacted(reason)
        self.hint = redacted(hint)
        self.details = redacted(details)

    def __str__(self) -> str:
        """All that a person reads, on one line (the command line prints this)."""
        return " ".join(part for part in (self.title, self.reason, self.hint) if part)


class ProjectError(UserError):
    """A project folder cannot be opened, created or written."""


class ExamplesFileError(UserError):
    """A file of examples cannot be read at all; nothing was imported."""


class RecipeError(UserError):
    """Settings that cannot be used; ``problems`` maps a setting's name to what is wrong with it."""

    def __init__(self, title: str, *, problems: dict[str, str], hint: str = "") -> None:
        reason = " ".join(f"{name}: {text.rstrip('.')}." for name, text in problems.items())
        super().__init__(title, reason=reason, hint=hint)
        self.problems = problems


class ModelError(UserError):
    """A base model or an adapter is missing, broken or refused."""


class PromptError(UserError):
    """An example cannot be written in the base model's format."""


class RunError(UserError):
    """A run cannot be started, followed or continued."""
