"""A request to azureml-mlflow's client that is carried out by another process, with its arguments and result typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import signature
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

__all__ = ["Operation", "Request", "named", "operation"]

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)

_OPERATIONS: dict[str, Operation[..., Any]] = {}


@dataclass(frozen=True)
class Request(Generic[Result_co]):
    """One call of an operation, as it goes through the pipe; ``Result_co`` is what comes back.

    Attributes:
        operation: the operation's name.
        arguments: by name, plain values that JSON can carry.
    """

    operation: str
    arguments: Mapping[str, Any]


class Operation(Generic[Arguments, Result]):
    """Something that the client can do; calling it makes the request, and nothing is done yet."""

    def __init__(self, function: Callable[Concatenate[Any, Arguments], Result]) -> None:
        self._function = function
        self.__doc__ = function.__doc__

    def __call__(self, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Request[Result]:
        """Return the request with these arguments.

        Raises:
            TypeError: when they are not those of the operation.
        """
        bound = signature(self._function).bind(None, *args, **kwargs)
        client, *_ = bound.arguments
        del bound.arguments[client]
        return Request(self._function.__name__, bound.arguments)

    def carry_out(self, client: Any, arguments: Mapping[str, Any]) -> Result:
        """Do it, with azureml-mlflow's client."""
        function: Callable[..., Result] = self._function
        return function(client, **arguments)


def operation(function: Callable[Concatenate[Any, Arguments], Result]) -> Operation[Arguments, Result]:
    """Make an operation of a function whose first argument is the client, and remember it by its name."""
    made = Operation(function)
    _OPERATIONS[function.__name__] = made
    return made


def named(name: str) -> Operation[..., Any]:
    """Return the operation that a request names.

    Raises:
        KeyError: when there is none of that name.
    """
    return _OPERATIONS[name]
