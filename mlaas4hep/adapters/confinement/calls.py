"""System calls of a confined process: all that CPython, NumPy and the frameworks need.

Found by tracing every framework through the contract suite of trainers (docs/security.md says
how); numbers are name=x86_64,aarch64, with - where a machine has no such call.
"""

_TABLE = """
open files:
read=0,63 write=1,64 pread64=17,67 pwrite64=18,68 readv=19,65 writev=20,66 preadv=295,69
pwritev=296,70 preadv2=327,286 pwritev2=328,287 close=3,57 close_range=436,436 lseek=8,62
dup=32,23 dup2=33,- dup3=292,24 pipe=22,- pipe2=293,59
sendfile=40,71 copy_file_range=326,285 truncate=76,45 ftruncate=77,46 fallocate=285,47
fsync=74,82 fdatasync=75,83 sync_file_range=277,84 fadvise64=221,223 flock=73,32 umask=95,166

names of files, which Landlock decides about:
stat=4,- fstat=5,80 lstat=6,- newfstatat=262,79 statx=332,291 statfs=137,43 fstatfs=138,44
access=21,- faccessat=269,48 faccessat2=439,439 readlink=89,- readlinkat=267,78 getdents=78,-
getdents64=217,61 getcwd=79,17 chdir=80,49 fchdir=81,50 mkdir=83,- mkdirat=258,34 rmdir=84,-
unlink=87,- unlinkat=263,35 rename=82,- renameat=264,38 renameat2=316,276 link=86,-
linkat=265,37 symlink=88,- symlinkat=266,36

memory:
munmap=11,215 mremap=25,216 mprotect=10,226 madvise=28,233 brk=12,214 msync=26,227
mincore=27,232 membarrier=324,283 get_mempolicy=239,236 set_mempolicy=238,237 mbind=237,235

threads:
futex=202,98 set_robust_list=273,99 get_robust_list=274,100 rseq=334,293 set_tid_address=218,96
exit=60,93 exit_group=231,94 gettid=186,178 getpid=39,172 getppid=110,173 sched_yield=24,124
sched_getaffinity=204,123 sched_getparam=143,121 sched_getscheduler=145,120
sched_get_priority_max=146,125 sched_get_priority_min=147,126 arch_prctl=158,- getcpu=309,168
wait4=61,260 waitid=247,95 restart_syscall=219,128

signals and timers of its own:
rt_sigaction=13,134 rt_sigprocmask=14,135 rt_sigreturn=15,139 rt_sigpending=127,136
rt_sigtimedwait=128,137 rt_sigsuspend=130,133 sigaltstack=131,132 pause=34,- alarm=37,-
setitimer=38,103 getitimer=36,102 timer_create=222,107 timer_settime=223,110
timer_gettime=224,108 timer_getoverrun=225,109 timer_delete=226,111 timerfd_create=283,85
timerfd_settime=286,86 timerfd_gettime=287,87

time, and waiting:
clock_gettime=228,113 clock_getres=229,114 clock_nanosleep=230,115 nanosleep=35,101
gettimeofday=96,169 time=201,- times=100,153
poll=7,- ppoll=271,73 select=23,- pselect6=270,72 epoll_create=213,- epoll_create1=291,20
epoll_ctl=233,21 epoll_wait=232,- epoll_pwait=281,22 epoll_pwait2=441,441 eventfd=284,-
eventfd2=290,19

the one socket that it was given:
sendmsg=46,211 recvmsg=47,212 sendto=44,206 recvfrom=45,207 shutdown=48,210 getsockname=51,204
getpeername=52,205

what it is:
uname=63,160 sysinfo=99,179 getuid=102,174 geteuid=107,175 getgid=104,176 getegid=108,177
getgroups=115,158 getresuid=118,148 getresgid=120,150 getpgid=121,155 getpgrp=111,-
getsid=124,156 getrlimit=97,163 setrlimit=160,164 getrusage=98,165 getpriority=140,141
capget=125,90 getrandom=318,278

only with some arguments (`ARGUMENTS`, `FILES`, and seccomp.py for clone, signals and mmap):
open=2,- creat=85,- openat=257,56 getsockopt=55,209 fcntl=72,25 ioctl=16,29 prctl=157,167
prlimit64=302,261 sched_setaffinity=203,122 clone=56,220 mmap=9,222 kill=62,129 tgkill=234,131 rt_sigqueueinfo=129,138 rt_tgsigqueueinfo=297,240
"""

#: what a program of ours needs beside those to ask servers; bind, listen and accept are not in it
_OF_THE_NETWORK = """
socket=41,198 connect=42,203 setsockopt=54,208 sendmmsg=307,269 recvmmsg=299,243
"""
_PLACES = {"x86_64": 0, "aarch64": 1}

MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  #: AUDIT_ARCH_…
SIGNALS = ("kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo")

#: call → which argument, and the values that it may have
ARGUMENTS: dict[str, tuple[int, tuple[int, ...]]] = {
    # F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, locks, open file locks, F_DUPFD_CLOEXEC,
    # F_GETPIPE_SZ, F_ADD_SEALS, F_GET_SEALS: no F_SETOWN, F_SETSIG, F_SETPIPE_SZ, F_NOTIFY
    "fcntl": (1, (*range(8), 36, 37, 38, 1030, 1032, 1033, 1034)),
    # TCGETS, TCGETS2 (is it a terminal?), TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX
    "ioctl": (1, (0x5401, 0x802C542A, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)),
    # names of threads and maps, questions: no PR_SET_PDEATHSIG, no PR_SET_DUMPABLE
    "prctl": (0, (2, 3, 15, 16, 23, 29, 30, 39, 41, 42, 0x53564D41)),
    # SO_TYPE, SO_ERROR, SO_SNDBUF, SO_RCVBUF, SO_PROTOCOL, SO_DOMAIN: no SO_PEERPIDFD, which
    # gives what pidfd_open refuses
    "getsockopt": (2, (3, 4, 7, 8, 38, 39)),
    "prlimit64": (0, (0,)),  # itself, and nobody else of the same user
    "sched_setaffinity": (0, (0,)),
}

#: the same for those of the network
OF_THE_NETWORK: dict[str, tuple[int, tuple[int, ...]]] = {
    # AF_INET, AF_INET6: no AF_UNIX, behind which daemons listen, no AF_NETLINK, no AF_PACKET
    "socket": (0, (2, 10)),
    # TCP_NODELAY, SO_REUSEADDR, TCP_CORK, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT and SO_SNDBUF, SO_RCVBUF,
    # SO_KEEPALIVE, IP_RECVERR, SO_LINGER, TCP_USER_TIMEOUT, SO_RCVTIMEO, SO_SNDTIMEO, IPV6_RECVERR:
    # no SO_ATTACH_FILTER, no TCP_ULP
    "setsockopt": (2, (1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 18, 20, 21, 25)),
}

#: call that may make a file → which argument holds its flags (None: it always does), and its mode
FILES: dict[str, tuple[int | None, int]] = {
    "open": (1, 2),
    "creat": (None, 1),
    "openat": (2, 3),
}


def numbers(machine: str, *, asks: bool = False) -> dict[str, int]:
    """Return name → number of all allowed system calls of a machine; `asks`: also of the network."""
    place = _PLACES[machine]
    table = _TABLE + _OF_THE_NETWORK if asks else _TABLE
    words = (word for word in table.split() if "=" in word)
    found = {name: each.split(",")[place] for name, _, each in (w.partition("=") for w in words)}
    return {name: int(number) for name, number in found.items() if number != "-"}
