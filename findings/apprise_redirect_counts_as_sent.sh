#!/bin/sh
# apprise 2.3.0, requests 2.34.2. A webhook that answers with a redirect gets no message, and notify() reports success.
# Expected: the message reaches the page behind the redirect, or notify() returns a failure.
# Seen: the POST becomes a GET without a body, as requests does for 301, 302 and 303; its answer 200 counts as success.
# An http:// address that its server moves to https:// loses every message this way. With "redirect=no" in the URL, or
# http_redirects=False in the asset, the same call fails, as it should.
# Exits with 0 while this is so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet apprise==2.3.0 requests==2.34.2
"$folder/venv/bin/python" - <<'PY'
import http.server
import threading

import apprise

seen = []


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        seen.append(("POST", self.path, b"the message" in body))
        self.send_response(302)
        self.send_header("Location", "/moved")
        self.end_headers()

    def do_GET(self):
        seen.append(("GET", self.path, int(self.headers.get("Content-Length", 0)) > 0))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
answers = []
for query in ("", "?redirect=no"):
    channel = apprise.Apprise()
    assert channel.add(f"json://127.0.0.1:{server.server_address[1]}/hook{query}")
    answers.append(bool(channel.notify(title="title", body="the message")))
print(seen, answers)
assert seen == [("POST", "/hook", True), ("GET", "/moved", False), ("POST", "/hook", True)], "the behaviour changed"
assert answers == [True, False], "the behaviour changed"
PY
