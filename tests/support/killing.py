"""Kills before each change of a story, and promotions at once: what must hold after each."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable

from interruptions import interruptions
from stories import STORIES, Story, mend_as_told, require_settled, require_told
from workshop import Stage

__all__ = ["require_every_kill_mended", "require_one_winner", "rerun"]

# Fewer changes than these, and the counting is broken.
LEAST = {"first": 11, "replacement": 10, "rollback": 12, "renewal": 12, "renewal again": 5}
LEAST |= {"held": 5, "refit": 3, "lagging": 6}


def require_every_kill_mended(stage: Stage, names: list[str]) -> None:
    """Of stories that follow each other on one stage, kill each before its first change, its second, and so on."""
    every = {name: STORIES[name].every for name in names}
    killed, left, known = Counter[str](), list(names), set[str]()
    STORIES[names[0]].begin(stage)
    for number, before in enumerate(interruptions()):
        for name in tuple(left):
            if number % every[name]:
                continue
            if require_one_rerun(stage, STORIES[name], before, known):
                killed[name] += 1
            else:
                left.remove(name)
                require_nothing_to_do(stage, STORIES[name])
        if not left:
            break
    assert all(killed[name] >= LEAST[name] for name in names), killed


def require_one_rerun(stage: Stage, story: Story, before: Callable[[], None], known: set[str]) -> bool:
    """Interrupt the story and run its command again; whether it was interrupted.

    Of each kind of problem, the command that `status` names is tried too, where it is not the rerun itself.
    """
    story.reset(stage)
    command = story.command(stage)
    result = stage.run(*command, before=before)
    if result.code == 0:
        return False
    assert result.code == -signal.SIGKILL, result.stderr
    told = require_told(stage)
    rerun(stage, story)
    for kind in [kind for kind, mend in told.items() if not is_rerun(mend, command) and kind not in known]:
        known.add(kind)
        story.reset(stage)
        assert stage.run(*command, before=before).code == -signal.SIGKILL
        mend_as_told(stage, kind, story.data)
        rerun(stage, story)
    return True


def is_rerun(mend: list[str], command: list[str]) -> bool:
    """Whether what `status` names is the command itself, but for its file and settings."""
    words = mend[1:]
    return all(word in (given, "FILE") for word, given in zip(words, command, strict=False)) and len(words) <= len(
        command
    )


def rerun(stage: Stage, story: Story) -> None:
    story.require_done(stage, stage.ok(*story.command(stage)))


def require_nothing_to_do(stage: Stage, story: Story) -> None:
    """Once more, after the end: nothing changes, and it says so."""
    before = stage.versions()
    said = stage.ok(*story.command(stage))
    assert "already" in said["note"]
    assert stage.versions() == before
    story.require_done(stage, said)
    assert stage.run("status").json == stage.status()


def require_one_winner(stage: Stage, rivals: list[str]) -> None:
    """Both are judged against the same champion, and start at the same moment."""
    if stage.champion() is None:
        stage.first_champion()
        for run_id in rivals:
            stage.evaluate(run_id)
    STORIES["replacement"].reset(stage)
    running = [stage.start("promote", "--run-id", run_id) for run_id in rivals]
    results = [process.result() for process in running]
    assert sorted(result.code for result in results) == [0, 1], [result.stderr for result in results]
    winner, loser = sorted(results, key=lambda result: result.code)
    assert "against champion version 1, which is now version" in loser.error
    require_settled(stage, winner.json["version"])
    assert len(stage.versions()) == 2
