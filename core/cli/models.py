"""The commands about base models on this machine: models list, info, add, remove and starting-points."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.base_models import catalogue, shelf
from core.base_models.facts import ModelFacts
from core.base_models.hub import unfinished
from core.base_models.hub.removal import RemoveJob
from core.base_models.starting_points import StartingPoint, for_memory, starting_points, without_card
from core.cli import hub, output
from core.errors import ModelError, UserError
from core.hardware.usage import MemoryUse, memory_use
from core.hardware.uses import TITLES, needs, rough_verdict
from core.recipe.schema import STARTER

_MEMORIES = (8, 12, 16, 24, 48)


def register(commands: Any) -> None:
    """Add the command with its own commands."""
    parser = commands.add_parser("models", help="base models: on this machine, on the hub, and good starting points")
    inner = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _command(inner, "list", _list, "the base models on this machine, and downloads that were cut short")
    add = _command(inner, "info", _info, "what is known of a base model, and what it needs of memory")
    add.add_argument("model", metavar="MODEL", help="starter, a folder, or a hub id that is on this machine")
    add = _command(inner, "add", _add, "remember a model folder, for all projects; nothing is copied")
    add.add_argument("folder", type=Path, metavar="FOLDER")
    add = _command(inner, "remove", _remove, "forget a model folder, or delete a downloaded model")
    add.add_argument("model", metavar="MODEL", help="a folder that was added, or a hub id")
    add.add_argument("--yes", action="store_true", help="delete a download without asking")
    add = _command(inner, "starting-points", _starting_points, "open models that are good to start from, by memory")
    add.add_argument("--memory", type=int, choices=_MEMORIES, metavar="GB", help="8, 12, 16, 24 or 48; this machine's")
    hub.register(inner, _command)


def _command(
    commands: Any, name: str, handler: Callable[[argparse.Namespace], int], help: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=help, description=help[0].upper() + help[1:] + ".")
    output.add_json(parser)
    parser.set_defaults(handler=handler)
    return parser


def _list(args: argparse.Namespace) -> int:
    models = []
    for known in catalogue.local_models():
        try:
            facts = ModelFacts.read(known.path)
        except ModelError:
            continue  # not one that could be trained
        models.append((known, facts))
    begun = unfinished.unfinished()
    others = [repo for repo in catalogue.incomplete_models() if repo not in {one.repo for one in begun}]
    if args.json:
        output.emit(
            {
                "models": [
                    {
                        **{"model": known.base, "title": known.title, "path": known.path},
                        **{"architecture": facts.architecture, "parameters": facts.parameters},
                    }
                    for known, facts in models
                ],
                "unfinished": [
                    {"model": one.repo, "folder": one.folder, "here_bytes": one.here_bytes, "bytes": one.total_bytes}
                    for one in begun
                ]
                + [{"model": repo, "folder": None, "here_bytes": None, "bytes": None} for repo in others],
            }
        )
        return 0
    rows = [(known.base, hub.count(facts.parameters), hub.size(facts.size_bytes)) for known, facts in models]
    output.line(output.table(("model", "parameters", "on disk"), rows))
    for one in begun:
        parts = f"{hub.size(one.here_bytes)} of {hub.size(one.total_bytes)}"
        to = ("--to", one.folder) if one.folder else ()
        output.line(f"\n{one.repo}: {parts} are here. To go on: {output.command('models', 'download', one.repo, *to)}")
    for repo in others:
        output.line(f"\n{repo} is incomplete. To go on: {output.command('models', 'download', repo)}")
    return 0


def _info(args: argparse.Namespace) -> int:
    path = catalogue.resolve(args.model)
    facts = ModelFacts.read(path)
    memory = memory_use()
    found = needs(facts, memory)
    if args.json:
        output.emit(
            {
                **{"model": args.model, "path": path, "architecture": facts.architecture},
                **{"parameters": facts.parameters, "layers": facts.layers, "context_length": facts.context_length},
                **{"dtype": facts.dtype, "bytes": facts.size_bytes, "chat_template": facts.has_chat_template},
                **{"memory_bytes": memory.total},
                "needs": {need.use: {"bytes": need.bytes, "verdict": str(need.verdict)} for need in found},
            }
        )
        return 0
    output.line(f"{catalogue.display_name(args.model)}: {facts.architecture}, {hub.count(facts.parameters)} parameters")
    length = f"up to {facts.context_length:,} tokens, " if facts.context_length else ""
    output.line(f"{facts.layers} layers, {length}{facts.dtype}, {hub.size(facts.size_bytes)} on disk")
    output.line("With a chat template." if facts.has_chat_template else "No chat template: Alpaca text is used.")
    output.line(f"\nMemory, of {hub.size(memory.total)} on {memory.device or 'this machine'}:")
    for need in found:
        output.line(f"  {TITLES[need.use]}: {hub.size(need.bytes)}, {need.verdict}")
    output.line(f"\n{path}")
    return 0


def _add(args: argparse.Namespace) -> int:
    folder = catalogue.add(args.folder)
    if args.json:
        output.emit({"model": str(folder)})
    else:
        output.line(f"Added {folder}.")
        output.line(f"Next: {output.command('train', 'PROJECT', '--model', folder)}")
    return 0


def _remove(args: argparse.Namespace) -> int:
    if args.model == STARTER:
        raise output.WrongUse("The starter is part of the program.", hint="Name another model.")
    freed = 0
    if shelf.forget(Path(args.model).expanduser().absolute()):
        done = f"Forgot {args.model}. The folder itself is as it was."
    else:
        if not catalogue.revision(args.model) and args.model not in catalogue.incomplete_models():
            raise ModelError(
                f"{args.model} is not among the models on this machine.",
                hint=f"See them with {output.command('models', 'list')}.",
            )
        if not args.yes and not hub.agreed(f"Delete {args.model} from {catalogue.hub_cache()}, for all programs?"):
            raise UserError("Nothing was deleted.", hint="Say yes, or give --yes.")
        freed = next(RemoveJob(args.model).messages())
        done = f"Deleted {args.model}; {hub.size(freed)} are free again."
    if args.json:
        output.emit({"model": args.model, "freed_bytes": freed})
    else:
        output.line(done)
    return 0


def _starting_points(args: argparse.Namespace) -> int:
    memory = memory_use() if args.memory is None else MemoryUse("a card", 0, args.memory * 1000**3)
    points = for_memory(memory.total) if memory.is_gpu else without_card()
    if args.json:
        output.emit([_as_json(point) for point in points])
        return 0
    if not points:
        smallest = starting_points()[0].memory_gb
        output.line(f"The smallest of them needs {smallest} GB; this machine has {hub.size(memory.total)}.")
        output.line("The starter model trains on any machine.")
        return 0
    if not memory.is_gpu:
        output.line("Small enough to train without a graphics card, in hours (--memory GB lists those for a card):\n")
    for point in points:
        tight = ", tight" if rough_verdict(point.parameters, memory) != "fits" else ""
        consent = ", asks for consent" if point.asks_consent else ""
        about = f"{hub.count(point.parameters)}, {point.memory_gb} GB{tight}, {point.licence_title}{consent}"
        output.line(f"{point.repo}  ({about})")
        output.line(f"    {point.good_for}")
    output.line(f"\nTo get one: {output.command('models', 'download', points[0].repo)}")
    return 0


def _as_json(point: StartingPoint) -> dict[str, Any]:
    return {
        **{"model": point.repo, "title": point.title, "memory_gb": point.memory_gb, "parameters": point.parameters},
        **{"licence": point.licence, "asks_consent": point.asks_consent, "good_for": point.good_for},
    }
