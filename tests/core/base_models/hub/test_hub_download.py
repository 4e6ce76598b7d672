"""Search, plan and download against a hub on the loopback, through the real client in its own process."""

import os
import shutil
import threading
from pathlib import Path

import filelock
import pytest
from hub_server import Hub, Repo

from core import paths
from core.base_models import catalogue
from core.base_models.facts import ModelFacts
from core.base_models.hub import unfinished
from core.base_models.hub.jobs import AccountJob, DownloadJob, PlanJob, SearchJob, plan_of
from core.base_models.hub.model import Downloaded, Plan, Progress
from core.base_models.hub.places import place_of
from core.base_models.hub.removal import RemoveJob
from core.child import Stopped
from core.errors import UserError

STARTER = "someone/starter"
TOKEN = "hf_" + "Abcdefgh12345678" * 2


def download(plan: Plan, token: str = "") -> tuple[Downloaded, list[Progress]]:
    told = list(DownloadJob(plan, token=token).messages())
    assert isinstance(told[-1], Downloaded)
    return told[-1], [message for message in told if isinstance(message, Progress)]


def weights_asked(hub: Hub) -> list[str]:
    """The Range headers of the requests for large content."""
    return [asked.headers.get("range", "") for asked in hub.asked if asked.path.startswith("/content/")]


# --- Search -----------------------------------------------------------------------------------------------------------


def test_a_search_tells_what_matters_and_why_some_cannot_be_trained(hub: Hub) -> None:
    hub.repos["someone/starter-awq"] = Repo(
        {"config.json": b'{"architectures": ["LlamaForCausalLM"], "quantization_config": {"bits": 4}}'}, downloads=9000
    )
    hub.repos["someone/starter-gguf"] = Repo(tags=("gguf",), downloads=10)
    hub.repos["someone/starter-sees"] = Repo(pipeline_tag="image-classification")
    hub.repos["someone/starter-gated"] = Repo(gated="manual", downloads=500, licence="gemma")
    found = list(SearchJob("Starter").messages())
    assert [one.repo for one in found] == [
        *("someone/starter-awq", STARTER, "someone/starter-gated", "someone/starter-gguf")
    ]
    good = found[1]
    assert (good.parameters, good.licence, good.gated, good.downloads) == (5_500_000, "apache-2.0", "", 1000)
    assert (good.architecture, good.updated, good.problem) == ("LlamaForCausalLM", "2025-06-01", "")
    assert "quantised already" in found[0].problem
    assert found[2].gated == "manual"
    assert "GGUF" in found[3].problem


def test_nothing_found(hub: Hub) -> None:
    assert list(SearchJob("no such thing").messages()) == []


