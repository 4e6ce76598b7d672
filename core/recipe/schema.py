"""The settings of a training run. Form, command line, validation, file and manual are all made from these models.

Adding a setting is one field, here or in the large groups :mod:`core.recipe.lora` and :mod:`core.recipe.training`, and
its use in ``core/worker``. Defaults and their reasons follow the QLoRA paper
(Dettmers et al., 2023, arXiv:2305.14314) and "LoRA Without Regret" (Schulman et al., 2025).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from core.recipe.choices import CHAT_TEMPLATES, OWN, WRITTEN, ChatTemplate
from core.recipe.lora import LoraSettings
from core.recipe.setting import Group, setting
from core.recipe.training import TrainingSettings
from core.redaction import redacted

STARTER = "starter"


def _without_secret(value: str) -> str:
    """Settings are copied into runs, cards and bundles; a token that was pasted into one would go along."""
    if redacted(value) != value:
        raise ValueError("It holds an access token or a password, which settings must not.")
    return value


class ModelSettings(Group):
    """Which base model, and how it is held in memory."""

    base: Annotated[str, AfterValidator(_without_secret)] = setting(
        STARTER,
        title="Base model",
        help="The model that learns: the starter, a local folder, or a Hugging Face id already on this machine.",
        min_length=1,
    )
    quantization: Literal["nf4", "int8", "none"] = setting(
        "nf4",
        title="Base model precision",
        help="4-bit (QLoRA) needs about a quarter of the memory of 16-bit and learns about as well.",
        words={"nf4": "4-bit (NF4)", "int8": "8-bit", "none": "Full (16-bit, 32-bit on a CPU)"},
    )
    double_quantization: bool = setting(
        True,
        title="Double quantisation",
        help="Compresses the scales of the 4-bit weights as well; saves about 0.4 bit a parameter at no visible cost.",
        level="advanced",
        only_with=("model.quantization", ("nf4",)),
    )
    compute_dtype: Literal["auto", "bfloat16", "float16", "float32"] = setting(
        "auto",
        title="Compute precision",
        help="Automatic takes bfloat16 where the card has it, float16 on older cards and float32 on a CPU; processors "
        "that multiply bfloat16 train with products in it.",
        level="advanced",
        words={"auto": "Automatic", "bfloat16": "bfloat16", "float16": "float16", "float32": "float32"},
    )
    chat_template: ChatTemplate = setting(
        OWN,
        title="Chat template",
        help="How a conversation is written as one text. Change it only where a model has none, or a broken one.",
        level="advanced",
        words=CHAT_TEMPLATES,
    )
    written_template: str = setting(
        "",
        title="Your own chat template",
        help="A Jinja template as Transformers takes it, with messages, add_generation_prompt, bos_token, eos_token.",
        level="advanced",
        empty="None yet",
        only_with=("model.chat_template", (WRITTEN,)),
        max_length=1 << 20,
    )

    @property
    def template(self) -> str:
        """The chosen chat template: a shipped one's name, the text of a written one, or empty for the model's own."""
        return {OWN: "", WRITTEN: self.written_template}.get(self.chat_template, self.chat_template)


class HeldoutSettings(Group):
    """Examples kept out of training, to see whether it learns or only memorises."""

    share: float = setting(
        0.1,
        title="Held-out share",
        share=True,
        help="This share is never trained on and measures progress (at least 10, at most 200; none under 50 examples).",
        ge=0,
        le=0.5,
        usual=(0.05, 0.3),
        unusual="Without held-out examples nobody can tell learning from memorising.",
    )
    early_stopping: bool = setting(
        True,
        title="Stop early",
        help="Ends the run when the held-out loss has stopped falling; the best state is kept either way.",
    )
    patience: int = setting(
        2,
        title="Patience",
        help="How many evaluations without a better held-out loss are borne before stopping.",
        level="advanced",
        only_with=("heldout.early_stopping", (True,)),
        unit="evaluations",
        ge=1,
        le=20,
        usual=(1, 5),
        unusual="With more than 5, a run goes on long after it has begun to learn by heart.",
    )
    evaluations_per_epoch: int = setting(
        1,
        title="Evaluations per epoch",
        help="How often the held-out loss is measured in each pass over the data.",
        level="advanced",
        ge=1,
        le=20,
        usual=(1, 8),
        unusual="Each evaluation takes time from training; more than 8 a pass rarely tell more.",
    )
    sample_answers: int = setting(
        3,
        title="Sample answers",
        help="For this many held-out examples the model's answer is shown at each evaluation.",
        level="advanced",
        ge=0,
        le=10,
        usual=(0, 5),
        unusual="Each answer takes a few seconds at every evaluation.",
    )


class CheckpointSettings(Group):
    """What a crash can cost."""

    minutes: float = setting(
        2.0,
        title="Checkpoint every",
        help="At most this much work is lost when the machine fails; stretched where saving would cost over 2 %.",
        level="advanced",
        unit="minutes",
        gt=0,
        le=240,
        usual=(0.5, 30),
        unusual=(
            "Under half a minute saving costs time.",
            "Over 30 minutes much is lost when the machine fails.",
        ),
    )
    keep: int = setting(
        2,
        title="Checkpoints kept",
        help="The newest ones; the best is kept besides.",
        level="advanced",
        ge=1,
        le=20,
        usual=(1, 5),
        unusual="Each checkpoint takes about three times the adapter's size on the disk.",
    )


class Recipe(Group):
    """All settings of a run."""

    model: ModelSettings = Field(default_factory=ModelSettings, title="Base model")
    lora: LoraSettings = Field(default_factory=LoraSettings, title="LoRA")
    training: TrainingSettings = Field(default_factory=TrainingSettings, title="Training")
    heldout: HeldoutSettings = Field(default_factory=HeldoutSettings, title="Held-out examples")
    checkpoints: CheckpointSettings = Field(default_factory=CheckpointSettings, title="Checkpoints")
