"""A base model's folder with nothing in it but what is read before a run: config, headers, settings of its own."""

from __future__ import annotations

import json
from pathlib import Path

HIDDEN, LAYERS, VOCABULARY = 8, 2, 32
MODULES = ("self_attn.q_proj", "self_attn.v_proj", "mlp.up_proj")
RECIPE = """[training]
learning_rate = 0.002
epochs = 6.0
batch_size = 8
"""


def write_base(folder: Path, *, brings: bool = True) -> Path:
    """Write a Llama of 2 layers with 3 linear modules each; with ``brings``, settings that suit it."""
    folder.mkdir(parents=True)
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": HIDDEN,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": 2,
        "vocab_size": VOCABULARY,
        "max_position_embeddings": 128,
        "tie_word_embeddings": True,
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "tokenizer.json").write_text("{}", encoding="utf-8")
    shapes = {"model.embed_tokens.weight": (VOCABULARY, HIDDEN)}
    shapes |= {f"model.layers.{i}.{name}.weight": (HIDDEN, HIDDEN) for i in range(LAYERS) for name in MODULES}
    header, end = {}, 0
    for name, (rows, columns) in shapes.items():
        begin, end = end, end + 4 * rows * columns
        header[name] = {"dtype": "F32", "shape": [rows, columns], "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + bytes(end))
    if brings:
        (folder / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    return folder
