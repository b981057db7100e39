"""A shop that asks another service, under its production hostname, what is in stock."""

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import urlopen


class Shop(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/healthz":
            return self.answer(200, {"greeting": os.environ["GREETING"]})
        if not self.path.startswith("/products/"):
            return self.answer(404, {"error": "no such page"})
        sku = self.path.removeprefix("/products/")
        try:
            with urlopen(f"http://stock.example.com/items/{sku}", timeout=1) as response:
                left = json.load(response)["left"]
        except OSError as error:
            return self.answer(502, {"error": f"stock: {error}"})
        self.answer(200, {"sku": sku, "available": left > 0})

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, *_):
        pass  # errors are logged, requests are counted by envd


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
ThreadingHTTPServer(("", int(os.environ["PORT"])), Shop).serve_forever()
