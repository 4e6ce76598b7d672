"""What is known of a base model without loading it: sizes, linear layers, what an adapter of it would have to train."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from core.base_models.config import read_config
from core.base_models.reading import read_object
from core.base_models.weights import Tensor, read_weights
from core.errors import ModelError
from core.recipe.layers import layer_numbers
from core.recipe.lora import ALL_LINEAR, ATTENTION, LoraSettings

_DTYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
# Tables and heads are no linear layers to PEFT; experts and their routers are not nn.Linear in Transformers 5.
_NO_LINEAR = re.compile(r"(^|\.)([^.]*embed[^.]*|wte|wpe|lm_head|output|norm)$|norm[^.]*$")
_EXPERTS = re.compile(r"\.experts(\.|$)")
_ROUTER = re.compile(r"\.(gate|router)$")
_BUFFERS = re.compile(r"(\.masked_bias|inv_freq)$")  # older checkpoints store what is no parameter
_ATTENTION = re.compile(r"(attn|attention)")
_INPUT_FIRST = ("gpt2",)  # their Conv1D stores (in, out)


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """Facts of a model folder.

    Attributes:
        architecture: the class in Transformers, ``LlamaForCausalLM``; may be empty.
        parameters: as Transformers counts them; a tied head once.
        context_length: tokens the model was made for; 0 when the folder does not say.
        dtype: that of most of the stored weights.
        size_bytes: of the weight files.
        linear: the layers that LoRA can adapt, by module path, with (outputs, inputs).
        others: embeddings, norms and an own head, by module path, with their numbers of parameters.
        tied: whether the head is the table of embeddings.
        has_experts: whether it is a mixture of experts, which LoRA leaves as they are.
    """

    architecture: str
    model_type: str
    parameters: int
    layers: int
    hidden_size: int
    vocab_size: int
    context_length: int
    dtype: str
    size_bytes: int
    linear: dict[str, tuple[int, int]] = field(repr=False)
    has_chat_template: bool
    others: dict[str, int] = field(default_factory=dict, repr=False)
    tied: bool = False
    has_experts: bool = False

    @property
    def stores_inputs_first(self) -> bool:
        """Whether the weights of its linear layers are stored as (inputs, outputs)."""
        return self.model_type in _INPUT_FIRST

    @classmethod
    def read(cls, folder: Path) -> ModelFacts:
        """Read config.json and the headers of the weight files.

        Raises:
            ModelError: the folder holds no model that can be trained here; the reason says which and why.
        """
        config = read_config(folder)
        weights = read_weights(folder)
        tensors = {name: tensor for name, tensor in weights.tensors.items() if not _is_buffer(name, tensor)}
        if config.tied:
            tensors.pop("lm_head.weight", None)
        linear = _linear(tensors, config.model_type)
        if not linear:
            raise ModelError(
                "The base model has no layers that an adapter could go to.",
                reason="None of its weights is that of a linear layer.",
                hint="Choose a causal language model in Transformers' format.",
                details=str(folder),
            )
        return cls(
            architecture=config.architecture,
            model_type=config.model_type,
            parameters=sum(tensor.count for tensor in tensors.values()),
            layers=config.layers,
            hidden_size=config.hidden_size,
            vocab_size=config.vocab_size,
            context_length=config.context_length,
            dtype=_main_dtype(tensors.values()),
            size_bytes=weights.file_bytes,
            linear=linear,
            has_chat_template=_has_chat_template(folder),
            others=_others(tensors, linear),
            tied=config.tied,
            has_experts=any(_EXPERTS.search(name) for name in tensors),
        )

    def target_names(self) -> list[str]:
        """The last parts of the linear layers' names (``q_proj``), in the order of the model; each may be targeted."""
        return list(dict.fromkeys(_last(path) for path in self.linear))

    def attention_names(self) -> list[str]:
        """The names that target the layers of attention and no others; with the part before where that needs it."""
        inside = [path for path in self.linear if _ATTENTION.search(path)]
        outside = {_last(path) for path in self.linear if not _ATTENTION.search(path)}
        names = (_last(path) if _last(path) not in outside else ".".join(path.split(".")[-2:]) for path in inside)
        return list(dict.fromkeys(names))

    def targeted(self, lora: LoraSettings) -> list[str]:
        """The module paths that get an adapter, by PEFT's rules."""
        wanted = lora.target_modules
        if wanted == ALL_LINEAR:
            found = list(self.linear)
        else:
            names = self.attention_names() if wanted == ATTENTION else wanted
            found = [path for path in self.linear if _is_named(path, names)]
        numbers = layer_numbers(lora.layers)
        return [path for path in found if _layer(path) in numbers] if numbers else found

    def trained_in_full(self, lora: LoraSettings) -> list[str]:
        """The paths of the other modules that are trained as a whole."""
        return [path for path in self.others if _is_named(path, lora.modules_to_save)]

    def trainable_parameters(self, lora: LoraSettings) -> int:
        """How many numbers an adapter has.

        Rank times (inputs + outputs) of each layer (arXiv:2106.09685); with DoRA a magnitude for each output besides
        (arXiv:2402.09353); and all of the modules that are trained in full.
        """
        shapes = [self.linear[path] for path in self.targeted(lora)]
        magnitudes = sum(outputs for outputs, _ in shapes) if lora.use_dora else 0
        whole = sum(self.others[path] for path in self.trained_in_full(lora))
        return lora.rank * sum(sum(shape) for shape in shapes) + magnitudes + whole


