"""Which answers are given again, and how many are kept."""

from __future__ import annotations

from forecastops_local.answers import Answer, Answers

JSON = "application/json"


def answered(content: bytes = b"{}", status: int = 200) -> Answer:
    return status, [(b"content-type", b"application/json")], content


def test_the_same_request_has_the_same_answer_and_no_other_has() -> None:
    answers = Answers()
    answers.keep((JSON, b"1"), answered(b"one"))
    assert answers.of((JSON, b"1")) == answered(b"one")
    assert answers.of((JSON, b"1 ")) is None
    assert answers.of(("text/csv", b"1")) is None


def test_errors_and_what_is_large_are_found_out_anew() -> None:
    answers = Answers()
    kept = {
        (JSON, b"error"): answered(status=400),
        (JSON, b"x" * 3000): answered(),
        ("t" * 3000, b""): answered(),
        (JSON, b"long"): answered(b"x" * 50_000),
    }
    for asked, answer in kept.items():
        answers.keep(asked, answer)
        assert answers.of(asked) is None


def test_what_was_longest_not_asked_for_is_forgotten() -> None:
    answers = Answers()
    for number in range(256):
        answers.keep((JSON, b"%d" % number), answered())
    assert answers.of((JSON, b"0")) is not None
    answers.keep((JSON, b"more"), answered())
    assert answers.of((JSON, b"0")) is not None
    assert answers.of((JSON, b"1")) is None
