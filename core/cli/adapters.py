"""The command that looks after adapters: list, import, rename, note, remove, restore, diff."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from core.base_models import catalogue
from core.cli import output
from core.comparing import CompareJob, Comparison, State
from core.errors import RunError
from core.library import entries, lineage, trash
from core.library.entries import Adapter
from core.library.importing import Wish, import_adapter
from core.library.matching import OtherBase
from core.library.scores import scores
from core.project import Project
from core.runs import notes

_KEY_HELP = "its key, as list shows it; a run's number does as well"


def register(commands: Any) -> None:
    """Add this group's command."""
    parser = commands.add_parser(
        "adapters",
        help="look after a project's adapters",
        description="Lists the adapters of a project's runs and imported ones, takes others in, and tells two apart.",
    )
    parser.add_argument("project", type=Path, metavar="PROJECT")
    acts = parser.add_subparsers(title="acts", metavar="ACT", required=True)
    listing = acts.add_parser("list", help="list them")
    listing.add_argument("--tag", default="", metavar="TAG", help="only those with this tag")
    listing.add_argument("--starred", action="store_true", help="only those with a star")
    listing.set_defaults(handler=_list)
    show = acts.add_parser("show", help="say where one comes from")
    show.set_defaults(handler=_show)
    _add_import(acts)
    rename = acts.add_parser("rename", help="call it otherwise; its key stays")
    rename.set_defaults(handler=_rename)
    note = acts.add_parser("note", help="keep a note, tags or a star")
    note.add_argument("--text", metavar="TEXT", help="the note")
    note.add_argument("--tags", metavar="TAG,TAG", help="its tags, instead of those it has")
    note.add_argument("--star", action=argparse.BooleanOptionalAction, help="give or take a star")
    note.set_defaults(handler=_note)
    remove = acts.add_parser("remove", help="put it into the trash for a month; its run stays")
    remove.set_defaults(handler=_remove)
    restore = acts.add_parser("restore", help="bring a removed one back")
    restore.set_defaults(handler=_restore)
    diff = acts.add_parser("diff", help="say what differs between two: settings and examples")
    diff.set_defaults(handler=_diff)
    for act in (show, rename, note, remove, restore, diff):
        act.add_argument("adapter", metavar="ADAPTER", help=_KEY_HELP)
    rename.add_argument("name", metavar="NAME")
    diff.add_argument("other", metavar="OTHER", help="the other one's key")
    for act in acts.choices.values():
        output.add_json(act)


def _add_import(acts: Any) -> None:
    taking = acts.add_parser(
        "import",
        help="take in a PEFT folder or a zip file of one",
        description="Takes in an adapter from elsewhere: safetensors only, checked, and matched with a base model.",
    )
    taking.add_argument("source", type=Path, metavar="SOURCE", help="the folder, or a .zip file")
    taking.add_argument("--name", default="", metavar="NAME", help="what to call it")
    taking.add_argument("--base", metavar="MODEL", help="its base model; found by its name unless given")
    taking.add_argument(
        "--anyway", action="store_true", help="also when it names another base model, if its matrices fit"
    )
    taking.set_defaults(handler=_import)


def _list(args: argparse.Namespace) -> int:
    with Project.open(args.project, read_only=True) as project:
        found = [(adapter, notes.read_from(lineage.notes_folder(adapter))) for adapter in entries.adapters(project)]
    tag = args.tag.casefold()
    found = [
        (adapter, said)
        for adapter, said in found
        if (said.starred or not args.starred) and (not tag or tag in map(str.casefold, said.tags))
    ]
    if args.json:
        output.emit([{**_plain(adapter), "tags": said.tags, "starred": said.starred} for adapter, said in found])
        return 0
    rows = [
        (
            adapter.key,
            f"{'* ' if said.starred else ''}{adapter.title}",
            catalogue.display_name(adapter.base),
            _day(adapter.made),
            ", ".join(said.tags),
        )
        for adapter, said in found
    ]
    output.line(output.table(("Key", "Name", "Base model", "Made", "Tags"), rows) if rows else "No adapter yet.")
    return 0


def _show(args: argparse.Namespace) -> int:
    with Project.open(args.project, read_only=True) as project:
        adapter = entries.find(project, args.adapter)
    found, measured = lineage.of(adapter), list(scores(args.project, adapter.key))
    data = found.data
    if args.json:
        output.emit(
            {
                **_plain(adapter),
                "base_model": asdict(found.base),
                "bytes": found.size,
                "start_from": found.start_from or None,
                "data": asdict(data) if data is not None else None,
                "imported": found.origin.model_dump(mode="json") if found.origin is not None else None,
                "notes": asdict(found.notes),
                "scores": [asdict(score) for score in measured],
            }
        )
        return 0
    output.line(f"{adapter.title} ({adapter.key}), {_day(adapter.made)}, {found.size / 1e6:,.1f} MB")
    output.line(f"Base model: {found.base.name} {found.base.revision[:12]}".rstrip())
    if found.base.sha256:
        output.line(f"Its fingerprint: {found.base.sha256[:16]}")
    if found.start_from:
        output.line(f"Started from: {found.start_from}")
    if data is not None:
        output.line(f"Examples: {data.train:,} trained on, {data.heldout:,} held out; data {data.sha256[:16]}")
    if found.origin is not None:
        output.line(f"Imported from {found.origin.source}. {found.origin.match}")
    for score in measured[:1]:
        loss = f"held-out loss {score.loss:.3f}" if score.loss is not None else ""
        chrf = f"chrF {score.chrf:.1f} on {score.answers:,} answers" if score.chrf is not None else ""
        output.line(f"Comparison {score.comparison}: {', '.join(part for part in (loss, chrf) if part)}")
        output.line(score.verdict)
    if found.notes.note:
        output.line(found.notes.note)
    return 0


