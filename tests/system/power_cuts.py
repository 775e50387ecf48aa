# SPDX-License-Identifier: GPL-2.0-only
"""What a power cut leaves of a folder: from a journal of all that was changed and synced in it
(../faulty_disk/disk_journal.h), any state that a disk may be in afterwards.

What was synced is there. Of what was not, each 512 octets of each write are there or not, a file
is as long as it was or as the lost write would have made it (then zeros are there), and each name
that was made, changed or removed in a folder which was not synced since is so or not, one whatever
the others are. File systems promise more; POSIX does not.
"""

import dataclasses
import os
import random
import shutil
from pathlib import Path

SECTOR = 512


@dataclasses.dataclass
class Record:
    what: str
    time: float
    inode: int
    number: int
    first: bytes
    second: bytes
    at: int  # where it begins in the journal


def read_journal(path):
    octets, at, records = Path(path).read_bytes(), 0, []
    while at < len(octets):
        line, begin = octets[at:octets.index(b"\n", at)], at
        what, *numbers = line.decode().split()
        time, inode, number, first, second = map(int, numbers)
        at += len(line) + 1
        records.append(Record(what, time / 1e9, inode, number, octets[at:at + first],
                              octets[at + first:at + first + second], begin))
        at += first + second
    return records


def put(content, offset, octets):
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset:offset + len(octets)] = octets


def change(content, record):
    if record.what == "truncate":
        del content[record.number:]
        content.extend(bytes(record.number - len(content)))
    else:
        put(content, record.number, record.first)


class File:
    """`synced`: its octets; `later`: records of what was done with it since."""

    def __init__(self, content=b"", mode=0o600):
        self.synced, self.later, self.mode = bytearray(content), [], mode

    def sync(self, covers):
        for record in self.later:
            if record.at < covers:
                change(self.synced, record)
        self.later = [record for record in self.later if record.at >= covers]

    def whole(self):
        content = bytearray(self.synced)
        for record in self.later:
            change(content, record)
        return content

    def after_cut(self, dice):
        content = bytearray(self.synced)
        for record in self.later:
            if record.what == "truncate":
                if dice.random() < 0.5:
                    change(content, record)
                continue
            self._tear(content, record, dice)
        return content

    @staticmethod
    def _tear(content, record, dice):
        end, share = record.number + len(record.first), dice.choice((0.0, 0.5, 1.0))
        at = record.number
        while at < end:
            until = min(end, (at // SECTOR + 1) * SECTOR)
            if dice.random() < share:
                put(content, at, record.first[at - record.number:until - record.number])
            at = until
        if len(content) < end and dice.random() < 0.5:
            content.extend(bytes(end - len(content)))


class Folder:
    """`names`: what it shows; `synced`: what is on the disk; `later`: changes since, as (record,
    what the name stands for)."""

    def __init__(self, names=(), mode=0o700):
        self.names, self.mode = dict(names), mode
        self.synced, self.later = dict(names), []

    @staticmethod
    def _change(names, record, node):
        if record.what == "remove":
            names.pop(record.first, None)
        elif record.what == "rename":
            names.pop(record.first, None)
            names[record.second] = node
        else:
            names[record.first] = node

    def note(self, record, node):
        node = node or self.names.get(record.first)
        assert node or record.what == "remove", f"{record}: of no file that is known"
        self._change(self.names, record, node)
        self.later.append((record, node))

    def sync(self, covers):
        for record, node in self.later:
            if record.at < covers:
                self._change(self.synced, record, node)
        self.later = [(record, node) for record, node in self.later if record.at >= covers]

    def after_cut(self, dice):
        names = dict(self.synced)
        for record, node in self.later:
            if dice.random() < 0.5:
                self._change(names, record, node)
        return names


class Disk:
    """A folder as it is now, all of it synced; then replay() what a journal says."""

    def __init__(self, folder):
        self._inodes = {}
        self._top = self._taken(Path(folder))

    def _taken(self, path):
        status = path.stat()
        mode = status.st_mode & 0o7777
        if path.is_dir():
            node = Folder({os.fsencode(child.name): self._taken(child)
                           for child in path.iterdir()}, mode)
        else:
            node = File(path.read_bytes(), mode)
        self._inodes[status.st_ino] = node
        return node

    def replay(self, record):
        node = self._inodes.get(record.inode)
        if record.what == "sync":
            node.sync(record.number)
        elif record.what in ("write", "truncate"):
            node.later.append(record)
        elif record.what in ("create", "mkdir"):
            made = self._inodes[record.number] = File() if record.what == "create" else Folder()
            node.note(record, made)
        else:
            node.note(record, None)

    def write(self, folder, dice=None):
        """Makes `folder` what the disk shows or, with `dice`, what a power cut now could leave."""
        for child in Path(folder).iterdir():
            shutil.rmtree(child) if child.is_dir() else child.unlink()
        self._write(self._top, Path(folder), dice)

    def _write(self, node, folder, dice):
        names = node.after_cut(dice) if dice else node.names
        for name, child in names.items():
            path = folder / os.fsdecode(name)
            if isinstance(child, Folder):
                path.mkdir()
                self._write(child, path, dice)
            else:
                path.write_bytes(child.after_cut(dice) if dice else child.whole())
            path.chmod(child.mode)

    def unsynced(self):
        """-> the records that a power cut now would put at risk, of files"""
        return [record for node in {id(n): n for n in self._inodes.values()}.values()
                if isinstance(node, File) for record in node.later]


def contents(folder):
    """Path -> octets of the files in it, but for SQLite's index, which is mapped, not written."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(Path(folder).rglob("*"))
            if path.is_file() and not path.name.endswith("-shm")}
