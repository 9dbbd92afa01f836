from mlaas4hep.adapters.trainers.parent.printed import CappedLog


def test_a_short_log_is_kept_whole():
    log = CappedLog(100)

    log.write(b"one\n")
    log.write(b"two\n")

    assert log.content() == b"one\ntwo\n"


def test_a_long_log_keeps_its_beginning_and_its_end_and_says_what_is_missing():
    log = CappedLog(10)

    for _ in range(1000):
        log.write(b"0123456789")

    assert log.content() == b"01234\n[... 9990 bytes of output left out ...]\n56789"


def test_nothing_that_a_terminal_would_obey_is_left():
    log = CappedLog(1000)

    log.write(b"\x1b[2J\x1b]0;title\x07 a\tb\x08\x9b \xe2\x80\xae \xc2\x9b \xff ok \xc3\xa9\n")
    log.write(b"\x1b[0;93mgpu \x1b[1mnot\x1b[m found\x1b[0m\n")

    text = log.content().decode()
    assert text == (
        "\\x1b[2J\\x1b]0;title\\x07 a\tb\\x08\\x9b \\u202e \\x9b \\xff ok \xe9\ngpu not found\n"
    )


def test_a_line_that_is_written_over_stays_to_be_read():
    log = CappedLog(1000)

    log.write(b"10 %\r20 %\r\nend")

    assert log.content() == b"10 %\n20 %\nend"
