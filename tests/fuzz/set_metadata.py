#!/usr/bin/env python3
"""Sets metadata of safetensors files, such as the inputs in corpus/ when a format has got a new key.

    set_metadata.py KEY=VALUE[,KEY=VALUE...] FILE...

Writes each file again with these keys; `KEY=` alone removes a key. Tensors stay as they are. Files whose header cannot be
read, which a corpus has on purpose, are left alone and named.
"""

import json
import struct
import sys


def set_metadata(path, changes):
    with open(path, "rb") as file:
        content = file.read()
    try:
        (size,) = struct.unpack_from("<Q", content)
        header = json.loads(content[8 : 8 + size])
        metadata = header.setdefault("__metadata__", {})
        for key, value in changes.items():
            metadata.pop(key, None)
            if value:
                metadata[key] = value
    except (struct.error, ValueError, AttributeError):
        print(f"{path}: left alone, its header cannot be read")
        return
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + content[8 + size :])


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    for name in sys.argv[2:]:
        set_metadata(name, dict(change.split("=", 1) for change in sys.argv[1].split(",")))
