"""Findings that the user does not want to see again, kept in the project by what the examples say.

A finding comes back when one of its examples is changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from core.dataset.review.findings import Finding
from core.dataset.store import ExampleStore
from core.errors import ProjectError
from core.files import write_atomically

FILE = ".review-ignored.json"
_FORMAT = 1
_LARGEST = 256 << 20


def ignore(project: Path, store: ExampleStore, findings: Iterable[Finding]) -> set[str]:
    """Do not tell of these findings any more; returns what :func:`restore_ignored` takes to tell of just them again.

    Raises:
        ProjectError: the project's folder cannot be written.
    """
    findings = list(findings)
    contents = _contents(store, {id for finding in findings for id in finding.examples})
    keys = {key for finding in findings if (key := key_of(finding, contents))}
    before = read(project)
    _write(project, before | keys)
    return keys - before


def restore_ignored(project: Path, only: Collection[str] | None = None) -> None:
    """Tell of all findings again, or of those that one :func:`ignore` returned.

    Raises:
        ProjectError: the project's folder cannot be written.
    """
    _write(project, set() if only is None else read(project).difference(only))


def read(project: Path) -> set[str]:
    """The keys of ignored findings; none where the file is damaged."""
    file = project / FILE
    try:
        if file.stat().st_size > _LARGEST:
            return set()
        found = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return set()
    if not isinstance(found, dict) or found.get("format") != _FORMAT or not isinstance(found.get("ignored"), list):
        return set()
    return {key for key in found["ignored"] if isinstance(key, str)}


def key_of(finding: Finding, contents: Mapping[int, int]) -> str:
    """What a finding is ignored by: its rule, its place and the contents of its examples; empty if one is gone.

    Args:
        finding: any.
        contents: the hash of the content of each example, by id.
    """
    if any(id not in contents for id in finding.examples):
        return ""
    said = sorted(contents[id] for id in finding.examples)
    text = json.dumps([finding.rule, finding.field, finding.start, said])
    return f"{finding.rule}:{hashlib.blake2b(text.encode(), digest_size=8).hexdigest()}"


def _contents(store: ExampleStore, ids: set[int]) -> dict[int, int]:
    with store.reading() as connection:
        rows = connection.execute(
            "SELECT id, content FROM listing WHERE NOT removed AND id IN (SELECT value FROM json_each(?))",
            (json.dumps(sorted(ids)),),
        )
        return dict(rows.fetchall())


def _write(project: Path, keys: set[str]) -> None:
    data = json.dumps({"format": _FORMAT, "ignored": sorted(keys)}, indent=0).encode()
    try:
        write_atomically(project / FILE, data)
    except OSError as error:
        raise ProjectError(
            "The finding could not be marked as ignored.",
            reason=f"{error.strerror or error}.",
            hint="Free some space, or check the permissions of the project's folder.",
            details=str(project / FILE),
        ) from error
