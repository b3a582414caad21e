"""The server of the page: to this machine alone, without state, and nothing but the page's files and curves."""

import json
import os
import sys
import traceback
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingTCPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from onebit_rf.errors import OnebitError
from onebit_rf.explore.asked import choices, read
from onebit_rf.explore.curve import answer

HOST = "127.0.0.1"
_PAGE = Path(__file__).parent / "page"
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
FILES = {f"/{file.name}": file for file in _PAGE.iterdir() if file.suffix in _TYPES}
FILES["/"] = FILES.pop("/index.html")
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}


class Server(ThreadingTCPServer):
    """A server of the page, a thread for each connection; `serve_forever` runs it."""

    daemon_threads = True
    allow_reuse_address = os.name != "nt"  # where it would let two servers share a port

    @property
    def address(self) -> str:
        """The page's address."""
        return f"http://{HOST}:{self.server_address[1]}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a page that went on to another curve before it had its answer."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def make_server(port: int = 0) -> Server:
    """Return a server at 127.0.0.1, on any free port for 0.

    Raises:
        OSError: if the port is taken.
    """
    return Server((HOST, port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    """Answers `/` and the page's files, `/choices`, and `/curve?OPTIONS`, which may have `every=K`."""

    protocol_version = "HTTP/1.1"  # keeps the connection
    timeout = 60
    wbufsize = -1  # an answer is sent in one piece
    disable_nagle_algorithm = True  # which would hold its last part back for 40 ms

    def do_GET(self) -> None:
        """Answer; what is not from this machine's page is refused before anything is computed."""
        url = urlsplit(self.path)
        port = self.server.server_address[1]
        if self.headers.get("Host") not in (f"{HOST}:{port}", f"localhost:{port}"):  # of a name that was bound anew
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST, f"this is {HOST}:{port}")
        elif url.path in FILES:
            self._send(HTTPStatus.OK, _TYPES[FILES[url.path].suffix], FILES[url.path].read_bytes())
        elif self.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
            self._refuse(HTTPStatus.FORBIDDEN, "only the page itself may ask for curves")
        elif url.path == "/choices":
            self._send_json(HTTPStatus.OK, choices())
        elif url.path == "/curve":
            self._curve(url.query)
        else:
            self._refuse(HTTPStatus.NOT_FOUND, f"there is no {url.path}")

    def _curve(self, query: str) -> None:
        try:
            status, value = HTTPStatus.OK, answer(*_read_query(query))
        except OnebitError as error:
            status, value = HTTPStatus.BAD_REQUEST, {"error": str(error)}
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            status, value = HTTPStatus.INTERNAL_SERVER_ERROR, {"error": f"{type(error).__name__}: {error}"}
        self._send_json(status, value)  # that the page has left by now is no error of ours

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        self._send_json(status, {"error": message})

    def _send_json(self, status: HTTPStatus, value: Any) -> None:
        self._send(status, "application/json", json.dumps(value, allow_nan=False).encode())

    def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        for name, value in {**_HEADERS, "Content-Type": f"{kind}; charset=utf-8", "Content-Length": len(body)}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing of every request."""


def _read_query(query: str) -> tuple:
    """Return what a query asks for, and of how many n one is taken."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query), errors="strict")
    except ValueError:
        raise OnebitError(f"address: must be NAME=VALUE&…, got {query!r}") from None
    options = dict(pairs)
    if len(options) < len(pairs):
        names = [name for name, _ in pairs]
        raise OnebitError(f"{next(name for name in names if names.count(name) > 1)}: stands twice")
    every = options.pop("every", "1")
    if not every.isdecimal() or not 1 <= int(every) <= 1000:
        raise OnebitError(f"every: must be a whole number from 1 to 1000, got {every!r}")
    return read(options), int(every)
