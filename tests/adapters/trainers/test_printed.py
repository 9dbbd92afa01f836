from mlaas4hep.adapters.trainers.printed import CappedLog


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
