"""The command that sends a folder, such as an export, to a private repository on the hub."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from core.base_models.hub.sending import Parcel, SendJob, Sent
from core.cli import hub, output
from core.errors import UserError


def register(commands: Any) -> None:
    """Add this group's command."""
    parser = commands.add_parser(
        "send",
        help="show the files of a folder, and send them to a private repository on the hub once you agree",
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="for example what tunesmith export has made")
    parser.add_argument("repo", metavar="REPOSITORY", help="NAME, or OWNER/NAME for an organisation's")
    parser.add_argument("--yes", action="store_true", help="agree beforehand")
    hub.add_token(parser)
    parser.set_defaults(handler=_send)
    output.add_json(parser)


def _send(args: argparse.Namespace) -> int:
    access = hub.access_token(args)
    if not args.folder.is_dir():
        raise output.WrongUse(f"{args.folder} is no folder.", hint="Export an adapter first (tunesmith export).")
    parcel = Parcel.of(args.folder.absolute(), args.repo)
    if args.json and not args.yes:
        files = [{"name": file.name, "size": file.size} for file in parcel.files]
        output.emit({"parcel": {"repo": parcel.repo, "files": files, "bytes": parcel.total_bytes}})
        return 0
    if not args.json:
        output.line(output.table(("file", "size"), [(file.name, hub.size(file.size)) for file in parcel.files]))
        output.line(f"\n{len(parcel.files)} files, {hub.size(parcel.total_bytes)}, to {parcel.repo} (private).")
    if not args.yes and not hub.agreed("Send?"):
        raise UserError("Nothing was sent.", hint="Say yes, or give --yes.")
    sent = _follow(SendJob(parcel, token=access))
    if args.json:
        output.emit({"repo": sent.repo, "address": sent.address, "bytes": parcel.total_bytes})
    else:
        output.line(f"Sent: {sent.address}")
    return 0


def _follow(job: SendJob) -> Sent:
    line = output.ProgressLine(sys.stderr)
    for told in job.messages():
        if isinstance(told, Sent):
            line.clear()
            return told
        line.show(f"{output.bar(told.done, told.total)} {hub.size(told.done)} of {hub.size(told.total)}, {told.file}")
    raise AssertionError("a sending ends with an address or an error")
