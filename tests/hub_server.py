"""A hub on the loopback that speaks enough of the real one's HTTP for the real ``huggingface_hub`` client.

Large files are served as the real hub does it: by a redirect to another host, to which the token must not be sent.
"""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

LARGE = (".safetensors", ".bin", ".gguf")
PIECE = 1 << 16


@dataclass
class Repo:
    """A model on the hub; its commit follows from its files unless it is given."""

    files: dict[str, bytes] = field(default_factory=dict)
    gated: Any = False
    private: bool = False
    licence: str = "apache-2.0"
    downloads: int = 1000
    pipeline_tag: str | None = "text-generation"
    tags: tuple[str, ...] = ()
    parameters: int = 0
    sizes: dict[str, int] = field(default_factory=dict)  # told instead of the true ones
    shas: dict[str, str] = field(default_factory=dict)  # told instead of the true ones
    config: dict[str, Any] | None = None  # told instead of that of config.json
    commits: list[str] = field(default_factory=list)  # earlier ones that are still served

    @property
    def commit(self) -> str:
        joined = b"".join(name.encode() + b"\0" + data for name, data in sorted(self.files.items()))
        return hashlib.sha1(joined).hexdigest()

    def sha(self, name: str) -> str:
        data = self.files[name]
        if name.endswith(LARGE):
            return hashlib.sha256(data).hexdigest()
        return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@dataclass
