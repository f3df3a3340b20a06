# SPDX-License-Identifier: BSD-3-Clause
"""What stands before a schema registry: TLS and a login, as where one is kept for a company. It can be away for a while."""
import base64
import http.server
import os
import ssl
import threading
import urllib.error
import urllib.request


class RegistryFront:
    """Hands requests with the right login on to the registry at `behind`, as `url` with the certificate of `directory`.

    PUT /away/N: the next N requests for a schema by its id get no proper answer, the first of them none at all.
    """

    def __init__(self, behind, directory, user, password):
        self.behind, self.away, self.silent = behind, 0, False
        self.login = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.path.join(directory, "server.pem"))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # of clients that don't like its certificate
        self.url = f"https://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def handler(front):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self, status, body=b"{}"):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def serve(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if self.headers.get("Authorization") != front.login:
                    return self.answer(401, b'{"message": "who are you?"}')
                if self.path.startswith("/away/"):
                    front.away, front.silent = int(self.path.removeprefix("/away/")), True
                    return self.answer(200)
                if self.path.startswith("/schemas/ids/") and front.away > 0:
                    front.away -= 1
                    if front.silent:
                        front.silent, self.close_connection = False, True
                        return None
                    return self.answer(503, b'{"message": "back in a moment"}')
                request = urllib.request.Request(front.behind + self.path, body or None, method=self.command)
                if "Content-Type" in self.headers:
                    request.add_header("Content-Type", self.headers["Content-Type"])
                try:
                    with urllib.request.urlopen(request, timeout=30) as got:
                        return self.answer(got.status, got.read())
                except urllib.error.HTTPError as refused:
                    return self.answer(refused.code, refused.read())

            do_GET = do_POST = do_PUT = serve

        return Handler
