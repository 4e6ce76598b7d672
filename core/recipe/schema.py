"""The settings of a training run. Form, command line, validation, file and manual are all made from these models.

Adding a setting is one field here and its use in ``core/worker``. Defaults and their reasons follow the QLoRA paper
(Dettmers et al., 2023, arXiv:2305.14314) and "LoRA Without Regret" (Schulman et al., 2025).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from core.recipe.choices import (
    CHAT_TEMPLATES,
    FLOORED,
    OPTIMIZERS,
    OWN,
    SCHEDULES,
    WRITTEN,
    ChatTemplate,
    Optimizer,
    Schedule,
)
from core.recipe.layers import as_layers
from core.recipe.setting import setting
from core.redaction import redacted

ALL_LINEAR = "all-linear"
ATTENTION = "attention"
STARTER = "starter"


def _as_targets(value: object) -> object:
    """Accept ``q_proj,v_proj`` from the command line as a list; keep the two named sets as they are."""
    if isinstance(value, str) and value not in (ALL_LINEAR, ATTENTION):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _as_names(value: object) -> object:
    """Accept ``lm_head, embed_tokens`` from the command line and the form as a list."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _without_secret(value: str) -> str:
    """Settings are copied into runs, cards and bundles; a token that was pasted into one would go along."""
    if redacted(value) != value:
        raise ValueError("It holds an access token or a password, which settings must not.")
    return value


class _Group(BaseModel):
    model_config = ConfigDict(extra="forbid", validate_assignment=True, frozen=True)


class ModelSettings(_Group):
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


class LoraSettings(_Group):
    """The small matrices that are trained."""

    rank: int = setting(
        16,
        title="Rank",
        help="How much the adapter can learn. 8 for a few hundred examples, 16 for most, 32 or more for thousands.",
        ge=1,
        le=512,
        usual=(4, 128),
        unusual=("Ranks under 4 learn little.", "Ranks over 128 mostly cost memory and overfit."),
    )
    alpha: int = setting(
        32,
        title="Alpha",
        help="How strongly the adapter acts. Twice the rank is a good rule: the learning rate then suits every rank.",
        ge=1,
        le=2048,
        usual=(4, 256),
        unusual="Far from twice the rank the learning rate has to be found anew.",
    )
    dropout: float = setting(
        0.05,
        title="Dropout",
        help="Switches off a random share of the adapter in each step, against learning small data by heart.",
        ge=0,
        le=0.5,
        usual=(0, 0.2),
        unusual="Over 0.2 the adapter learns slowly.",
    )
    target_modules: Annotated[Literal["all-linear", "attention"] | list[str], BeforeValidator(_as_targets)] = setting(
        ALL_LINEAR,
        title="Target modules",
        help="Which layers get an adapter. All linear layers learn best; attention only is smaller.",
        words={ALL_LINEAR: "All linear layers", ATTENTION: "Attention only", "list": "Chosen modules"},
    )
    use_rslora: bool = setting(
        False,
        title="Rank-stabilised (rsLoRA)",
        help="Scales by alpha over the square root of the rank, which keeps high ranks effective (arXiv:2312.03732).",
        level="advanced",
    )
    use_dora: bool = setting(
        False,
        title="Magnitudes too (DoRA)",
        help="Learns the size of each weight row apart from its direction (arXiv:2402.09353). Slower; helps low ranks.",
        level="advanced",
    )
    initialisation: Literal["standard", "gaussian", "orthogonal", "loftq", "pissa"] = setting(
        "standard",
        title="Initialisation",
        help="Where the adapter begins. LoftQ makes up for what 4 bits lose; PiSSA trains the main directions.",
        level="advanced",
        words={
            "standard": "Standard",
            "gaussian": "Gaussian",
            "orthogonal": "Orthogonal",
            "loftq": "LoftQ, for 4-bit",
            "pissa": "PiSSA, for full precision",
        },
    )
    layers: Annotated[str, AfterValidator(as_layers)] = setting(
        "",
        title="Layers",
        help="Only these layers of the model get an adapter, counted from 0, such as 0-3, 7. Empty for all.",
        level="advanced",
        empty="All layers",
    )
    modules_to_save: Annotated[list[str], BeforeValidator(_as_names)] = setting(
        [],
        title="Trained in full",
        help="Modules to save: parts trained whole, not by LoRA, and kept in the adapter: embed_tokens, lm_head, norm.",
        level="advanced",
        empty="None",
    )
    start_from: str = setting(
        "",
        title="Start from",
        help="An adapter to train on: a run's, an imported one or a PEFT folder. Its settings must be this run's.",
        level="advanced",
        empty="A new adapter",
    )