def test_a_hub_that_is_not_there_is_told(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(UserError, match="cannot be reached") as raised:
        list(SearchJob("x").messages())
    assert "kept" not in raised.value.hint


# --- Plans ------------------------------------------------------------------------------------------------------------


def test_a_plan_lists_what_the_model_needs_and_no_more(hub: Hub) -> None:
    plan = plan_of(STARTER)
    assert {file.name for file in plan.files} == {
        *("config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json", "chat_template.jinja"),
        *("README.md", "model.safetensors"),
    }
    assert plan.files[0].name == "config.json"
    assert plan.files[-1].name == "model.safetensors"
    assert plan.total_bytes == sum((paths.starter_model() / file.name).stat().st_size for file in plan.files)
    assert (plan.here_bytes, plan.missing_bytes) == (0, plan.total_bytes)
    assert (plan.licence, plan.gated, plan.access, plan.parameters) == ("apache-2.0", "", "open", 5_500_000)
    assert plan.fits
    assert Plan.from_json(plan.to_json()) == plan
    assert hub.paths() == [f"/api/models/{STARTER}"], "a plan asks once and fetches nothing"
    assert not catalogue.hub_cache().exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda files: {n: d for n, d in files.items() if not n.endswith("safetensors")}, "pickle"),
        (lambda files: {n: d for n, d in files.items() if n != "tokenizer.json"}, "tokenizer.json"),
        (lambda files: {n: d for n, d in files.items() if n != "config.json"}, "config.json"),
        (lambda files: {"model.gguf": b"GGUF", "README.md": b""}, "GGUF"),
        (lambda files: {"adapter_config.json": b"{}", "adapter_model.safetensors": b""}, "adapter"),
        (lambda files: files | {"config.json": b'{"model_type": "own", "auto_map": {"AutoModel": "x.X"}}'}, "own"),
        (lambda files: files | {"config.json": b'{"architectures": ["BertForMaskedLM"]}'}, "does not write text"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_is_fetched(hub: Hub, change: object, words: str) -> None:
    repo = hub.repos[STARTER]
    repo.files = change(repo.files)  # type: ignore[operator]
    with pytest.raises(UserError) as raised:
        plan_of(STARTER)
    assert words in str(raised.value)
    assert raised.value.hint
    assert not any("/resolve/" in path for path in hub.paths())


def test_a_tokenizer_of_a_gigabyte_is_refused(hub: Hub) -> None:
    hub.repos[STARTER].sizes["tokenizer.json"] = 1024**3
    with pytest.raises(UserError, match="never needs more"):
        plan_of(STARTER)


def test_shards_come_only_as_a_whole_set(hub: Hub) -> None:
    repo = hub.repos[STARTER]
    weights = repo.files.pop("model.safetensors")
    repo.files["model-00001-of-00002.safetensors"] = weights
    repo.files["model.safetensors.index.json"] = b"{}"
    with pytest.raises(UserError, match="complete set"):
        plan_of(STARTER)
    repo.files["model-00002-of-00002.safetensors"] = weights
    assert "model.safetensors.index.json" in {file.name for file in plan_of(STARTER).files}


def test_a_model_that_is_not_there_and_a_private_one_are_told_alike(hub: Hub) -> None:
    hub.repos["someone/private"] = Repo(hub.repos[STARTER].files, private=True)
    for name in ("someone/nothing", "someone/private", "not a name"):
        with pytest.raises(UserError, match="no model named") as raised:
            plan_of(name)
        assert "access token" in raised.value.hint
    hub.accounts[TOKEN] = "me"
    assert plan_of("someone/private", token=TOKEN).access == "granted"


# --- Downloads --------------------------------------------------------------------------------------------------------


def test_a_download_into_the_hub_cache_is_whole_and_found(hub: Hub) -> None:
    downloaded, progress = download(plan_of(STARTER))
    assert downloaded.base == STARTER
    assert catalogue.resolve(STARTER) == downloaded.path
    assert ModelFacts.read(downloaded.path).architecture == "LlamaForCausalLM"
    assert [model.base for model in catalogue.local_models()] == ["starter", STARTER]
    assert progress[-1].done == progress[-1].total
    assert [one.done for one in progress] == sorted(one.done for one in progress)
    names = {path.name for path in downloaded.path.iterdir()}
    assert not names & {"pytorch_model.bin", "modeling_own.py"}
    assert unfinished.unfinished() == []
    assert plan_of(STARTER).missing_bytes == 0


def test_what_is_here_is_not_fetched_again(hub: Hub) -> None:
    download(plan_of(STARTER))
    hub.asked.clear()
    download(plan_of(STARTER))
    assert not weights_asked(hub)


def test_a_download_into_a_folder_appears_when_it_is_whole(hub: Hub, tmp_path: Path) -> None:
    folder = tmp_path / "my models" / "starter"
    downloaded, _ = download(plan_of(STARTER, folder))
    assert downloaded == Downloaded(str(folder), folder)
    assert (folder / "model.safetensors").read_bytes() == (paths.starter_model() / "model.safetensors").read_bytes()
    assert {path.name for path in folder.iterdir()} == {file.name for file in plan_of(STARTER).files}
    assert [path.name for path in folder.parent.iterdir()] == ["starter"]
    assert catalogue.resolve(str(folder)) == folder
    assert [model.base for model in catalogue.local_models()] == ["starter", str(folder)]


def test_a_folder_that_holds_something_is_refused(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(UserError, match="something at full"):
        plan_of(STARTER, tmp_path / "full")


@pytest.mark.parametrize("into_folder", [False, True])
def test_paused_and_taken_up_again_with_a_range(hub: Hub, tmp_path: Path, into_folder: bool) -> None:
    folder = tmp_path / "starter" if into_folder else None
    hub.hold_after = 3 << 20
    hub.hold.clear()
    job = DownloadJob(plan_of(STARTER, folder))
    stopper = threading.Thread(target=lambda: (hub.holding.wait(20), wait_for_bytes(hub, folder), job.stop()))
    stopper.start()
    with pytest.raises(Stopped):
        list(job.messages())
    stopper.join()
    hub.hold.set()
    (one,) = unfinished.unfinished()
    assert (one.repo, one.folder) == (STARTER, folder)
    assert catalogue.incomplete_models() == ([] if into_folder else [STARTER])
    assert 2 << 20 <= one.here_bytes < one.total_bytes
    plan = plan_of(STARTER, folder)
    assert plan.here_bytes == one.here_bytes
    hub.asked.clear()
    downloaded, progress = download(plan)
    assert progress[0].done == one.here_bytes
    assert weights_asked(hub)[0].startswith("bytes=")
    assert (downloaded.path / "model.safetensors").read_bytes() == hub.repos[STARTER].files["model.safetensors"]
    assert unfinished.unfinished() == []


def wait_for_bytes(hub: Hub, folder: Path | None) -> None:
    """Until the megabytes that were sent are on the disk."""
    root = folder.parent if folder else catalogue.hub_cache()
    for _ in range(2000):
        found = [p.stat().st_size for kind in ("*.incomplete", "*.part") for p in root.rglob(kind) if p.is_file()]
        if max(found, default=0) >= 2 << 20:
            return
        threading.Event().wait(0.01)


def test_a_hub_without_ranges_sends_the_whole_file_anew(hub: Hub, tmp_path: Path) -> None:
    plan = plan_of(STARTER, tmp_path / "starter")
    hub.cuts = [1 << 20]
    hub.no_ranges = True
    downloaded, progress = download(plan)
    assert (downloaded.path / "model.safetensors").read_bytes() == hub.repos[STARTER].files["model.safetensors"]
    assert progress[-1].done == progress[-1].total


def test_a_connection_that_is_cut_is_taken_up_by_itself(hub: Hub) -> None:
    hub.cuts = [1 << 20, 1 << 20]
    downloaded, _ = download(plan_of(STARTER))
    assert (downloaded.path / "model.safetensors").read_bytes() == hub.repos[STARTER].files["model.safetensors"]
    assert {a.headers["accept-encoding"] for a in hub.asked if a.path.startswith("/content/")} == {"identity"}
    first, *later = weights_asked(hub)
    assert (first, len(later)) == ("", 2)
    assert all(header.startswith("bytes=") for header in later)


def test_what_came_damaged_is_thrown_away(hub: Hub) -> None:
    hub.damage = True
    plan = plan_of(STARTER)
    with pytest.raises(UserError, match="damaged"):
        download(plan)
    with pytest.raises(UserError):
        catalogue.resolve("someone/starter-x")
    assert all(model.base == "starter" for model in catalogue.local_models())
    hub.damage = False
    download(plan_of(STARTER))


def test_a_gated_model_needs_consent_and_a_token(hub: Hub) -> None:
    hub.repos[STARTER].gated = "manual"
    plan = plan_of(STARTER)
    assert (plan.gated, plan.access) == ("manual", "token")
    with pytest.raises(UserError, match="agreed to its terms") as raised:
        download(plan)
    assert STARTER in raised.value.hint
    hub.accounts[TOKEN] = "me"
    assert plan_of(STARTER, token=TOKEN).access == "consent"
    with pytest.raises(UserError, match="not been let in"):
        download(plan, TOKEN)
    hub.let_in[STARTER] = {"me"}
    plan = plan_of(STARTER, token=TOKEN)
    assert plan.access == "granted"
    download(plan, TOKEN)


def test_the_token_goes_to_the_hub_alone(hub: Hub) -> None:
    hub.accounts[TOKEN] = "me"
    download(plan_of(STARTER, token=TOKEN), TOKEN)
    content = [asked for asked in hub.asked if asked.path.startswith("/content/")]
    assert content
    assert all("localhost" in asked.host for asked in content)
    assert not any("authorization" in asked.headers for asked in content)
    assert all(asked.headers.get("authorization") == f"Bearer {TOKEN}" for asked in hub.asked if asked not in content)


def test_no_other_token_is_ever_sent(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_ofTheEnvironment0123456789")
    monkeypatch.setenv("HUGGING_FACE_HUB_TOKEN", "hf_ofTheEnvironment0123456789")
    home = Path(os.environ["HF_HOME"])
    home.mkdir()
    (home / "token").write_text("hf_ofAFile0123456789012345", encoding="utf-8")
    download(plan_of(STARTER))
    assert not any("authorization" in asked.headers for asked in hub.asked)


def test_a_token_that_is_not_accepted(hub: Hub) -> None:
    hub.refusals = [(401, {"X-Error-Message": "Invalid credentials in Authorization header"})]
    with pytest.raises(UserError, match="does not accept the access token"):
        plan_of(STARTER, token=TOKEN)
    with pytest.raises(UserError, match="does not accept the access token") as raised:
        list(AccountJob(TOKEN).messages())
    assert TOKEN not in f"{raised.value} {raised.value.details}"
    hub.accounts[TOKEN] = "me"
    assert list(AccountJob(TOKEN).messages()) == ["me"]


def test_too_many_requests_wait_a_little_or_say_how_long(hub: Hub) -> None:
    plan = plan_of(STARTER)
    hub.refuse_path = "/content/"
    hub.refusals = [(429, {"Retry-After": "1"})]
    _, progress = download(plan)
    assert [one.waiting for one in progress if one.waiting] == [1]
    shutil.rmtree(catalogue.hub_cache())
    hub.refusals = [(429, {"Retry-After": "300"})]
    with pytest.raises(UserError, match="5 minutes"):
        download(plan)
    hub.refuse_path = ""
    hub.refusals = [(429, {"ratelimit": '"api";r=0;t=90'})]
    with pytest.raises(UserError, match="90 seconds"):
        plan_of(STARTER)


def test_a_hub_in_trouble(hub: Hub) -> None:
    hub.refusals = [(503, {})] * 2
    with pytest.raises(UserError, match="trouble"):
        list(SearchJob("x").messages())
    with pytest.raises(UserError, match="trouble"):
        plan_of(STARTER)


def test_a_model_that_was_changed_meanwhile(hub: Hub) -> None:
    plan = plan_of(STARTER)
    hub.repos[STARTER].files["README.md"] = b"Another text"
    with pytest.raises(UserError, match="was changed on the hub"):
        download(plan)
    hub.repos[STARTER].commits = [plan.commit]  # the usual case: the version that was shown is still there
    hub.repos[STARTER].files["README.md"] = (paths.starter_model() / "README.md").read_bytes()
    download(plan)


def test_a_config_that_asks_for_code_is_refused_before_the_weights(hub: Hub) -> None:
    repo = hub.repos[STARTER]
    repo.config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama"}
    repo.files["config.json"] = b'{"model_type": "own", "auto_map": {"AutoModelForCausalLM": "modeling_own.Own"}}'
    with pytest.raises(UserError, match="code of its own"):
        download(plan_of(STARTER))
    assert not weights_asked(hub)
    assert not any(path.endswith(".py") for path in hub.paths())


def test_too_little_room_is_told_first(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of(STARTER)
    hub.asked.clear()
    huge = Plan.from_json({**plan.to_json(), "files": [{"name": "model.safetensors", "size": 10**18, "sha": "0" * 64}]})
    assert not huge.fits
    with pytest.raises(UserError, match="too little room"):
        download(huge)
    assert not hub.asked


def test_a_download_can_be_thrown_away(hub: Hub, tmp_path: Path) -> None:
    for folder in (None, tmp_path / "starter"):
        plan = plan_of(STARTER, folder)
        hub.damage = True
        with pytest.raises(UserError):
            download(plan)
        hub.damage = False
        (one,) = unfinished.unfinished()
        unfinished.discard(one)
        assert unfinished.unfinished() == []
        assert plan_of(STARTER, folder).here_bytes == 0
    assert not list(catalogue.hub_cache().glob("models--*"))
    assert not list(tmp_path.glob(".starter*"))


def test_what_another_window_downloads_is_not_thrown_away(hub: Hub, tmp_path: Path) -> None:
    for folder in (None, tmp_path / "starter"):
        plan = plan_of(STARTER, folder)
        hub.damage = True
        with pytest.raises(UserError):
            download(plan)
        hub.damage = False
        (one,) = unfinished.unfinished()
        lock = place_of(STARTER, plan.commit, folder).lock(plan.files[-1])
        with filelock.FileLock(lock), pytest.raises(UserError, match="is being downloaded"):
            unfinished.discard(one)
        assert unfinished.unfinished() == [one]
        unfinished.discard(one)


def test_throwing_away_leaves_what_was_here_before(hub: Hub) -> None:
    plan = plan_of(STARTER)
    small = Plan.from_json({**plan.to_json(), "files": plan.to_json()["files"][:1]})
    with pytest.raises(UserError):
        download(small)  # config.json alone is no model, but it is here now
    unfinished.ended(STARTER, None)
    hub.damage = True
    with pytest.raises(UserError):
        download(plan_of(STARTER))
    (one,) = unfinished.unfinished()
    unfinished.discard(one)
    snapshot = catalogue.hub_cache() / "models--someone--starter" / "snapshots" / plan.commit
    assert [path.name for path in snapshot.iterdir()] == ["config.json"]
    assert (snapshot / "config.json").is_file()


def test_what_another_program_completed_is_not_offered_to_be_thrown_away(hub: Hub) -> None:
    hub.damage = True
    plan = plan_of(STARTER)
    with pytest.raises(UserError):
        download(plan)
    hub.damage = False
    records = (paths.user_data() / "downloads.json").read_bytes()
    download(plan)
    (paths.user_data() / "downloads.json").write_bytes(records)  # the other program knows nothing of it
    assert unfinished.unfinished() == []


def test_a_deleted_model_leaves_no_record_of_its_download(hub: Hub) -> None:
    download(plan_of(STARTER))
    unfinished.begun(plan_of(STARTER))
    list(RemoveJob(STARTER).messages())
    hub.damage = True
    with pytest.raises(UserError):
        download(plan_of(STARTER))
    (one,) = unfinished.unfinished()
    unfinished.discard(one)
    assert not list(catalogue.hub_cache().glob("models--*"))


def test_a_stopped_search_ends_at_once(hub: Hub) -> None:
    job = PlanJob(STARTER)
    job.stop()
    with pytest.raises(Stopped):
        list(job.messages())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_full_disk_is_told_and_nothing_is_broken(hub: Hub) -> None:
    plan = plan_of(STARTER)
    weights = next(file for file in plan.files if file.name == "model.safetensors")
    partial = catalogue.hub_cache() / "models--someone--starter" / "blobs" / f"{weights.sha}.incomplete"
    partial.parent.mkdir(parents=True)
    partial.symlink_to("/dev/full")
    with pytest.raises(UserError, match="disk is full") as raised:
        download(plan)
    assert "kept" in raised.value.hint
    assert [one.repo for one in unfinished.unfinished()] == [STARTER]
    partial.unlink()
    download(plan_of(STARTER))
    assert ModelFacts.read(catalogue.resolve(STARTER))


def test_two_programs_do_not_fetch_the_same_file(hub: Hub) -> None:
    plan = plan_of(STARTER)
    lock = catalogue.hub_cache() / ".locks" / "models--someone--starter" / f"{plan.files[0].sha}.lock"
    lock.parent.mkdir(parents=True)
    with filelock.FileLock(lock), pytest.raises(UserError, match="Another program"):
        download(plan)
    download(plan)


@pytest.mark.parametrize("sha", ["../../../../found", "A" * 64, ""])
def test_a_checksum_that_is_none_names_no_file(hub: Hub, sha: str) -> None:
    hub.repos[STARTER].shas["model.safetensors"] = sha
    with pytest.raises(UserError, match="cannot be used"):
        plan_of(STARTER)


def test_a_version_that_is_none_names_no_folder(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Repo, "commit", "../../elsewhere")
    with pytest.raises(UserError, match="answer could not be used"):
        plan_of(STARTER)
