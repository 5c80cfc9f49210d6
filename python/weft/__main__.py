"""Runs a script in which `import tensorflow` is Weft: what `weft py` and `python3 -m weft` do.

    script.py [ARGUMENT]...  |  -m MODULE [ARGUMENT]...  |  -c CODE [ARGUMENT]...  |  -
    --coverage [FILE]

Without an argument a person may type. `weft py` runs this file by its path, with the folder of
the extension weft._core as the first argument.
"""
import os
import sys
import types


def _fail(text, status=1):
    sys.stderr.write("weft py: %s\n" % text)
    sys.exit(status)


def _find_weft(core):
    """Let this file's package be found, and its extension in the folder `core`."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    core = os.path.normpath(core)
    sys.path[0:1] = ["", package] + ([core] if core != package else [])


def _check():
    """End with a clear message where a part of the system is missing."""
    try:
        import numpy                            # noqa: F401
    except ImportError:
        _fail("%s has no numpy: install python3-numpy, or let WEFT_PYTHON name another Python"
              % sys.executable)
    try:
        import weft._core                       # noqa: F401
    except ImportError as e:
        _fail("%s, Python %d.%d, cannot load weft._core (%s): WEFT_PYTHON may name another Python"
              % (sys.executable, *sys.version_info[:2], e))


def _main_module(filename):
    """A new, empty __main__."""
    main = types.ModuleType("__main__")
    main.__builtins__ = __builtins__
    if filename is not None:
        main.__file__, main.__cached__ = filename, None
    sys.modules["__main__"] = main
    return main


def _ours(tb):
    name = tb.tb_frame.f_code.co_filename
    return name == __file__ or "runpy" in os.path.basename(name)


def _guarded(run):
    """Run, and report an error as Python does: from the script's first line on."""
    try:
        run()
    except SystemExit:
        raise
    except BaseException as e:
        tb = e.__traceback__
        while tb is not None and _ours(tb):
            tb = tb.tb_next
        sys.excepthook(type(e), e.with_traceback(tb), tb)
        sys.stdout.flush()
        if isinstance(e, KeyboardInterrupt):
            import signal
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGINT)
        sys.exit(1)


def _run_source(source, filename, argv, file=None):
    main = _main_module(file)
    sys.argv = argv
    _guarded(lambda: exec(compile(source, filename, "exec"), vars(main)))


def _run_script(path, arguments):
    sys.path[0] = os.path.dirname(os.path.realpath(path))
    try:
        with open(path, "rb") as f:
            source = f.read()
    except OSError as e:
        _fail("can't open file '%s': %s" % (path, e), 2)
    _run_source(source, path, [path] + arguments, path)


def _run_module(name, arguments):
    import runpy
    sys.path[0] = os.getcwd()
    sys.argv = [name] + arguments
    _guarded(lambda: runpy.run_module(name, run_name="__main__", alter_sys=True))


def _interact():
    import code
    try:
        import readline                         # noqa: F401
        import rlcompleter                      # noqa: F401
        readline.parse_and_bind("tab: complete")
    except ImportError:
        pass
    main = _main_module(None)
    sys.argv, sys.ps1 = [""], ">>> "
    code.interact("Python %s, where tensorflow is Weft" % sys.version.split()[0], local=vars(main),
                  exitmsg="")


def main(arguments):
    """Do what the arguments say."""
    _check()
    from weft import _alias
    _alias.claim("tensorflow")
    first, rest = (arguments[0], arguments[1:]) if arguments else (None, [])
    if first in ("-c", "-m") and not rest:
        _fail("%s needs an argument" % first, 2)
    if first == "--coverage":
        from weft._coverage import report
        report(*rest[:1])
    elif first == "-c":
        _run_source(rest[0], "<string>", ["-c"] + rest[1:])
    elif first == "-m":
        _run_module(rest[0], rest[1:])
    elif first == "-" or first is None and not sys.stdin.isatty():
        _run_source(sys.stdin.read(), "<stdin>", ["-"] + rest)
    elif first is None:
        _interact()
    elif first.startswith("-"):
        _fail("no option '%s'; see weft --help" % first, 2)
    else:
        _run_script(first, rest)


if __name__ == "__main__":
    if __package__:
        main(sys.argv[1:])
    else:
        _find_weft(sys.argv[1])
        main(sys.argv[2:])
