"""A task that does nothing, in a module that workers can import."""

__all__ = ["nothing"]


def nothing(piece: bytes) -> str:
    """Take a piece, as a task does."""
    return str(len(piece))
