"""What a training process tells about itself: one typed model per event (written and read by `event_file`)."""

from __future__ import annotations

import time
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

PhaseName = Literal[
    "starting", "preparing_examples", "loading_model", "training", "evaluating", "saving", "measuring", "answering"
]


class BaseEvent(BaseModel):
    """What all events have."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    at: float = Field(default_factory=time.time, description="Unix seconds")


class Started(BaseEvent):
    """The run has a model and examples and begins (again) to train."""

    type: Literal["started"] = "started"
    device: str
    versions: dict[str, str]
    trainable_parameters: int
    total_parameters: int
    steps: int
    epochs: float
    examples: int
    heldout_examples: int
    tokens: int = Field(description="tokens of all training examples, once")
    supervised_tokens: int
    left_out: int = Field(default=0, description="examples longer than the maximum length")
    packed: bool = Field(default=True, description="whether examples share a row; else each has one of its own")


class Phase(BaseEvent):
    """What is being done; with ``done`` of ``total`` where that can be counted."""

    type: Literal["phase"] = "phase"
    name: PhaseName
    done: int | None = None
    total: int | None = None
    seconds_left: float | None = Field(default=None, description="until all is done, where that is known")


class Step(BaseEvent):
    """One optimizer step."""

    type: Literal["step"] = "step"
    step: int
    epoch: float
    loss: float | None = Field(description="mean cross entropy of the step's supervised tokens, in nats")
    learning_rate: float
    grad_norm: float | None
    tokens: int = Field(description="tokens seen so far, supervised or not")
    tokens_per_second: float
    memory_bytes: int = Field(description="GPU memory reserved, or the process's resident memory on a CPU")
    seconds_left: float | None = None
    utilisation: float | None = Field(default=None, description="per cent of the GPU, or of all cores of a CPU")
    temperature: float | None = Field(default=None, description="of the GPU or CPU that trains, in degrees Celsius")
    power: float | None = Field(default=None, description="that the GPU draws, in watts")
    host_memory: float | None = Field(default=None, description="per cent of the machine's main memory in use")


class Evaluation(BaseEvent):
    """The held-out loss, weighted by supervised tokens. Step 0 is the untrained model."""

    type: Literal["evaluation"] = "evaluation"
    step: int
    epoch: float = 0.0
    loss: float | None
    perplexity: float | None
    best: bool = False


class Sample(BaseEvent):
    """What the model says to a held-out example."""

    type: Literal["sample"] = "sample"
    step: int
    example: int
    prompt: str
    expected: str
    text: str


class Checkpoint(BaseEvent):
    """A complete checkpoint is on disk; ``path`` is relative to the run folder."""

    type: Literal["checkpoint"] = "checkpoint"
    step: int
    path: str
    best: bool = False


class Adjusted(BaseEvent):
    """The run changed a setting by itself to go on."""

    type: Literal["adjusted"] = "adjusted"
    what: str
    before: int | float | str
    after: int | float | str
    why: str


class Notice(BaseEvent):
    """Worth knowing; the run goes on."""

    type: Literal["warning"] = "warning"
    message: str
    hint: str = ""


class Resumed(BaseEvent):
    """A process took the run up again from a checkpoint; steps after ``step`` seen before are void."""

    type: Literal["resumed"] = "resumed"
    step: int


class Paused(BaseEvent):
    """Last event: the process is gone, its memory free; can be resumed.

    Without a message the user asked for it; else the run could not go on for now (a full disk), and says why.
    """

    type: Literal["paused"] = "paused"
    step: int
    message: str = ""
    reason: str = ""
    hint: str = ""
    traceback: str = ""


class Finished(BaseEvent):
    """Last event: all done. ``early`` when the held-out loss had stopped falling."""

    type: Literal["finished"] = "finished"
    step: int
    loss: float | None
    heldout_loss: float | None
    adapter: str
    early: bool = False
    seconds: float


class Stopped(BaseEvent):
    """Last event: the user ended it; adapter and checkpoint are kept."""

    type: Literal["stopped"] = "stopped"
    step: int
    loss: float | None
    heldout_loss: float | None
    adapter: str | None


class Done(BaseEvent):
    """Last event of a job that trains nothing (a comparison): it has done its work."""

    type: Literal["done"] = "done"
    seconds: float


class Failed(BaseEvent):
    """Last event: what happened, why, what to do."""

    type: Literal["failed"] = "failed"
    kind: str = Field(description="short machine-readable cause, for example out_of_memory")
    message: str
    reason: str = ""
    hint: str = ""
    traceback: str = ""
    examples: list[int] = Field(default_factory=list, description="numbers of the examples that it is about")


Event = Annotated[
    Started
    | Phase
    | Step
    | Evaluation
    | Sample
    | Checkpoint
    | Adjusted
    | Notice
    | Resumed
    | Paused
    | Finished
    | Stopped
    | Done
    | Failed,
    Field(discriminator="type"),
]
FINAL = (Paused, Finished, Stopped, Done, Failed)
