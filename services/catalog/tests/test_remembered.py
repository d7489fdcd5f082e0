"""What is remembered is forgotten in time."""

from catalog.remembered import KEPT_SECONDS, Remembered


def test_a_text_is_found_until_it_is_too_old():
    clock = [100.0]
    remembered = Remembered(lambda: clock[0])
    remembered.keep("a", "text")
    assert remembered.find("a") == "text"
    assert remembered.find("b") is None
    clock[0] += KEPT_SECONDS
    assert remembered.find("a") is None


def test_it_never_grows_without_end():
    remembered = Remembered(lambda: 0.0)
    for key in range(10_000):
        remembered.keep(key, "text")
    assert len(remembered._texts) <= 1_000
    assert remembered.find(9_999) == "text"
