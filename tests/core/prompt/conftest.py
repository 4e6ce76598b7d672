"""Formats of all families, loaded once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from families import FAMILIES, save

from core.prompt.format import PromptFormat


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("families")
    return {family: save(root / family, family) for family in FAMILIES}


@pytest.fixture(scope="session")
def formats(folders: dict[str, Path]) -> dict[str, PromptFormat]:
    return {family: PromptFormat.load(folder) for family, folder in folders.items()}


@pytest.fixture(scope="session")
def references(folders: dict[str, Path], formats: dict[str, PromptFormat]) -> dict[str, Any]:
    """Transformers' tokenizers of the same folders; the base model's with the template that the app gives it."""
    from transformers import AutoTokenizer

    tokenizers = {}
    for family, folder in folders.items():
        tokenizers[family] = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        tokenizers[family].chat_template = formats[family].template
    return tokenizers


@pytest.fixture(params=list(FAMILIES))
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)
