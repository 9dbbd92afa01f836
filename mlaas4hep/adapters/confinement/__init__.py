"""Limits on a child process: Landlock, seccomp, prctl. Trainers and runtimes use it alike."""
