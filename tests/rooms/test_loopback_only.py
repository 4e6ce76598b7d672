"""The guard itself: no test reaches another machine, in this process or in one it starts."""

import socket
import subprocess
import sys

import loopback_only
import pytest

ELSEWHERE = "192.0.2.1"  # a network for documentation; it is nobody's


def test_a_connection_to_another_machine_fails_and_is_told():
    with socket.socket() as plain, pytest.raises(OSError, match="must not reach"):
        plain.connect((ELSEWHERE, 80))
    with pytest.raises(OSError, match="must not reach"):
        socket.getaddrinfo("example.org", 443)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain, pytest.raises(OSError, match="must not reach"):
        plain.sendto(b"x", (ELSEWHERE, 53))
    assert loopback_only.attempts().count(ELSEWHERE) == 2


def test_so_does_one_of_a_child_process():
    code = f"import socket; socket.create_connection(('{ELSEWHERE}', 80), timeout=1)"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert child.returncode == 1
    assert "must not reach" in child.stderr
    assert ELSEWHERE in loopback_only.attempts()


def test_the_loopback_is_free():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
        socket.create_connection(("localhost", server.getsockname()[1])).close()
    assert loopback_only.attempts() == ""
