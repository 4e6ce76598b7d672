"""What is exported: an adapter, the base model that it belongs to, and the run that made it if that is known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.base_models import catalogue
from core.dataset.example import Example
from core.errors import ModelError
from core.recipe.schema import ModelSettings
from core.runs import notes
from core.runs.bundle import base_folder
from core.runs.folder import RunFolder

if TYPE_CHECKING:
    from core.library.entries import Adapter


@dataclass(frozen=True, slots=True)
class Source:
    """An adapter that can be exported.

    Attributes:
        adapter: a PEFT folder.
        model: its base model, and how that was held when the adapter was trained.
        title: what people call it.
        run: the run that made it; None for one that came from elsewhere.
        step: after how many optimizer steps, where it is a checkpoint and not the end of its run.
    """

    adapter: Path
    model: ModelSettings
    title: str
    run: RunFolder | None = None
    step: int | None = None

    @classmethod
    def of(cls, adapter: Adapter) -> Source:
        """An adapter of a project."""
        return cls(adapter.folder, adapter.model, adapter.title, adapter.run, adapter.step)

    @classmethod
    def of_run(cls, run: RunFolder) -> Source:
        """The adapter at the end of a run.

        Raises:
            ModelError: it has none.
            RecipeError: the run folder is damaged.
        """
        if not run.adapter.is_dir():
            raise ModelError(
                f"{run.name} has no adapter.",
                reason="A run has one when it has finished or was stopped.",
                hint="Let the run finish, resume it, or export another one.",
            )
        return cls(run.adapter, run.recipe().model, notes.title(run, notes.read(run)), run)

    @property
    def name(self) -> str:
        """A word for it in files: the run's folder name, or the adapter's."""
        if self.run is None:
            return self.adapter.name
        return self.run.name if self.step is None else f"{self.run.name}@{self.step}"

    @property
    def reference(self) -> Path | None:
        """What the trained model itself said, kept when its run ended; None when nothing was kept."""
        if self.run is None or self.step is not None or not self.run.reference_file.is_file():
            return None
        return self.run.reference_file

    def base_folder(self) -> Path:
        """Where its base model lies.

        Raises:
            ModelError: it is not on this machine.
        """
        return catalogue.resolve(self.model.base) if self.run is None else base_folder(self.run)

    def examples(self) -> list[Example]:
        """What it can be tried with: the examples held out of its training, else those it was trained on."""
        if self.run is None:
            return []
        return self.run.heldout_examples() or self.run.train_examples()

    def to_json(self) -> dict[str, Any]:
        """All of it, for another process."""
        return {
            "adapter": str(self.adapter.resolve()),
            "model": self.model.model_dump(),
            "title": self.title,
            "run": str(self.run.path.resolve()) if self.run is not None else None,
            "step": self.step,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Source:
        """The reverse of :meth:`to_json`."""
        run = RunFolder(Path(data["run"])) if data["run"] is not None else None
        return cls(Path(data["adapter"]), ModelSettings(**data["model"]), data["title"], run, data["step"])
