"""A GGUF file run by llama.cpp itself, where llama-cpp-python is installed (the extra ``llama``)."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from core.errors import ModelError

_F32 = 0  # of the enum ggml_type; the cache of keys and values is F16 unless told otherwise, which costs 5e-3


def is_installed() -> bool:
    """Whether llama-cpp-python is there."""
    return importlib.util.find_spec("llama_cpp") is not None


class LlamaCppModel:
    """One loaded file; to be closed, as its memory is not Python's."""

    def __init__(self, path: Path, *, context: int, adapter: Path | None = None) -> None:
        """Load it.

        Args:
            path: of the model.
            context: the most tokens that it will be given.
            adapter: a GGUF adapter to put on it.

        Raises:
            ModelError: llama.cpp refuses the file.
        """
        from llama_cpp import Llama

        try:
            self._llama: Any = Llama(
                model_path=str(path),
                lora_path=str(adapter) if adapter is not None else None,
                n_ctx=context,
                n_batch=context,
                n_gpu_layers=0,
                n_threads=max(1, (os.cpu_count() or 2) // 2),
                logits_all=True,
                type_k=_F32,
                type_v=_F32,
                verbose=False,
            )
        except (ValueError, RuntimeError, AssertionError) as error:
            raise ModelError(
                "llama.cpp cannot load the GGUF file.",
                reason=str(error)[:300] or type(error).__name__,
                hint="Nothing was exported. Export in another form, and please report this with the details.",
                details=repr(error),
            ) from error

    def logits(self, ids: Sequence[int], positions: int) -> torch.Tensor:
        """The logits (positions, vocabulary) after the last tokens of ``ids``, in float32."""
        self._llama.reset()
        self._llama.eval(list(ids))
        return torch.tensor(self._llama.scores[len(ids) - positions : len(ids)], dtype=torch.float32)

    def tokens(self, text: str) -> list[int]:
        """The tokens of a prompt as programs ask for them: with the beginning token if the file says so."""
        found: list[int] = self._llama.tokenize(text.encode("utf-8"), add_bos=True, special=True)
        return found

    def close(self) -> None:
        """Free its memory."""
        self._llama.close()
