"""Which ways of computing a loaded model is trained with: the fastest that give the same result."""

from __future__ import annotations

from peft import PeftModel

from core.worker.fused import use_fused_lora


def use_fast_kernels(model: PeftModel) -> None:
    """Let a model with a LoRA adapter train the fast way; to be called once, before the first step."""
    use_fused_lora(model)
