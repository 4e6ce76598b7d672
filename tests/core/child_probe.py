"""What test_child.py has a child process do."""

from __future__ import annotations

import os
import sys
import time

from core.child import serve
from core.errors import UserError


def work(request, tell):
    sys.stdout.write("a library's chatter\n")
    tell({"pid": os.getpid()})
    match request["act"]:
        case "count":
            for number in range(request["to"]):
                tell({"number": number})
        case "refuse":
            raise UserError("No.", reason="Because.", hint="Ask otherwise.")
        case "crash":
            raise ValueError("broken parser")
        case "die":
            os.abort()
        case "eat":
            held = [bytearray(64 << 20) for _ in range(64)]
            tell({"held": len(held)})
        case "hang":
            time.sleep(600)


if __name__ == "__main__":
    sys.exit(serve(work))
