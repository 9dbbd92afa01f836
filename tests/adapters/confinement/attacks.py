"""`python attacks.py FILE PARENT DEMAND SOCKET [reads]`: confine this process, then try to leave.

"reads": its folder is to read only. It writes name → "done", or why the kernel refused. Run by test_attacks.py.
"""

import ctypes
import errno
import json
import mmap
import os
import platform
import resource
import signal
import socket
import sys
import tempfile
from pathlib import Path

from mlaas4hep.adapters.confinement import calls
from mlaas4hep.adapters.confinement.confinement import confine
from mlaas4hep.adapters.confinement.limits import TIMERS

_LIBRARY = ctypes.CDLL(None, use_errno=True)
_SECOND = 10**9
_NUMBERS = calls.numbers(platform.machine())
OPENAT, CLONE = _NUMBERS["openat"], _NUMBERS["clone"]
_CALLS = 480  #: kernels of today have fewer
#: let through; they end who calls them
_OF_PROBES = {335, 336} if platform.machine() == "x86_64" else set()
_NO_SIGNAL = (ctypes.c_int * 16)(0, 0, 0, 1)  #: struct sigevent: SIGEV_NONE


def attempt(attack):
    try:
        attack()
    except OSError as error:
        return error.strerror
    return "done"


def call(name, *arguments):
    """Call libc; OSError as Python would."""
    if getattr(_LIBRARY, name)(*arguments) == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def sets_a_signal():
    here, _ = os.pipe()
    call("fcntl", here, 10, 9)  # F_SETSIG


def owns_a_pipe(other):
    here, _ = os.pipe()
    call("fcntl", here, 8, other)  # F_SETOWN


def grows_a_pipe():
    here, _ = os.pipe()
    call("fcntl", here, 1031, 1024**2)  # F_SETPIPE_SZ


def raises_a_limit(which):
    more = (ctypes.c_uint64 * 2)(2**20, 2**20)
    call("setrlimit", which, ctypes.byref(more))


def takes_all_timers():
    """Take one more than a process may have: those of all processes of a user are one number."""
    for _ in range(TIMERS + 1):
        call("timer_create", 1, ctypes.byref(_NO_SIGNAL), ctypes.byref(ctypes.c_void_p()))


def maps_what_is_only_read():
    """Map a million million bytes: a page that is only read costs no memory, and its table does."""
    mmap.mmap(-1, 2**40, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=mmap.PROT_READ)


def filters_its_socket():
    given = socket.socket(fileno=os.dup(int(sys.argv[4])))
    given.setsockopt(socket.SOL_SOCKET, 26, bytes(16))  # SO_ATTACH_FILTER: a program in the kernel


def asks_its_socket_for_the_parent():
    given = socket.socket(fileno=os.dup(int(sys.argv[4])))
    given.getsockopt(socket.SOL_SOCKET, 77, 4)  # SO_PEERPIDFD: what pidfd_open refuses


def makes_a_program_of_its_owner(mode):
    os.umask(0)
    os.close(os.open("program", os.O_CREAT | os.O_WRONLY, mode))


def makes_one_without_a_name():
    os.close(os.open(".", os.O_TMPFILE | os.O_WRONLY, 0o4755))


def opens_with_any_mode():
    """Open as C does that gives no mode where no file is made: the argument is anything."""
    call("syscall", OPENAT, -100, b"mine", os.O_RDONLY, 0o6777)


def binds_its_socket():
    socket.socket(fileno=os.dup(int(sys.argv[4]))).bind("\0mlaas")


def reads_through_a_link(outside):
    Path("shown").symlink_to(outside)
    Path("shown").read_bytes()


def reads_under_another_name(outside):
    Path("taken").hardlink_to(outside)
    Path("taken").read_bytes()


def names_a_file_without_a_name_outside(outside):
    made = os.open(".", os.O_TMPFILE | os.O_WRONLY, 0o600)
    os.link(f"/proc/self/fd/{made}", outside.with_name("made"), follow_symlinks=True)


def asks_where_threads_of_another_keep_their_locks(other):
    head, size = ctypes.c_void_p(), ctypes.c_size_t()
    number = _NUMBERS["get_robust_list"]
    call("syscall", number, other, ctypes.byref(head), ctypes.byref(size))


def unlisted(listed):
    """Return the numbers of calls that are not listed and were not refused."""
    return [
        number
        for number in range(_CALLS)
        if number not in listed | _OF_PROBES
        and not (
            _LIBRARY.syscall(number, -1, -1, -1, -1, -1, -1) == -1
            and ctypes.get_errno() in {errno.EPERM, errno.ENOSYS}
        )
    ]


