#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""place.py DEVICE PATH: places a file filled by a Python function, lists what is there, and prints
the file's map as the kernel reads it. Nothing but ctypes and the shared library."""

import ctypes as c
import errno
import sys

OPEN_WRITE = 1
SIZE = 4 << 20


class Err(c.Structure):
    _fields_ = [("rc", c.c_int), ("off", c.c_uint64), ("entry", c.c_uint64),
                ("object", c.c_char * 4352), ("message", c.c_char * 768), ("hint", c.c_char * 768)]


class Extent(c.Structure):
    _fields_ = [("dev_index", c.c_uint64), ("off", c.c_uint64), ("len", c.c_uint64)]


class Entry(c.Structure):
    _fields_ = [("index", c.c_uint64), ("seqnum", c.c_uint64), ("type", c.c_uint32),
                ("mode", c.c_uint32), ("uid", c.c_uint32), ("gid", c.c_uint32),
                ("path", c.c_char * 81), ("path_unterminated", c.c_bool),
                ("file_type", c.c_uint32), ("flags", c.c_uint32), ("size", c.c_uint64),
                ("ext_type", c.c_uint32), ("nextents", c.c_uint32), ("nstrips", c.c_uint64),
                ("chunk_size", c.c_uint64), ("extents_nr", c.c_uint32), ("extents", Extent * 16),
                ("dd_size", c.c_uint64), ("dd_uuid", c.c_uint8 * 16), ("dd_index", c.c_uint32)]


class Request(c.Structure):
    _fields_ = [("path", c.c_char_p), ("size", c.c_uint64), ("mode", c.c_uint32),
                ("parent_mode", c.c_uint32), ("uid", c.c_uint32), ("gid", c.c_uint32),
                ("nstrips", c.c_uint64), ("nbuckets", c.c_uint64), ("chunk_size", c.c_uint64),
                ("flags", c.c_uint)]


DONE = c.CFUNCTYPE(None, c.c_void_p, c.c_size_t, c.c_int, c.POINTER(Entry), c.POINTER(Err))
FILL = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_size_t, c.c_void_p, c.POINTER(Err))
PROGRESS = c.CFUNCTYPE(None, c.c_void_p, c.c_uint64, c.c_uint64)


class Ops(c.Structure):
    _fields_ = [("done", DONE), ("fill", FILL), ("progress", PROGRESS), ("data", c.c_void_p),
                ("atomic", c.c_bool), ("dry_run", c.c_bool)]


class Reply(c.Structure):
    _fields_ = [("buf", c.c_void_p), ("cap", c.c_size_t), ("len", c.c_size_t)]


lib = c.CDLL("libfamfs.so.0")
err = Err()
# Handles are pointers, and an integer argument without a type would be cut to 32 bits.
lib.famfs_fill_write.argtypes = [c.c_void_p, c.c_uint64, c.c_char_p, c.c_size_t, c.POINTER(Err)]
lib.famfs_close.argtypes = lib.famfs_ctx_free.argtypes = [c.c_void_p]
lib.famfs_close.restype = lib.famfs_ctx_free.restype = None
lib.famfs_err_code.restype = c.c_char_p


def must(rc):
    """Passes a result on, or ends with the library's own words."""
    if rc < 0:
        code = lib.famfs_err_code(rc).decode()
        sys.exit(f"{err.object.decode()}: {err.message.decode()} ({code})")
    return rc


@FILL
def fill(_data, index, handle, ret_err):
    """Stores the number of each page at its start."""
    for page in range(0, SIZE, 4096):
        text = (b"%d,%d" % (index, page // 4096)).ljust(8, b"\n")
        rc = lib.famfs_fill_write(handle, page, text, len(text), ret_err)
        if rc:
            return rc
    return 0


@DONE
def done(_data, _index, status, entry, _err):
    """Called when the file is in memory and published, or (without an entry) when it failed."""
    if entry:
        print("done", status, entry.contents.path.decode(), entry.contents.size)


def main(device, path):
    """Places, lists, maps, and looks for what is not there."""
    ctx, fs, cursor, entry = c.c_void_p(), c.c_void_p(), c.c_uint64(), Entry()
    must(lib.famfs_ctx_new(c.byref(ctx)))
    must(lib.famfs_open(ctx, device.encode(), OPEN_WRITE, c.byref(fs), c.byref(err)))
    req = Request(path=path.encode(), size=SIZE, mode=0o640)
    ops = Ops(done=done, fill=fill)
    must(lib.famfs_create(fs, c.byref(req), c.c_size_t(1), c.byref(ops), c.byref(err)))
    while must(lib.famfs_next(fs, c.byref(cursor), c.byref(entry), c.byref(err))):
        runs = [(run.off, run.len) for run in entry.extents[:entry.extents_nr]]
        print("entry", entry.index, entry.path.decode(), oct(entry.mode), entry.size, runs)
    room = c.create_string_buffer(4096)
    reply = Reply(c.cast(room, c.c_void_p), 4096, 0)
    must(lib.famfs_get_fmap(fs, c.byref(entry), None, c.byref(reply), c.byref(err)))
    print("fmap", room.raw[:reply.len].hex())
    rc = lib.famfs_lookup(fs, b"/nowhere", c.byref(entry), c.byref(err))
    print("lookup", errno.errorcode[-rc], err.rc == rc, err.message.decode())
    lib.famfs_close(fs)
    lib.famfs_ctx_free(ctx)


main(sys.argv[1], sys.argv[2])
