"""What the child gives up before it looks at a stranger's file (Linux; elsewhere the limits that exist).

Order matters: imports first, then `limit_resources`, `leave_network`, `drop_root`, `forbid_calls`. After the
last one the process can read and write what is already open, use memory, and end; opening a file, a socket or
a new process fails with EPERM. The filter is an allow-list in classic BPF (seccomp(2), filter mode).
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import struct
import sys

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
_SECCOMP_MODE_FILTER = 2
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_NOBODY = 65534
_RET_ALLOW, _RET_KILL_PROCESS, _RET_EPERM = 0x7FFF0000, 0x80000000, 0x00050001
_LOAD, _JUMP_EQUAL, _RETURN = 0x20, 0x15, 0x06
#: machine -> (AUDIT_ARCH_*, allowed call numbers, number of tgkill). From the kernel's syscall tables.
_CALLS: dict[str, tuple[int, dict[str, int], int]] = {
    "x86_64": (
        0xC000003E,
        {
            "read": 0, "write": 1, "close": 3, "fstat": 5, "lseek": 8, "mmap": 9, "mprotect": 10,
            "munmap": 11, "brk": 12, "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15,
            "readv": 19, "writev": 20, "sched_yield": 24, "mremap": 25, "madvise": 28, "getpid": 39,
            "exit": 60, "getrusage": 98, "times": 100, "sigaltstack": 131, "gettid": 186, "futex": 202,
            "clock_gettime": 228, "exit_group": 231, "getrandom": 318, "rseq": 334,
        },
        234,
    ),
    "aarch64": (
        0xC00000B7,
        {
            "close": 57, "lseek": 62, "read": 63, "write": 64, "readv": 65, "writev": 66, "fstat": 80,
            "exit": 93, "exit_group": 94, "futex": 98, "clock_gettime": 113, "sched_yield": 124,
            "sigaltstack": 132, "rt_sigaction": 134, "rt_sigprocmask": 135, "rt_sigreturn": 139,
            "times": 153, "getrusage": 165, "getpid": 172, "gettid": 178, "brk": 214, "munmap": 215,
            "mremap": 216, "mmap": 222, "mprotect": 226, "madvise": 233, "getrandom": 278, "rseq": 293,
        },
        131,
    ),
}  # fmt: skip


def confine(memory_bytes: int, cpu_seconds: int) -> dict[str, bool]:
    """Everything below, in order. Returns which protections hold; none of them is assumed."""
    held = limit_resources(memory_bytes, cpu_seconds)
    libc = ctypes.CDLL(None, use_errno=True)
    held["own_network"] = _leave_network(libc)
    held["unprivileged"] = _drop_root()
    held["call_filter"] = _forbid_calls(libc)
    return held


def limit_resources(memory_bytes: int, cpu_seconds: int) -> dict[str, bool]:
    """RLIMIT_AS, CPU, FSIZE 0, CORE 0, few open files, no new processes."""
    return {
        "memory": _limit(resource.RLIMIT_AS, memory_bytes),
        "cpu": _limit(resource.RLIMIT_CPU, cpu_seconds),
        "no_file_writes": _limit(resource.RLIMIT_FSIZE, 0),
        "no_core_dump": _limit(resource.RLIMIT_CORE, 0),
        "few_files": _limit(resource.RLIMIT_NOFILE, 16),
        "no_processes": _limit(resource.RLIMIT_NPROC, 0),
    }


def _limit(which: int, value: int) -> bool:
    try:
        resource.setrlimit(which, (value, value))
    except (OSError, ValueError):
        return False
    return True


def _leave_network(libc: ctypes.CDLL) -> bool:
    """An empty network namespace: not even loopback is up. Unprivileged only where user namespaces are."""
    if not sys.platform.startswith("linux"):
        return False
    flags = _CLONE_NEWNET if os.geteuid() == 0 else _CLONE_NEWNET | _CLONE_NEWUSER
    return bool(libc.unshare(flags) == 0)


def _drop_root() -> bool:
    if os.geteuid() != 0:
        return True
    try:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    except OSError:
        return False
    return True


def die_with_parent() -> None:
    """Nobody is left to read the answer: stop. Done early, before anything can be slow."""
    if sys.platform.startswith("linux"):
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def open_usage() -> int:
    """A handle to read the process's own memory figures from once nothing can be opened; -1 if there is
    none."""
    try:
        return os.open("/proc/self/status", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return -1


def usage(handle: int) -> dict[str, int]:
    """Peaks in kB: {"resident": VmHWM, "address_space": VmPeak}; the latter is what RLIMIT_AS bounds."""
    if handle < 0:
        return {}
    lines = os.read(handle, 8192).decode("ascii", "replace").splitlines()
    found = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith("Vm")}
    return {"resident": int(found["VmHWM"]), "address_space": int(found["VmPeak"])}


def _forbid_calls(libc: ctypes.CDLL) -> bool:
    if not sys.platform.startswith("linux") or platform.machine() not in _CALLS:
        return False
    program = _program(*_CALLS[platform.machine()], os.getpid())
    buffer = ctypes.create_string_buffer(program, len(program))
    header = _Program(len(program) // 8, ctypes.addressof(buffer))
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(header), 0, 0) == 0)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def _program(arch: int, allowed: dict[str, int], tgkill: int, pid: int) -> bytes:
    """struct seccomp_data: nr at 0, arch at 4, args from 16 (low half first on these machines).

    tgkill is allowed on the process itself only: abort() must end it with SIGABRT, which is how running out
    of memory is told from a crash. x32 calls (bit 30 of nr on x86_64) match nothing and are refused.
    """
    numbers = sorted(allowed.values())
    steps = [
        (_LOAD, 0, 0, 4),
        (_JUMP_EQUAL, 1, 0, arch),
        (_RETURN, 0, 0, _RET_KILL_PROCESS),
        (_LOAD, 0, 0, 0),
    ]
    tail = [(_RETURN, 0, 0, _RET_EPERM), (_RETURN, 0, 0, _RET_ALLOW)]
    for i, number in enumerate(numbers):
        to_allow = (len(numbers) - i - 1) + 4  # over the rest, the tgkill block and the refusal
        steps.append((_JUMP_EQUAL, to_allow, 0, number))
    steps += [
        (_JUMP_EQUAL, 0, 2, tgkill),
        (_LOAD, 0, 0, 16),
        (_JUMP_EQUAL, 1, 0, pid),
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in steps + tail)