def _is_named(path: str, names: Iterable[str]) -> bool:
    """Whether a path is one of the names or ends in one, as PEFT compares them."""
    return any(path == name or path.endswith(f".{name}") for name in names)


def _layer(path: str) -> int | None:
    """The number of the layer that a module is in."""
    return next((int(part) for part in path.split(".") if part.isdecimal()), None)


def _others(tensors: dict[str, Tensor], linear: dict[str, tuple[int, int]]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for name, tensor in tensors.items():
        path = name.rpartition(".")[0]
        if path not in linear and _NO_LINEAR.search(path):
            counts[path] += tensor.count
    return dict(sorted(counts.items(), key=lambda item: _natural(item[0])))


def _linear(tensors: dict[str, Tensor], model_type: str) -> dict[str, tuple[int, int]]:
    has_experts = any(_EXPERTS.search(name) for name in tensors)
    linear: dict[str, tuple[int, int]] = {}
    for name, tensor in sorted(tensors.items(), key=lambda item: _natural(item[0])):
        path = name.removesuffix(".weight")
        if path == name or len(tensor.shape) != 2 or _NO_LINEAR.search(path):
            continue
        if _EXPERTS.search(path) or (has_experts and _ROUTER.search(path)):
            continue
        outputs, inputs = reversed(tensor.shape) if model_type in _INPUT_FIRST else tensor.shape
        linear[path] = (outputs, inputs)
    return linear


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts layer 2 before layer 10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in name.split(".")]


def _is_buffer(name: str, tensor: Tensor) -> bool:
    return bool(_BUFFERS.search(name)) or (name.endswith(".bias") and len(tensor.shape) == 4)


def _main_dtype(tensors: Iterable[Tensor]) -> str:
    sizes: Counter[str] = Counter()
    for tensor in tensors:
        sizes[tensor.dtype] += tensor.count
    most = sizes.most_common(1)[0][0]
    return _DTYPES.get(most, most.lower())


def _has_chat_template(folder: Path) -> bool:
    if (folder / "chat_template.jinja").is_file():
        return True
    return any(
        read_object(folder / name).get("chat_template") for name in ("tokenizer_config.json", "chat_template.json")
    )


def _last(path: str) -> str:
    return path.rpartition(".")[2]
