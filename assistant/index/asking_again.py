"""Reads that a Chroma server was not ready for, made again.

While the first vectors of a collection are written, Chroma's local server knows for some milliseconds of
entries that its graph has not yet. It answers a read with an error of its own then (500), or with entries
that have no vectors. A read changes nothing, so that it may be made again; a write is not.
"""

import time

import httpx

WAITS = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds before each further try."""

READS = ("/get", "/query", "/search", "/count")
"""How the paths end under which a collection is read."""

GET, WITHOUT_VECTORS = "/get", b'"embeddings":[null'
"""Where entries are asked for, and what is in the reply when they have no vectors; in a text of one of them
the quotes would be escaped. A search may well be answered without any."""


class AskingAgain(httpx.HTTPTransport):
    """Sends requests, and those that read some times more where the server was not ready."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and give the last response."""
        response = super().handle_request(request)
        for wait in WAITS if request.url.path.endswith(READS) else ():
            body = response.read()  # to its end, so that the connection can be used again
            failed = response.status_code == httpx.codes.INTERNAL_SERVER_ERROR
            if not failed and not (request.url.path.endswith(GET) and WITHOUT_VECTORS in body):
                break
            time.sleep(wait)
            response = super().handle_request(request)
        return response
