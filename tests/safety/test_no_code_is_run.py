"""Rules S1 and S3: weights come from safetensors alone, and nothing that a folder brings is ever run."""

import ast
import pickle
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import paths
from core.base_models import catalogue
from core.base_models.facts import ModelFacts
from core.dataset.example import Example
from core.errors import ModelError
from core.export import adapter_config
from core.prompt.format import PromptFormat
from core.runs.process import worker_environment

ROOT = paths.package_root()
SOURCES = sorted(path for room in ("app", "core") for path in (ROOT / room).rglob("*.py"))
CANARIES = (
    "pytorch_model.bin",
    "model.pt",
    "weights.pkl",
    "consolidated.00.pth",
    "training_args.bin",
    "optimizer.ckpt",
)
BANNED_MODULES = {"pickle", "cPickle", "dill", "joblib", "shelve", "cloudpickle"}
BANNED_CALLS = {"eval", "exec", "compile", "torch.load", "numpy.load", "np.load", "yaml.load", "yaml.unsafe_load"}


class Bomb:
    """Unpickled, it leaves a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        return (eval, (f"open({str(self.mark)!r}, 'w').close()",))


def calls(path: Path) -> Iterator[tuple[ast.Call, str]]:
    """The calls in a file, each with its dotted name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield node, ast.unparse(node.func)


def test_the_sources_name_nothing_that_unpickles_or_evaluates() -> None:
    found = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name.partition(".")[0] for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module.partition(".")[0]]
            found += [f"{path}: {name}" for name in names if name in BANNED_MODULES]
        for call, name in calls(path):
            options = {word.arg: ast.unparse(word.value) for word in call.keywords}
            if name in BANNED_CALLS and options.get("allow_pickle") != "False":
                found.append(f"{path}:{call.lineno}: {name}")
            if options.get("allow_pickle") == "True" or options.get("weights_only") == "False":
                found.append(f"{path}:{call.lineno}: {name} unpickles")
    assert found == []


def test_every_model_is_loaded_without_code_of_its_folder_and_from_safetensors() -> None:
    loaders = [
        (path.relative_to(ROOT).as_posix(), call)
        for path in SOURCES
        for call, name in calls(path)
        if name.endswith((".from_pretrained", ".from_config", ".load_dataset", ".pipeline")) and "Config." not in name
    ]
    assert any("AutoModel" in ast.unparse(call.func) for _, call in loaders), "the test looks in the right place"
    for where, call in loaders:
        options = {word.arg: ast.unparse(word.value) for word in call.keywords}
        if "AutoModel" in ast.unparse(call.func):
            assert options["trust_remote_code"] == "False", where
            assert options["use_safetensors"] == "True", where
            assert options["local_files_only"] == "True", where
        assert options.get("trust_remote_code", "False") == "False", where


def with_canaries(folder: Path, mark: Path) -> Path:
    for name in CANARIES:
        (folder / name).write_bytes(pickle.dumps(Bomb(mark)))
    return folder


def test_the_canaries_sing(tmp_path: Path) -> None:
    folder = with_canaries(tmp_path, tmp_path / "mark")
    pickle.loads((folder / CANARIES[0]).read_bytes())
    assert (tmp_path / "mark").exists()


def test_a_folder_with_pickles_is_used_without_touching_them(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(paths.starter_model(), folder)
    with_canaries(folder, tmp_path / "mark")
    answered = in_a_worker(folder)
    assert "loaded" in answered.stdout, answered.stderr
    assert not (tmp_path / "mark").exists()


def test_a_folder_of_pickles_alone_is_refused_with_the_way_to_convert(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(paths.starter_model(), folder)
    (folder / "model.safetensors").unlink()
    with_canaries(folder, tmp_path / "mark")
    with pytest.raises(ModelError, match="unsafe format") as raised:
        ModelFacts.read(folder)
    assert "save_pretrained" in raised.value.hint
    with pytest.raises(ModelError, match="unsafe format"):
        catalogue.add(folder)
    answered = in_a_worker(folder)
    assert "refused" in answered.stdout, answered.stderr
    assert not (tmp_path / "mark").exists()


def test_an_adapter_of_pickles_is_refused(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text('{"peft_type": "LORA"}', encoding="utf-8")
    (tmp_path / "adapter_model.bin").write_bytes(pickle.dumps(Bomb(tmp_path / "mark")))
    with pytest.raises(ModelError, match="unsafe format"):
        adapter_config.read(tmp_path)
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize("kind", ["llama", "evil"])
def test_code_that_a_model_brings_does_not_run_even_if_yes_waits_on_stdin(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "model"
    shutil.copytree(paths.starter_model(), folder)
    code = f"open({str(tmp_path / 'mark')!r}, 'w').close()\n"
    for name in ("evil.py", "modeling_evil.py", "configuration_evil.py", "tokenization_evil.py"):
        (folder / name).write_text(code, encoding="utf-8")
    auto = '{"AutoConfig": "evil.C", "AutoModelForCausalLM": "evil.M", "AutoTokenizer": ["evil.T", "evil.F"]}'
    for name in ("config.json", "tokenizer_config.json"):
        text = (folder / name).read_text(encoding="utf-8").replace('"model_type": "llama"', f'"model_type": "{kind}"')
        (folder / name).write_text(text.replace("{", f'{{"auto_map": {auto},', 1), encoding="utf-8")
    answered = in_a_worker(folder, typed="y\ny\ny\n")
    assert ("loaded" if kind == "llama" else "refused") in answered.stdout, answered.stderr
    assert not (tmp_path / "mark").exists()
    assert PromptFormat.load(folder).encode(Example(instruction="a", output="b")).ids


def in_a_worker(folder: Path, typed: str = "") -> "subprocess.CompletedProcess[str]":
    """Load a model as the worker does, in a process of its own with something to read on stdin."""
    code = f"""
from pathlib import Path
from core.errors import UserError
from core.recipe.schema import ModelSettings
from core.worker import device
from core.worker.model import load_base
try:
    model = load_base(Path({str(folder)!r}), ModelSettings(quantization="none"), device.choose())
    print("loaded", type(model).__name__)
except UserError as error:
    print("refused", error)
"""
    return subprocess.run(
        [sys.executable, "-c", code],
        input=typed,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=worker_environment(),
        check=False,
    )
