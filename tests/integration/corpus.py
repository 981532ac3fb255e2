"""tests/data/http/broken_requests.txt, whose first lines explain its form."""

import ast
import re
from dataclasses import dataclass

from daemon import ROOT

FILE = ROOT / "tests/data/http/broken_requests.txt"


@dataclass
class Entry:
    name: str = ""
    send: bytes = b""
    result: str = ""
    in_body: bool = False
    answer: bytes = b""


def read_bytes(text):
    literal, _, times = text.rpartition(" * ") if re.search(r'" \* \d+$', text) else (text, "", 1)
    return ast.literal_eval("b" + literal) * int(times)


def read_corpus():
    entries = []
    present = None
    for line in FILE.read_text().splitlines():
        if line.startswith("#"):
            continue
        if not line:
            present = None
            continue
        if present is None:
            present = Entry()
            entries.append(present)
        key, _, value = line.partition(": ")
        if key == "name" or key == "result":
            setattr(present, key, value)
        elif key in ("send", "answer"):
            setattr(present, key, getattr(present, key) + read_bytes(value))
        elif key == "part":
            present.in_body = value == "body"
    return entries
