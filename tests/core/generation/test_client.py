"""The line to a model process: opened, closed and broken in every order, without a model."""

import os
import tempfile
import threading
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Listener

import psutil
import pytest

from core.dataset.example import Example, Turn
from core.errors import ModelError, PromptError, UserError
from core.generation import link
from core.generation.client import ModelProcess, ProcessState, Token, as_example
from core.generation.protocol import (
    Cancel,
    Done,
    Generate,
    Open,
    Problem,
    ProtocolError,
    Ready,
    Weighted,
    receive_reply,
    receive_request,
    send,
)
from core.generation.sampling import Sampling
from core.recipe.schema import ModelSettings

QUESTION = Example(instruction="Who are you?")


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """Where temporary files go, to see what is left."""
    folder = tmp_path / "t"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def process(tmp_path, temporary):
    """A process whose base model is not there: it says so and ends before it loads torch."""
    process = ModelProcess(str(tmp_path / "no-model"), ModelSettings())
    yield process
    process.close()
    assert not process.alive
    assert list(temporary.iterdir()) == []
    assert not [thread for thread in threading.enumerate() if "model process" in thread.name and thread.is_alive()]


def test_a_problem_at_the_start_comes_through_with_its_type(process):
    with pytest.raises(ModelError, match="no-model"):
        process.wait_until_ready(60)
    assert process.state is ProcessState.ENDED
    with pytest.raises(ModelError, match="no-model"):
        list(process.generate(QUESTION, adapter=None))


def test_it_goes_over_the_network_door_too(process, monkeypatch):
    monkeypatch.setattr(link, "_LONGEST_SOCKET_NAME", 1)
    with pytest.raises(ModelError, match="no-model"):
        process.wait_until_ready(60)


def test_strangers_without_the_key_are_not_let_in(process, monkeypatch):
    doors = []

    class Door(Listener):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            doors.append(self.address)
            stranger.start()

    def knock():
        with pytest.raises((EOFError, OSError, AuthenticationError)):
            Client(doors[0], authkey=b"wrong").recv_bytes()

    stranger = threading.Thread(target=knock)
    monkeypatch.setattr(link, "Listener", Door)
    with pytest.raises(ModelError, match="no-model"):
        process.wait_until_ready(60)
    stranger.join()


def test_closing_while_it_starts_ends_it(process):
    process.start()
    assert process.state is ProcessState.STARTING
    worker = psutil.Process(process.pid)
    process.close()
    assert process.state is ProcessState.ENDED
    assert not worker.is_running()
    with pytest.raises(UserError, match="was closed"):
        process.wait_until_ready()
    process.start()
    assert process.pid != worker.pid


def test_an_answer_cancelled_while_it_starts_ends_at_once(process, monkeypatch):
    monkeypatch.setattr(process, "wait_until_ready", lambda timeout: process.cancel())
    assert list(process.generate(QUESTION, adapter=None)) == [Token(end="cancelled")]


def test_a_process_that_cannot_start_is_told(process, monkeypatch):
    monkeypatch.setattr("core.runs.process.paths.worker_python", lambda: "/nowhere/python")
    with pytest.raises(UserError, match="could not be started"):
        process.start()
    assert process.state is ProcessState.NEW


def test_the_log_of_a_process_that_never_called_is_in_the_details(process, monkeypatch, tmp_path):
    process._log = log = tmp_path / "log.txt"
    log.write_text("an earlier story\n", encoding="utf-8")
    monkeypatch.setattr(link, "KEY_VARIABLE", "ANOTHER_NAME")  # it looks for its key in vain
    with pytest.raises(UserError, match="did not start") as caught:
        process.wait_until_ready(60)
    assert "exit code 1" in caught.value.reason
    assert "KeyError" in caught.value.details
    assert "an earlier story" not in caught.value.details
    assert log.read_text(encoding="utf-8").startswith("an earlier story")


def test_messages_become_an_example():
    example = Example(
        system="Be kind", history=(Turn("user", "Hi"), Turn("assistant", "Hello")), instruction="How are you?"
    )
    assert as_example(example.prompt_messages()) == example
    for messages in ([], [{"role": "system", "content": "x"}], [{"role": "assistant", "content": "x"}]):
        with pytest.raises(ValueError, match="user"):
            as_example(messages)


@pytest.fixture
def pipe(tmp_path):
    with Listener(authkey=b"key") as listener:
        ends = []
        thread = threading.Thread(target=lambda: ends.append(listener.accept()))
        thread.start()
        ends.append(Client(listener.address, authkey=b"key"))
        thread.join()
        yield ends
        for end in ends:
            end.close()


@pytest.mark.parametrize(
    "request_",
    [
        Open(base="starter", model=ModelSettings(quantization="int8")),
        Generate(
            id=3,
            example=Example(instruction="数据 🐄", input="\n").frozen(),
            adapters=(Weighted(folder="/größe", weight=-0.5),),
            sampling=Sampling(temperature=0.5, stop=("\n", "Ende")),
        ),
        Cancel(id=3),
    ],
)
def test_requests_arrive_as_they_were_sent(pipe, request_):
    send(pipe[0], request_)
    assert receive_request(pipe[1]) == request_


def test_replies_arrive_as_they_were_sent(pipe):
    error = PromptError("Title", reason="Why", hint="What", details="x\ny")
    for reply in (Ready(device="CPU", seconds=1.5), Done(id=1, tokens=2, seconds=0.5, end="end"), Problem.of(1, error)):
        send(pipe[0], reply)
        assert receive_reply(pipe[1]) == reply
    again = Problem.of(1, error).error()
    assert isinstance(again, PromptError)
    assert (again.title, again.reason, again.hint, again.details) == ("Title", "Why", "What", "x\ny")
    assert type(Problem(id=1, kind="SystemExit", title="x").error()) is UserError


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"{}", b"[]", b"\x80\x04N.", b"[" * 100_000),
        *(b'{"type": "run", "code": "1"}', b'{"type": "cancel"}', b'{"type": "cancel", "id": 1, "more": 1}'),
        b'{"type": "generate", "id": 1, "example": {}, "sampling": {"max_new_tokens": 0}}',
        b'{"type": "generate", "id": 1, "example": {}, "adapters": [{"folder": "x", "weight": NaN}]}',
    ],
)
def test_what_is_no_message_is_refused(pipe, data):
    pipe[0].send_bytes(data)
    with pytest.raises(ProtocolError):
        receive_request(pipe[1])


def test_the_environment_of_the_process_is_set_before_it_starts(process, monkeypatch):
    seen = {}

    def launch(arguments, *, output, environment):
        seen.update(environment)
        raise OSError("not now")

    monkeypatch.setattr(link, "launch", launch)
    with pytest.raises(UserError):
        process.start()
    assert len(bytes.fromhex(seen["TUNESMITH_MODEL_KEY"])) == 32
    assert "TUNESMITH_MODEL_KEY" not in os.environ