class TrainingSettings(_Group):
    """How it learns."""

    learning_rate: float = setting(
        2e-4,
        title="Learning rate",
        help="The size of each step. Too high and the loss jumps; too low and nothing changes.",
        gt=0,
        le=0.1,
        usual=(2e-5, 5e-4),
        unusual="Common values for real models lie between 2e-5 and 5e-4; only tiny models want more.",
    )
    epochs: float = setting(
        3.0,
        title="Epochs",
        help="An epoch is one pass over all examples. Two to four; more learns by heart.",
        gt=0,
        le=100,
        usual=(1, 6),
        unusual=(
            "Under one pass some examples are never seen.",
            "Over 6 passes small data is usually learnt by heart.",
        ),
    )
    batch_size: int = setting(
        16,
        title="Batch size",
        help="Examples an optimizer step. It changes how learning goes; memory depends on the tokens per pass.",
        unit="examples",
        ge=1,
        le=1024,
        usual=(4, 64),
        unusual="LoRA does best with 4 to 64 examples a step.",
    )
    max_length: int = setting(
        1024,
        title="Maximum length",
        help="Longer examples are listed and left out, never cut silently.",
        unit="tokens",
        ge=16,
        le=131072,
        usual=(64, 8192),
        unusual=("Under 64 tokens most answers do not fit.", "Long rows need much memory."),
    )
    schedule: Schedule = setting(
        "cosine",
        title="Learning-rate schedule",
        help="How the learning rate falls over the run; decaying to zero matters in short runs.",
        level="advanced",
        words=SCHEDULES,
        first=4,
    )
    schedule_floor: float = setting(
        0.1,
        title="Lowest learning rate",
        help="Where the schedule ends, as a share of the learning rate.",
        level="advanced",
        ge=0,
        le=1,
        usual=(0, 0.5),
        unusual="Over half of the learning rate, the schedule hardly falls.",
        only_with=("training.schedule", FLOORED),
    )
    schedule_cycles: int = setting(
        3,
        title="Cycles",
        help="How often the learning rate falls to zero; each cycle begins at the full rate again.",
        level="advanced",
        ge=1,
        le=100,
        usual=(1, 10),
        unusual="Each new cycle undoes some of what the fall before it settled.",
        only_with=("training.schedule", ("cosine_with_restarts",)),
    )
    schedule_decay: float = setting(
        0.2,
        title="Fall at the end",
        share=True,
        help="The share of steps in which the learning rate falls after it was constant.",
        level="advanced",
        gt=0,
        le=1,
        usual=(0.05, 0.5),
        unusual="A tenth to a fifth of the run is usual (arXiv:2404.06395).",
        only_with=("training.schedule", ("warmup_stable_decay",)),
    )
    warmup_share: float = setting(
        0.03,
        title="Warm-up",
        share=True,
        help="The share of steps in which the learning rate rises from zero (at least five steps).",
        level="advanced",
        ge=0,
        le=0.5,
        usual=(0, 0.2),
        unusual="More than a fifth of the run in warm-up is time lost.",
    )
    optimizer: Optimizer = setting(
        "auto",
        title="Optimizer",
        help="Automatic takes paged 8-bit AdamW on CUDA and AdamW elsewhere. Others want a learning rate of their own.",
        level="advanced",
        words=OPTIMIZERS,
        first=4,
    )
    weight_decay: float = setting(
        0.0,
        title="Weight decay",
        help="Pulls the adapter towards zero; rarely needed.",
        level="advanced",
        ge=0,
        le=1,
        usual=(0, 0.1),
        unusual="Over 0.1 the adapter is held back noticeably.",
    )
    max_grad_norm: float = setting(
        0.3,
        title="Gradient clipping",
        help="Caps the size of one step, so that one odd batch cannot spoil the run.",
        level="advanced",
        gt=0,
        le=100,
        usual=(0.1, 2),
        unusual="Between 0.1 and 2 is usual.",
    )
    gradient_checkpointing: Literal["auto", "on", "off"] = setting(
        "auto",
        title="Gradient checkpointing",
        help="Saves memory by computing parts twice. Automatic switches it on with a GPU.",
        level="advanced",
        words={"auto": "Automatic", "on": "On", "off": "Off"},
    )
    tokens_per_pass: int = setting(
        4096,
        title="Tokens per pass",
        help="How many tokens go through the model at once; lower it when memory runs out. The result stays the same.",
        level="advanced",
        unit="tokens",
        ge=64,
        le=1048576,
        usual=(512, 65536),
        unusual=("Under 512 a GPU idles most of the time.", "Over 65,536 few GPUs have the memory."),
    )
    devices: Literal["1", "auto", "2", "3", "4", "5", "6", "7", "8"] = setting(
        "1",
        title="Devices",
        help="GPUs that train together. Each takes a share of every batch, so a run is faster and learns the same.",
        level="advanced",
        words={
            "1": "One",
            "auto": "All GPUs of this machine",
            **{str(count): f"{count} GPUs" for count in range(2, 9)},
        },
    )
    sharding: Literal["none", "fsdp"] = setting(
        "none",
        title="Base model on several devices",
        help="Each device holds all of the base model, or a part: slower, but for models too large for one (FSDP).",
        level="advanced",
        words={"none": "Whole on each", "fsdp": "A part on each (FSDP)"},
        only_with=("training.devices", ("auto", *(str(count) for count in range(2, 9)))),
    )
    seed: int = setting(
        42,
        title="Seed",
        help="The same seed on the same machine gives the same adapter.",
        level="advanced",
        ge=0,
        le=2**31 - 1,
    )


class HeldoutSettings(_Group):
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


class CheckpointSettings(_Group):
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


class Recipe(_Group):
    """All settings of a run."""

    model: ModelSettings = Field(default_factory=ModelSettings, title="Base model")
    lora: LoraSettings = Field(default_factory=LoraSettings, title="LoRA")
    training: TrainingSettings = Field(default_factory=TrainingSettings, title="Training")
    heldout: HeldoutSettings = Field(default_factory=HeldoutSettings, title="Held-out examples")
    checkpoints: CheckpointSettings = Field(default_factory=CheckpointSettings, title="Checkpoints")
