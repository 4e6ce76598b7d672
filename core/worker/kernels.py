"""Which ways of computing a loaded model is trained with: the fastest that give the same result."""

from __future__ import annotations

from peft import PeftModel

from core.recipe.schema import Recipe
from core.worker.blocks import use_blocks
from core.worker.device import Device
from core.worker.elementwise import use_lean_elementwise
from core.worker.fused import use_fused_lora
from core.worker.head import use_fused_head


def use_fast_kernels(model: PeftModel, recipe: Recipe, device: Device) -> None:
    """Let a model with a LoRA adapter train the fast way; to be called once, before the first step."""
    if device.kind == "cpu":
        use_lean_elementwise(model)
    products = device.product_dtype(recipe.model)
    use_fused_lora(model, products=products)
    if device.kind == "cpu":
        use_blocks(model.get_base_model(), products=products)
    use_fused_head(model.get_base_model(), products=products)
