"""Our own code in another process of this interpreter."""

import sys


def own_command(boot: str) -> list[str]:
    """Return the command that runs the Python text *boot*, seeing nothing of the environment.

    The modules come from the same places as here, and never from the working directory: it is
    no place to load code from (security S-50).
    """
    command = [sys.executable, "-I"]
    if sys.dont_write_bytecode:
        command.append("-B")
    if sys.pycache_prefix is not None:
        command += ["-X", f"pycache_prefix={sys.pycache_prefix}"]
    paths = "import sys; sys.path[:] = sys.argv[1:]; "
    return [*command, "-c", paths + boot, *(path for path in sys.path if path)]
