"""Makes the shim, and the environment that loads it."""

import os
import shutil
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("shim.c")


def compiler() -> str | None:
    """A C compiler, where there is one."""
    return shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


def build(folder: Path) -> Path:
    """The shared library. Raises CalledProcessError, or RuntimeError without a compiler."""
    found = compiler()
    if found is None:
        msg = "no C compiler here"
        raise RuntimeError(msg)
    library = folder / "powercut.so"
    subprocess.run(
        [found, "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"],
        check=True, timeout=60,
    )  # fmt: skip
    return library


def environment(library: Path, folder: Path, log: Path) -> dict[str, str]:
    """For the processes that write below `folder`."""
    return os.environ | {
        "LD_PRELOAD": str(library),
        "POWERCUT_FOLDER": str(folder.absolute()),
        "POWERCUT_LOG": str(log.absolute()),
    }


def load(folder: Path) -> tuple[dict[str, bytes], dict[str, int]]:
    """Files of a folder at rest: contents, and inodes."""
    files = {
        one.relative_to(folder).as_posix(): one
        for one in folder.rglob("*")
        if one.is_file() and not one.name.endswith("-shm")
    }
    return (
        {name: one.read_bytes() for name, one in files.items()},
        {name: one.stat().st_ino for name, one in files.items()},
    )


def lay(files: dict[str, bytes], folder: Path) -> None:
    """Make the folder hold exactly these."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.rglob("*"):
        if old.is_file():
            old.unlink()
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
