"""What a command printed that ended well."""

import json
import subprocess


def lines(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The lines of a run that went well and had nothing to say beside them."""
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def value(done: subprocess.CompletedProcess[str]) -> object:
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)