def attacks(outside, parent):
    """Return name → what a hostile program tries."""
    return {
        "end the parent by a limit": lambda: resource.prlimit(
            parent, resource.RLIMIT_CPU, (_SECOND, _SECOND)
        ),
        "limit itself by its own number": lambda: resource.prlimit(
            os.getpid(), resource.RLIMIT_CPU
        ),
        "allow itself more files": lambda: raises_a_limit(resource.RLIMIT_NOFILE),
        "signal the parent": lambda: os.kill(parent, 0),
        "signal its group": lambda: os.kill(0, 0),
        "signal everybody": lambda: os.kill(-1, 0),
        "queue a signal": lambda: call("sigqueue", parent, 0, None),
        "outlive the parent": lambda: call("prctl", 1, 0, 0, 0, 0),
        "hide from the parent": lambda: call("prctl", 4, 0, 0, 0, 0),
        "slow the parent down": lambda: os.sched_setaffinity(parent, {0}),
        "make the parent nicer": lambda: os.setpriority(os.PRIO_PROCESS, parent, 19),
        "trace the parent": lambda: call("ptrace", 16, parent, 0, 0),
        "read the parent's memory": Path(f"/proc/{parent}/mem").open,
        "see the parent's files": lambda: list(Path(f"/proc/{parent}/fd").iterdir()),
        "shared memory": lambda: call("shmget", 0x6D6C, 4096, 0o1600),
        "semaphores": lambda: call("semget", 0x6D6C, 1, 0o1600),
        "message queues": lambda: call("msgget", 0x6D6C, 0o1600),
        "a POSIX queue": lambda: call("mq_open", b"/mlaas", os.O_RDWR | os.O_CREAT, 0o600, None),
        "memory without a name": lambda: os.memfd_create("m"),
        "memory that no limit counts": lambda: mmap.mmap(-1, 4096),
        "memory of a device": lambda: os.open("/dev/zero", os.O_RDONLY),
        "tables of pages without end": maps_what_is_only_read,
        "all timers of its user": takes_all_timers,
        "a filter for its socket": filters_its_socket,
        "a descriptor of the parent": asks_its_socket_for_the_parent,
        "a program that runs as its owner": lambda: makes_a_program_of_its_owner(0o4755),
        "a program that runs as its group": lambda: makes_a_program_of_its_owner(0o2755),
        "a program without a name that runs as its owner": makes_one_without_a_name,
        "the parent's memory by vectors": lambda: call(
            "process_vm_readv", parent, None, 0, None, 0, 0
        ),
        "a descriptor of a descriptor": lambda: call("syscall", 438, 0, 0, 0),
        "a process in namespaces": lambda: call("syscall", 435, bytes(88), 88),
        "a thread in namespaces": lambda: call("syscall", CLONE, 0x10010900, 0, 0, 0, 0),
        "an abstract name for its socket": binds_its_socket,
        "shared memory of the machine": lambda: Path("/dev/shm/mlaas").write_bytes(b""),
        "stop those beside it": lambda: os.killpg(os.getpgrp(), signal.SIGSTOP),
        "be ended last": lambda: Path("/proc/self/oom_score_adj").write_text("-900"),
        "write into itself": lambda: Path("/proc/self/mem").open("r+b"),
        "write into its map of users": lambda: Path("/proc/self/uid_map").write_text("0 0 1"),
        "chmod outside": lambda: outside.chmod(0o666),
        "chmod inside": lambda: Path("mine").chmod(0o666),
        "fchmod": lambda: os.fchmod(os.open(sys.executable, os.O_RDONLY), 0o777),
        "chown": lambda: os.chown(outside, os.getuid(), os.getgid()),
        "utime": lambda: os.utime(outside),
        "setxattr": lambda: os.setxattr(outside, "user.mlaas", b"x"),
        "read outside": outside.read_bytes,
        "write outside": lambda: outside.write_bytes(b"x"),
        "truncate outside": lambda: os.truncate(outside, 0),
        "remove outside": outside.unlink,
        "move it here": lambda: outside.rename("moved"),
        "move mine there": lambda: Path("mine").rename(outside.with_name("moved")),
        "put mine in its place": lambda: Path("mine").replace(outside),
        "read it through a link": lambda: reads_through_a_link(outside),
        "read it under another name": lambda: reads_under_another_name(outside),
        "a file without a name, outside": lambda: names_a_file_without_a_name_outside(outside),
        "a folder beside mine": lambda: Path("../beside").mkdir(),
        "a place in the parent's memory": lambda: asks_where_threads_of_another_keep_their_locks(
            parent
        ),
        "make a device": lambda: os.mknod("device", 0o20600, os.makedev(1, 1)),
        "watch a foreign folder": lambda: call("inotify_init1", 0),
        "a signal by a descriptor": sets_a_signal,
        "a descriptor's signals to the parent": lambda: owns_a_pipe(parent),
        "a large pipe": grows_a_pipe,
        "a socket": socket.socket,
        "a unix socket": lambda: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM),
        "a pair of datagram sockets": lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM),
        "a netlink socket": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
        "fork": os.fork,
        "start a program": lambda: os.execv("/bin/true", ["true"]),
        "namespaces": lambda: call("unshare", 0x10000000),
        "mount": lambda: call("mount", b"none", b".", b"tmpfs", 0, None),
        "change root": lambda: os.chroot("."),
        "another session": os.setsid,
        "another group": lambda: os.setpgid(0, 0),
        "another user": lambda: os.setresuid(1, 1, 1),
        "io_uring": lambda: call("syscall", 425, 1, None),
        "bpf": lambda: call("syscall", 321, 0, None, 0),
        "perf": lambda: call("syscall", 298, None, 0, -1, -1, 0),
        "userfaultfd": lambda: call("syscall", 323, 0),
        "keys": lambda: call("syscall", 250, 0, -3, 0),
        "a pidfd": lambda: os.pidfd_open(parent),
        "calls numbered as x32": lambda: call("syscall", 0x40000000 + 39),
        "type into a terminal": lambda: call("ioctl", 0, 0x5412, b"x"),
    }


