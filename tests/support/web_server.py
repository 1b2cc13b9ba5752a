"""A tiny web server on loopback that says what a test wants, lies included."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def serving(reply):
    """Its address; ``reply(handler, form)`` answers a request, ``form`` is None for a GET."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self, form=None):
            with suppress(BrokenPipeError, ConnectionResetError):  # the client had enough
                reply(self, form)

        def do_DELETE(self):
            self.do_GET()

        def do_POST(self):
            self.do_GET(self.rfile.read(int(self.headers["Content-Length"])).decode())

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def say(handler, body=b"", status=200, **headers):
    """A whole answer."""
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)
