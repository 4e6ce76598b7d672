"""No test reaches beyond this machine: a Python process in which a connection is tried fails, and the test with it.

An audit hook sees what Python's own socket module is asked to do, in whichever library. Attempts are written to the
file that the environment names, so that those of child processes are seen as well.
"""

import errno
import os
import platform
import sys

VARIABLE = "TUNESMITH_TESTS_SOCKETS"
_WITH_ADDRESS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_HERE = frozenset({"", "localhost", "::1", "ip6-localhost", "0.0.0.0", "::"})


def install() -> None:
    """From now on, in this process, nothing but the loopback is reached."""
    sys.addaudithook(_look)


def attempts() -> str:
    """What was tried so far, by this process and those it started; forgotten then."""
    path = os.environ[VARIABLE]
    try:
        with open(path, encoding="utf-8") as file:
            tried = file.read()
        os.unlink(path)
    except OSError:
        return ""
    return tried


def _look(event: str, arguments: tuple) -> None:
    if event in _WITH_ADDRESS:
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) and address else None
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if not isinstance(host, str) or is_here(host):  # a socket in the file system, of the kernel, or the loopback
        return
    with open(os.environ[VARIABLE], "a", encoding="utf-8") as file:
        file.write(f"{event} {host} by {' '.join(sys.orig_argv)[:200]}\n")
    raise OSError(errno.ENETUNREACH, f"tests must not reach {host}")


def is_here(host: str) -> bool:
    """Whether a host is this machine itself."""
    return host in _HERE or host.startswith("127.") or host == platform.node()
