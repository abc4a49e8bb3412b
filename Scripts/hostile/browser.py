"""Opens pages in headless Chromium and watches for scripts and requests."""

import http.server
import os
import re
import shutil
import subprocess
import threading

import names

TOGETHER = 30
POLICY = re.compile(rb"<meta http-equiv=\"Content-Security-Policy\"[^>]*>")


def program():
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Requests(http.server.BaseHTTPRequestHandler):
    """Stands for every host there is."""

    def do_GET(self):
        if self.headers.get("Host", "") in names.WEB:  # Chromium asks for things of its own
            self.server.seen.append(self.path)
        self.send_response(404)
        self.end_headers()

    def log_message(self, *arguments):
        pass


COLLECTOR = """<!DOCTYPE html><meta charset="utf-8"><pre id="seen"></pre><script>
addEventListener("message", event => {
  for (const frame of document.querySelectorAll("iframe"))
    if (frame.contentWindow === event.source) document.getElementById("seen").append(`[${frame.id}]`)
})
</script>
"""


def opened(pages, work, port):
    """The numbers of the pages that ran a script."""
    frames = COLLECTOR
    for i, raw in enumerate(pages):
        with open(f"{work}/page{i}.html", "wb") as file:
            file.write(raw)
        frames += f'<iframe id="{i}" src="page{i}.html" width="800" height="600"></iframe>\n'
    with open(f"{work}/all.html", "w", encoding="utf-8") as file:
        file.write(frames)
    done = subprocess.run(
        [program(), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={work}/profile", f"--host-resolver-rules=MAP * 127.0.0.1:{port}",
         "--disable-background-networking", "--disable-component-update", "--no-first-run", "--virtual-time-budget=10000", "--dump-dom", f"file://{work}/all.html"],
        capture_output=True, timeout=300)
    seen = re.search(rb'<pre id="seen">(.*?)</pre>', done.stdout, re.DOTALL)
    if not seen:
        raise RuntimeError("Chromium did not open the pages: " + done.stderr.decode("utf-8", "replace")[-300:])
    return {int(number) for number in re.findall(rb"\[(\d+)\]", seen.group(1))}


def open_all(pages, work):
    """Yields (place, reason) for each page that runs a script or asks for something. `pages`: (place, bytes)."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Requests)
    server.seen = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        port = server.server_address[1]
        # A page that must be caught, so that silence means something.
        bad = f"<p><img src=x onerror={names.SCRIPT}><img src={names.WEB}control.png>".encode()
        if opened([bad], work, port) != {0} or "/control.png" not in server.seen:
            raise RuntimeError("Chromium does not show what it should: the control page was not caught")
        server.seen.clear()
        for start in range(0, len(pages), TOGETHER):
            together = pages[start : start + TOGETHER]
            # As it is, and without its policy, as a fragment is that someone pastes.
            for variant, raws in (("as it is", [raw for _, raw in together]), ("in a page that allows all", [POLICY.sub(b"", raw) for _, raw in together])):
                for number in sorted(opened(raws, work, port)):
                    yield together[number][0], f"a name runs as a script, {variant}"
                for path in sorted(set(server.seen)):
                    yield "a page", f"a name makes a request, {variant}: {path}"
                server.seen.clear()
    finally:
        server.shutdown()