class Asked:
    """One request that came."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    host: str


class Hub:
    """What is on the hub, what was asked of it, and how it misbehaves."""

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.accounts: dict[str, str] = {}  # token -> name
        self.let_in: dict[str, set[str]] = {}  # repo -> names of accounts
        self.asked: list[Asked] = []
        self.uploaded: dict[str, bytes] = {}  # SHA-256 -> content that was sent
        self.cuts: list[int] = []  # of the next answers with large content: break off after so many bytes of it
        self.damage = False  # flip a byte of large content
        self.no_ranges = False
        self.refusals: list[tuple[int, dict[str, str]]] = []  # of the next requests: status and headers
        self.refuse_path = ""  # only of paths that hold this
        self.hold = threading.Event()  # content is sent only while it is set
        self.hold.set()
        self.hold_after = 0  # bytes of an answer that are sent in any case
        self.holding = threading.Event()  # an answer waits for ``hold``
        self.port = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def paths(self, method: str = "GET") -> list[str]:
        return [asked.path for asked in self.asked if asked.method == method]


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """Serve it on a free port of the loopback."""

    class Handler(_Handler):
        pass

    Handler.hub = hub
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hub.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.hold.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        body = self._body()
        path = unquote(urlsplit(self.path).path)
        self.hub.asked.append(Asked(self.command, path, {}, {k.lower(): v for k, v in self.headers.items()}, ""))
        if self.hub.refusals and self.hub.refuse_path in path:
            status, headers = self.hub.refusals.pop(0)
            self._send(status, b"", headers)
        elif not self._account:
            self._refuse(401, "", "Invalid username or password.")
        elif path == "/api/repos/create":
            self._create(json.loads(body))
        elif path == "/api/validate-yaml":
            self._send_json({"errors": [], "warnings": []})
        elif "/preupload/" in path:
            asked = [file["path"] for file in json.loads(body)["files"]]
            modes = {name: "lfs" if name.endswith(LARGE) else "regular" for name in asked}
            self._send_json({"files": [{"path": n, "uploadMode": m, "shouldIgnore": False} for n, m in modes.items()]})
        elif path.endswith(".git/info/lfs/objects/batch"):
            wanted = json.loads(body)["objects"]
            to = f"{self.hub.address}/upload/"
            objects = [{**one, "actions": {"upload": {"href": f"{to}{one['oid']}"}}} for one in wanted]
            self._send_json({"transfer": "basic", "objects": objects})
        elif "/commit/" in path:
            self._commit(path.removeprefix("/api/models/").partition("/commit/")[0], body)
        else:
            self._refuse(404, "", "Not found")

    def do_PUT(self) -> None:
        data = self._body()
        self.hub.asked.append(Asked("PUT", self.path, {}, {k.lower(): v for k, v in self.headers.items()}, ""))
        self.hub.uploaded[hashlib.sha256(data).hexdigest()] = data
        self._send(200, b"", {})

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _create(self, wish: dict[str, Any]) -> None:
        name = f"{wish.get('organization') or self._account}/{wish['name']}"
        if name in self.hub.repos:
            self._refuse(409, "", "You already created this model repo")
        else:
            private = wish.get("visibility") == "private" or wish.get("private") is True
            self.hub.repos[name] = Repo(private=private)
            self._send_json({"url": f"{self.hub.address}/{name}", "name": name, "id": name})

    def _commit(self, name: str, body: bytes) -> None:
        repo = self.hub.repos[name]
        for line in body.splitlines():
            entry = json.loads(line)
            value = entry["value"]
            if entry["key"] == "file":
                repo.files[value["path"]] = base64.b64decode(value["content"])
            elif entry["key"] == "lfsFile":
                repo.files[value["path"]] = self.hub.uploaded[value["oid"]]
        address = f"{self.hub.address}/{name}/commit/{repo.commit}"
        self._send_json({"success": True, "commitUrl": address, "commitOid": repo.commit})

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        path, query = unquote(parts.path), parse_qs(parts.query)
        lowered = {key.lower(): value for key, value in self.headers.items()}
        self.hub.asked.append(Asked(self.command, path, query, lowered, self.headers["Host"]))
        if self.hub.refusals and self.hub.refuse_path in path:
            status, headers = self.hub.refusals.pop(0)
            self._send(status, b"", headers)
        elif path == "/api/models":
            self._search(query)
        elif path == "/api/whoami-v2":
            name = self._account
            self._send_json({"name": name, "type": "user"}) if name else self._refuse(401, "", "Invalid user token.")
        elif path.startswith("/api/models/"):
            self._model(path.removeprefix("/api/models/"), query)
        elif "/resolve/" in path:
            repo, _, rest = path[1:].partition("/resolve/")
            self._file(repo, *rest.split("/", 1))
        elif path.startswith("/content/"):
            self._content(path.removeprefix("/content/"))
        else:
            self._refuse(404, "", "Not found")

    @property
    def _account(self) -> str:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        return self.hub.accounts.get(token, "")

    def _search(self, query: dict[str, list[str]]) -> None:
        text = query.get("search", [""])[0].lower()
        task = query.get("pipeline_tag", [""])[0]
        found = [
            (name, repo)
            for name, repo in self.hub.repos.items()
            if text in name.lower() and (not task or repo.pipeline_tag == task) and not repo.private
        ]
        found.sort(key=lambda item: -item[1].downloads)
        limit = int(query.get("limit", ["1000"])[0])
        self._send_json([_entry(name, repo, files=False) for name, repo in found[:limit]])

    def _model(self, rest: str, query: dict[str, list[str]]) -> None:
        name, _, revision = rest.partition("/revision/")
        checking = name.endswith("/auth-check")
        name = name.removesuffix("/auth-check")
        repo = self.hub.repos.get(name)
        if repo is None or (repo.private and not self._account):
            self._refuse(401 if not self._account else 404, "RepoNotFound", "Repository not found")
        elif checking:
            self._send_json({}) if self._may_read(name, repo) else self._refuse(
                403, "GatedRepo", "Access is restricted"
            )
        elif revision and revision not in ("main", repo.commit, *repo.commits):
            self._refuse(404, "RevisionNotFound", "Invalid rev id")
        else:
            self._send_json(_entry(name, repo, files=True))

    def _file(self, name: str, revision: str, file: str) -> None:
        repo = self.hub.repos.get(name)
        if repo is None or (repo.private and not self._account):
            self._refuse(401 if not self._account else 404, "RepoNotFound", "Repository not found")
        elif not self._may_read(name, repo):
            self._refuse(403 if self._account else 401, "GatedRepo", f"Access to model {name} is restricted.")
        elif revision not in ("main", repo.commit, *repo.commits):
            self._refuse(404, "RevisionNotFound", "Invalid rev id")
        elif file not in repo.files:
            self._refuse(404, "EntryNotFound", "Entry not found")
        else:
            headers = {
                "X-Repo-Commit": repo.commit if revision == "main" else revision,
                "ETag": f'"{repo.sha(file)}"',
                "Accept-Ranges": "bytes",
            }
            if file.endswith(LARGE):
                headers["X-Linked-Etag"] = f'"{repo.sha(file)}"'
                headers["X-Linked-Size"] = str(len(repo.files[file]))
                headers["Location"] = f"http://localhost:{self.hub.port}/content/{name}/{file}"
                self._send(302, b"", headers)
            else:
                self._send_data(repo.files[file], headers)

    def _content(self, path: str) -> None:
        name, _, file = path.rpartition("/")
        data = self.hub.repos[name].files[file]
        if self.hub.damage:
            data = data[:-1] + bytes([data[-1] ^ 1])
        self._send_data(data, {"ETag": f'"{self.hub.repos[name].sha(file)}"'}, large=True)

    def _may_read(self, name: str, repo: Repo) -> bool:
        return not repo.gated or self._account in self.hub.let_in.get(name, set())

    def _refuse(self, status: int, code: str, message: str) -> None:
        self._send(status, b"", {"X-Error-Code": code, "X-Error-Message": message} if code else {})

    def _send_json(self, value: Any) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _send_data(self, data: bytes, headers: dict[str, str], *, large: bool = False) -> None:
        asked = self.headers.get("Range", "")
        start = 0
        if asked.startswith("bytes=") and not self.hub.no_ranges:
            start = int(asked.removeprefix("bytes=").split("-")[0])
            headers = {**headers, "Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"}
        self.send_response(206 if "Content-Range" in headers else 200)
        for key, value in headers.items():
            self.send_header(key, value)
        rest = data[start:]
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        if self.command == "HEAD":
            return
        cut = self.hub.cuts.pop(0) if large and self.hub.cuts else len(rest)
        with suppress(OSError):  # the client is gone
            for at in range(0, cut, PIECE):
                if large and at >= self.hub.hold_after and not self.hub.hold.is_set():
                    self.hub.holding.set()
                    self.hub.hold.wait()
                self.wfile.write(rest[at : min(at + PIECE, cut)])
                self.wfile.flush()
        if cut < len(rest):
            self.close_connection = True
            self.connection.close()


def _entry(name: str, repo: Repo, *, files: bool) -> dict[str, Any]:
    """What the hub tells of a model."""
    config = repo.config
    if config is None:
        try:
            config = json.loads(repo.files.get("config.json", b"{}"))
        except ValueError:
            config = {}
    entry: dict[str, Any] = {
        "_id": hashlib.sha1(name.encode()).hexdigest()[:24],
        "id": name,
        "modelId": name,
        "sha": repo.commit,
        "gated": repo.gated,
        "private": repo.private,
        "downloads": repo.downloads,
        "likes": 7,
        "lastModified": "2025-06-01T12:00:00.000Z",
        "pipeline_tag": repo.pipeline_tag,
        "tags": ["safetensors", f"license:{repo.licence}", *repo.tags],
        "cardData": {"license": repo.licence},
        "config": config,
    }
    if repo.parameters:
        entry["safetensors"] = {"parameters": {"BF16": repo.parameters}, "total": repo.parameters}
    if files:
        entry["siblings"] = [_sibling(repo, file) for file in repo.files]
    return entry


def _sibling(repo: Repo, name: str) -> dict[str, Any]:
    size = repo.sizes.get(name, len(repo.files[name]))
    sha = repo.shas.get(name, repo.sha(name))
    entry: dict[str, Any] = {"rfilename": name, "size": size, "blobId": sha[:40]}
    if name.endswith(LARGE):
        entry["lfs"] = {"size": size, "sha256": sha, "pointerSize": 135}
    return entry
