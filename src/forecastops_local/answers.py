"""Answers that were given before: a server has one model, which forecasts the same whenever the same is asked of it."""

from __future__ import annotations

from collections import OrderedDict

__all__ = ["Answer", "Answers"]

Answer = tuple[int, list[tuple[bytes, bytes]], bytes]  # status, headers, content
Asked = tuple[str, bytes]  # content type and body, as they were sent

_MOST = 256
_BODY_BYTES, _ANSWER_BYTES = 2048, 32_768  # larger ones are decoded and scored each time


class Answers:
    """The newest answers to small requests that the model could answer; errors are found out anew each time."""

    def __init__(self) -> None:
        self._known: OrderedDict[Asked, Answer] = OrderedDict()

    def of(self, asked: Asked) -> Answer | None:
        """Return the answer to the very same request; None where it has to be scored."""
        found = self._known.get(asked)
        if found is not None:
            self._known.move_to_end(asked)
        return found

    def keep(self, asked: Asked, answer: Answer) -> None:
        """Remember an answer, and forget the one that was longest not asked for."""
        status, _, content = answer
        if status != 200 or len(asked[0]) + len(asked[1]) > _BODY_BYTES or len(content) > _ANSWER_BYTES:
            return
        self._known[asked] = answer
        if len(self._known) > _MOST:
            self._known.popitem(last=False)
