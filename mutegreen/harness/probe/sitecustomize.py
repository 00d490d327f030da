"""Collect evidence, in every Python process of a trial, that a value was applied; and install shims.

The harness puts the folder of this file first on PYTHONPATH, so Python imports it when it starts. The probe observes
the values that the program's parser (argparse, click, absl) returns, environment variables, whether a mutated file is
opened, and the value of a mutated constant at the end. For each observation it appends one JSON line to the file that
MUTEGREEN_PROBE names. It also installs the shims that the audit requests (`shims/`).

Guarantees: an error of the probe never reaches the training.
Relies on: the standard library, and Python 3.6 or later.
"""

import os
import sys


def _main():
    import json

    task = json.loads(os.environ["MUTEGREEN_PROBE"])
    flags = task["flags"]
    files = {os.path.realpath(path) for path in task["files"]}
    names = {os.path.basename(path) for path in files}
    constants = {os.path.realpath(path): given for path, given in task["constants"].items()}

    def report(kind, **facts):
        facts.update(kind=kind, pid=os.getpid(), ppid=os.getppid())
        line = json.dumps(facts, default=str) + "\n"
        # One write of one short line in append mode: processes of a trial do not mix their lines.
        descriptor = os.open(task["out"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, line.encode("utf-8", "replace"))
        finally:
            os.close(descriptor)

    def quietly(function, *arguments):
        try:
            function(*arguments)
        except Exception:
            pass

    def program():
        # The first argument is no file for `python -c` and for an interpreter embedded in another program.
        first = sys.argv[0] if getattr(sys, "argv", None) else ""
        return os.path.realpath(first) if os.path.isfile(first) else ""

    def started():
        # The script or module of the command line. Empty for `python -c`, with which multiprocessing starts helpers.
        words = list(getattr(sys, "orig_argv", ()))[1:]
        for place, word in enumerate(words):
            if word == "-c":
                break
            if word == "-m":
                module = os.path.join(*words[place + 1].split("."))
                word = module if os.path.isdir(module) else module + ".py"
            if os.path.exists(word):
                return os.path.realpath(word)
        return ""

    def parsed(parser, values, given):
        report("parser", parser=parser, program=program(), values=values, given=given)

    def is_given(spellings, arguments):
        return any(str(word).partition("=")[0] in spellings for word in arguments)

    def hook_argparse(module):
        original = module.ArgumentParser.parse_known_args

        def observe(parser, words, namespace):
            values, given = {}, []
            for action in parser._actions:
                for flag in action.option_strings:
                    if flag in flags and hasattr(namespace, action.dest):
                        values[flag] = getattr(namespace, action.dest)
                        given += [flag] * is_given(action.option_strings, words)
            parsed("argparse", values, given)

        def parse_known_args(self, args=None, namespace=None, **options):
            words = list(sys.argv[1:] if args is None else args)
            result = original(self, args, namespace, **options)
            quietly(observe, self, words, result[0])
            return result

        module.ArgumentParser.parse_known_args = parse_known_args

    def hook_click(module):
        original = module.Command.parse_args

        def observe(command, words, context):
            values, given = {}, []
            for parameter in command.get_params(context):
                spellings = list(parameter.opts) + list(parameter.secondary_opts)
                for flag in spellings:
                    if flag in flags and parameter.name in context.params:
                        values[flag] = context.params[parameter.name]
                        given += [flag] * is_given(spellings, words)
            parsed("click", values, given)

        def parse_args(self, context, arguments):
            words = list(arguments)
            result = original(self, context, arguments)
            quietly(observe, self, words, context)
            return result

        module.Command.parse_args = parse_args

    def hook_absl(module):
        original = module.FlagValues.__call__

        def observe(values):
            known = {flag: values[flag.lstrip("-")] for flag in flags if flag.lstrip("-") in values}
            given = [flag for flag, one in known.items() if one.present]
            parsed("absl", {flag: one.value for flag, one in known.items()}, given)

        def call(self, *arguments, **options):
            result = original(self, *arguments, **options)
            quietly(observe, self)
            return result

        module.FlagValues.__call__ = call

    changes = {}

    def change(name, how):
        # A module that was imported before the probe is changed now, any other as soon as it has been executed.
        if name in sys.modules:
            quietly(how, sys.modules[name])
        else:
            changes.setdefault(name, []).append(how)

    def install(shim):
        from importlib.util import module_from_spec, spec_from_file_location

        reported = set()

        def report_once(how, acted=True):
            if (how, acted) not in reported:
                reported.add((how, acted))
                quietly(lambda: report("shim", name=shim, acted=acted, how=how))

        def guarded(how):
            def changed(module):
                try:
                    how(module, report_once)
                except Exception as error:
                    report_once("{} could not be changed: {!r}".format(module.__name__, error), acted=False)

            return changed

        path = os.path.join(os.path.dirname(os.path.realpath(__file__)), "shims", shim + ".py")
        spec = spec_from_file_location("mutegreen_shim_" + shim, path)
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        for name, how in module.CHANGES.items():
            change(name, guarded(how))

    class Finder:
        """Lets the ordinary finders find a module that is to be changed, and changes it once it has been executed."""

        @staticmethod
        def find_spec(name, path=None, target=None):
            todo = changes.pop(name, None)
            if todo is None:
                return None
            from importlib.util import find_spec

            spec = find_spec(name)
            loader = getattr(spec, "loader", None)
            if loader is None or not hasattr(loader, "exec_module"):
                return spec
            execute = loader.exec_module

            def exec_module(module):
                execute(module)
                for how in todo:
                    quietly(how, module)

            try:
                loader.exec_module = exec_module
            except AttributeError:
                pass
            return spec

    def opened(event, arguments):
        if event in ("open", "cpython.run_file") and files:
            path = arguments[0]
            if isinstance(path, (str, bytes)) and os.path.basename(os.fsdecode(path)) in names:
                path = os.path.realpath(os.fsdecode(path))
                if path in files:
                    files.discard(path)
                    report("opened", file=path)

    def ended():
        # If a config file or another module has assigned the constant again, the mutated value was not applied.
        for module in list(sys.modules.values()):
            # `__main__` loses its `__file__` as soon as it has run.
            file = getattr(module, "__file__", None) or (main if module.__name__ == "__main__" else None)
            path = os.path.realpath(file or "")
            for name in constants.get(path, ()):
                value = vars(module).get(name)
                if isinstance(value, (bool, int, float, str)):
                    report("ended", file=path, name=name, value=value)

    main = started()
    report(
        "start",
        program=main,
        arguments=list(getattr(sys, "orig_argv", ())),
        environment={name: os.environ.get(name) for name in task["variables"]},
    )
    if flags:
        change("argparse", hook_argparse)
        change("click.core", hook_click)
        change("absl.flags._flagvalues", hook_absl)
    for shim in task["shims"]:
        try:
            install(shim)
        except Exception as error:
            report("shim", name=shim, acted=False, how="could not be installed: {!r}".format(error))
    if changes:
        sys.meta_path.insert(0, Finder)
    if files and hasattr(sys, "addaudithook"):
        sys.addaudithook(lambda event, arguments: quietly(opened, event, arguments))
    if constants:
        import atexit

        atexit.register(quietly, ended)


def _next_sitecustomize():
    """Run the sitecustomize that this one hides, if the machine has one."""
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    here = os.path.dirname(os.path.realpath(__file__))
    spec = PathFinder.find_spec("sitecustomize", [p for p in sys.path if os.path.realpath(p) != here])
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(module_from_spec(spec))


if "MUTEGREEN_PROBE" in os.environ:
    try:
        _main()
    except Exception as _error:
        sys.stderr.write("mutegreen: the probe for evidence failed: {!r}\n".format(_error))
_next_sitecustomize()