def _import(args: argparse.Namespace) -> int:
    with Project.open(args.project, read_only=True) as project:
        model, path = project.recipe.model, project.path
    if args.base:
        model = model.model_copy(update={"base": args.base})
    known = () if args.base else tuple(known.base for known in catalogue.local_models())
    wish = Wish(args.source, model, known=known, name=args.name, anyway=args.anyway)
    shown = output.ProgressLine(sys.stderr)
    try:
        folder = import_adapter(
            path, wish, advance=lambda done, total: None if args.json else shown.show(output.bar(done, total))
        )
    except OtherBase as error:
        error.hint = f"{error.hint.partition(' If you know')[0]} If you know that it is the same model, add --anyway."
        raise
    finally:
        shown.clear()
    with Project.open(args.project, read_only=True) as project:
        adapter = entries.find(project, f"adapters/{folder.name}")
    origin = lineage.of(adapter).origin
    how = origin.match if origin is not None else ""
    return _say(args, adapter, f"Imported {adapter.title} as {adapter.key}. {how}".rstrip(), match=how)


def _rename(args: argparse.Namespace) -> int:
    with Project.open(args.project, read_only=True) as project:
        adapter = _whole(entries.find(project, args.adapter))
        place = lineage.notes_folder(adapter)
        notes.write_to(place, replace(notes.read_from(place), title=args.name))
        adapter = entries.find(project, adapter.key)
    return _say(args, adapter, f"{adapter.key} is called {adapter.title} now.")


def _note(args: argparse.Namespace) -> int:
    changes: dict[str, Any] = {}
    if args.text is not None:
        changes["note"] = args.text
    if args.tags is not None:
        changes["tags"] = tuple(args.tags.split(","))
    if args.star is not None:
        changes["starred"] = args.star
    if not changes:
        raise output.WrongUse("Nothing was said.", hint="Give --text, --tags, --star or --no-star.")
    with Project.open(args.project, read_only=True) as project:
        adapter = _whole(entries.find(project, args.adapter))
    place = lineage.notes_folder(adapter)
    said = notes.write_to(place, replace(notes.read_from(place), **changes))
    return _say(args, adapter, f"Kept for {adapter.title}.", notes=asdict(said))


def _remove(args: argparse.Namespace) -> int:
    with Project.open(args.project, read_only=True) as project:
        adapter = entries.find(project, args.adapter)
    removed = trash.remove(args.project, adapter)
    back = output.command("adapters", args.project, "restore", adapter.key)
    return _say(args, adapter, f"{removed.title} is in the trash. To bring it back: {back}")


def _restore(args: argparse.Namespace) -> int:
    removed = trash.find(args.project, args.adapter)
    trash.bring_back(args.project, removed)
    with Project.open(args.project, read_only=True) as project:
        adapter = entries.find(project, removed.key)
    return _say(args, adapter, f"{adapter.title} is back.")


def _diff(args: argparse.Namespace) -> int:
    with Project.open(args.project, read_only=True) as project:
        one, other = entries.find(project, args.adapter), entries.find(project, args.other)
    changes = lineage.settings_between(one, other)
    data = None
    if one.run is not None and other.run is not None and one.run != other.run:
        states = (State("run", str(run.path)) for run in (one.run, other.run))
        data = next(
            message for message in CompareJob(args.project, *states).messages() if isinstance(message, Comparison)
        )
    if args.json:
        output.emit({"settings": [asdict(change) for change in changes], "examples": _counts(data)})
        return 0
    output.line(f"From {one.title} to {other.title}:")
    for change in changes:
        output.line(f"  {change.title}: {change.before} -> {change.after}")
    if not changes:
        output.line("  The settings are the same.")
    output.line(f"  {_data_words(one, other, data)}")
    return 0


def _counts(data: Comparison | None) -> dict[str, int] | None:
    if data is None:
        return None
    kinds = {"added": data.added_ids, "removed": data.removed_ids, "changed": data.changed_ids}
    return {**{kind: len(ids) for kind, ids in kinds.items()}, "same": data.same}


def _data_words(one: Adapter, other: Adapter, data: Comparison | None) -> str:
    if one.run is None or other.run is None:
        return "The examples of an imported adapter are not known."
    if data is None or not data.any:
        return "The examples are the same."
    counts = _counts(data) or {}
    return f"Examples: {', '.join(f'{count:,} {kind}' for kind, count in counts.items() if count)}."


def _whole(adapter: Adapter) -> Adapter:
    """Notes belong to a run, not to one of its checkpoints."""
    if adapter.step is not None:
        raise RunError("A checkpoint has no name or notes of its own.", hint="Take the key of its run.")
    return adapter


def _say(args: argparse.Namespace, adapter: Adapter, words: str, **more: object) -> int:
    if args.json:
        output.emit({**_plain(adapter), **more})
    else:
        output.line(words)
    return 0


def _plain(adapter: Adapter) -> dict[str, Any]:
    return {
        "key": adapter.key,
        "title": adapter.title,
        "folder": adapter.folder,
        "base": adapter.base,
        "run": adapter.run.name if adapter.run is not None else None,
        "made": adapter.made,
    }


def _day(at: float) -> str:
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M") if at else "-"
