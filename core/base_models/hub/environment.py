"""The environment in which the hub's client runs; it reads these when it is imported."""

from __future__ import annotations

ENVIRONMENT = {
    **{"HF_HUB_OFFLINE": "0", "TRANSFORMERS_OFFLINE": "0", "HF_HUB_DISABLE_TELEMETRY": "1", "HF_DEBUG": "0"},
    **{"HF_HUB_DISABLE_IMPLICIT_TOKEN": "1", "HF_TOKEN": "", "HUGGING_FACE_HUB_TOKEN": ""},
    # Xet writes files from all sides at once, so what there is of one cannot be taken up again.
    **{"HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_SYMLINKS_WARNING": "1"},
    **{"HF_HUB_DISABLE_UPDATE_CHECK": "1"},
}