def needs():
    """Return name → what every program may do."""
    return {
        "write inside": lambda: Path("mine").write_bytes(b"x"),
        "open what is there with any mode": opens_with_any_mode,
        "make a program": lambda: os.close(os.open("own", os.O_CREAT | os.O_WRONLY, 0o1777)),
        "ask its socket what it is": lambda: socket.socket(fileno=os.dup(int(sys.argv[4]))).type,
        "rename inside": lambda: Path("mine").rename("yours"),
        "make a folder": lambda: Path("folder").mkdir(),
        "read its limits": lambda: resource.getrlimit(resource.RLIMIT_DATA),
        "signal itself": lambda: os.kill(os.getpid(), 0),
        "make a pipe": os.pipe,
        "read its own status": lambda: Path("/proc/self/status").read_bytes(),
        "lock a file": lambda: os.lockf(os.open("lock", os.O_RDWR | os.O_CREAT), os.F_LOCK, 0),
    }


def writes_to_a_folder_that_it_only_reads():
    """Return name → what writing attacks of a process came to that may write nothing."""
    mine = Path("mine")
    tried = {
        "change what lies there": lambda: mine.write_bytes(b"x"),
        "make a file": lambda: Path("new").write_bytes(b"x"),
        "make a file without a name": lambda: os.open(".", os.O_TMPFILE | os.O_RDWR),
        "make a folder": lambda: Path("folder").mkdir(),
        "remove what lies there": mine.unlink,
        "make a pipe with a name": lambda: os.mkfifo("pipe"),
    }
    return {name: attempt(attack) for name, attack in tried.items()}


def confined(outside, parent, demand):
    """Return what a foreign program comes to that may use its folder."""
    reached = confine(work=Path.cwd(), memory_bytes=1024**3, parent=parent, demand=demand)
    return {
        "reached": reached,
        "attacks": {name: attempt(each) for name, each in attacks(outside, parent).items()},
        "needs": {name: attempt(need) for name, need in needs().items()},
        "unlisted": unlisted(set(_NUMBERS.values())),
        "score": Path("/proc/self/oom_score_adj").read_text(),
    }


def reads(parent, demand):
    """Return what a foreign program comes to that may only read in its folder."""
    reached = confine(
        work=Path.cwd(), memory_bytes=1024**3, parent=parent, demand=demand, file_bytes=0
    )
    return {
        "reached": reached,
        "attacks": writes_to_a_folder_that_it_only_reads(),
        "read": attempt(lambda: Path("mine").read_bytes()),
        "folder": tempfile.gettempdir(),
    }


def main():
    outside, parent, demand = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    Path("mine").write_bytes(b"")
    told = reads(parent, demand) if sys.argv[5:] else confined(outside, parent, demand)
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
