"""Stops one thread of another process, as if the kernel held it."""

import ctypes
import os

PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
WAIT_ALL = 0x40000000  # __WALL of waitpid(2): threads that are not the process's first too

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_libc.ptrace.restype = ctypes.c_long


class StoppedThread:
    """From here until `release` it does not run. Only for the thread that has made it (ptrace(2))."""

    def __init__(self, tid):
        self.tid = tid
        self._call(PTRACE_SEIZE)
        try:
            self._call(PTRACE_INTERRUPT)
            os.waitpid(tid, WAIT_ALL)
        except OSError:
            self.release()
            raise

    def release(self):
        """It goes on; nothing if it does already."""
        if self.tid:
            self._call(PTRACE_DETACH)
            self.tid = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.release()

    def _call(self, request):
        if _libc.ptrace(request, self.tid, None, None) == -1:
            error = ctypes.get_errno()
            raise OSError(error, f"ptrace {request:#x} of {self.tid}: {os.strerror(error)}")
