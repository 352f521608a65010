"""Reads that a Chroma server failed at, made again.

While the first vectors of a collection are written, and for a moment after a write, Chroma's local server
knows of entries that its graph has not yet, and answers a read with an error of its own (500). A read changes
nothing, and a moment later it succeeds.
"""

import time

import httpx

WAITS = (0.02, 0.05, 0.1, 0.2, 0.4)
"""Seconds before each further try."""

READS = ("/get", "/query", "/search", "/count")
"""How the paths end under which a collection is read."""


class AskingAgain(httpx.HTTPTransport):
    """Sends requests; those for reading again where the server says that it failed."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, as often as it takes."""
        response = super().handle_request(request)
        for wait in WAITS if request.url.path.endswith(READS) else ():
            if response.status_code != httpx.codes.INTERNAL_SERVER_ERROR:
                break
            response.close()
            time.sleep(wait)
            response = super().handle_request(request)
        return response
