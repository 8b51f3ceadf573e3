"""Unpacks some members of a wheel and prints, a line each, how many bytes are written so far.

unpack_wheel.py WHEEL FOLDER PREFIX...   members that start with a prefix; zipfile checks their CRC
Needs nothing beyond Python 3.7. Exit 28 where the disk is full, 2 where a prefix matches nothing.
"""

import errno
import os
import sys
import zipfile

wheel, folder, *prefixes = sys.argv[1:]
written = 0
unmatched = set(prefixes)

try:
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            prefix = next((p for p in prefixes if member.filename.startswith(p)), None)
            if prefix is None or member.is_dir():
                continue
            unmatched.discard(prefix)
            target = os.path.normpath(os.path.join(folder, member.filename))
            if not target.startswith(os.path.normpath(folder) + os.sep):
                sys.exit("a member leaves the folder: " + member.filename)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with archive.open(member) as source, open(target, "wb") as sink:
                while True:
                    chunk = source.read(1 << 22)
                    if not chunk:
                        break
                    sink.write(chunk)
                    written += len(chunk)
                    if len(chunk) == 1 << 22:
                        print(written, flush=True)
            # tools such as ptxas stay executable
            if member.external_attr >> 16 & 0o111:
                os.chmod(target, 0o755)
except OSError as error:
    sys.stderr.write(str(error) + "\n")
    sys.exit(28 if error.errno == errno.ENOSPC else 1)

if unmatched:
    sys.stderr.write("not in the wheel: " + ", ".join(sorted(unmatched)) + "\n")
    sys.exit(2)
