"""Commands out of Debian's packages, unpacked into a folder: nothing is installed, nothing has to be undone.

Installing docker.io starts its daemon where there is a systemd, changes firewall and groups, and its removal
deletes ``/var/lib/docker``. Here no script of a package runs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PACKAGES = {
    "dockerd": "docker.io",
    "docker": "docker.io",
    "containerd": "containerd",
    "docker-compose": "docker-compose",
    "debootstrap": "debootstrap",
    "iptables": "iptables",
    "ip": "iproute2",
}
# Containers run the first three themselves; a Python is its machine's.
AS_THEY_ARE = ("docker-init", "tini", "python")
FOLDERS = ("usr/sbin", "usr/bin", "sbin", "bin")


class NoToolsError(Exception):
    """Why the commands cannot be had."""


def environment(folder: Path) -> dict[str, str]:
    """An environment in which all of ``PACKAGES`` are found; what is missing is unpacked below ``folder``.

    Raises:
        NoToolsError: something is missing, and Debian's packages cannot be had.
    """
    missing = sorted({package for command, package in PACKAGES.items() if shutil.which(command) is None})
    if not missing:
        return dict(os.environ)
    if shutil.which("apt-get") is None:
        raise NoToolsError(f"there is no apt-get for {', '.join(missing)}")
    root, archives, wrappers = folder / "root", folder / "archives", folder / "bin"
    for path in (root, archives / "partial", wrappers):
        path.mkdir(parents=True)
    _apt("update", "-qq")
    # Into a cache of our own: what an installation would add, and not the packages that are there.
    _apt(
        *("install", "-y", "-qq", "--download-only", "--no-install-recommends"),
        *("-o", f"Dir::Cache::archives={archives}", "-o", "APT::Sandbox::User=root", *missing),
    )
    for package in archives.glob("*.deb"):
        subprocess.run(["dpkg", "-x", str(package), str(root)], check=True, capture_output=True)
    shutil.rmtree(archives)
    _wrap(root, wrappers)
    path = [str(wrappers), os.environ.get("PATH", ""), *(str(root / name) for name in FOLDERS)]
    return {
        **os.environ,
        "PATH": os.pathsep.join(path),
        "DEBOOTSTRAP_DIR": str(root / "usr/share/debootstrap"),
    }


def _wrap(root: Path, wrappers: Path) -> None:
    """Commands that look for libraries, modules or names at their usual places get them from ours.

    In a script for each, and not in the environment: other programs have libraries and modules of their own.
    """
    machine = sysconfig.get_config_var("MULTIARCH") or f"{os.uname().machine}-linux-gnu"
    places = [root / f"{prefix}lib{tail}" for prefix in ("usr/", "") for tail in (f"/{machine}", "")]
    settings = {
        "LD_LIBRARY_PATH": os.pathsep.join(map(str, places)),
        "XTABLES_LIBDIR": str(root / f"usr/lib/{machine}/xtables"),
    }
    modules = {"PYTHONPATH": str(root / "usr/lib/python3/dist-packages")}
    found = {
        file.name: file for name in reversed(FOLDERS) for file in (root / name).glob("*") if file.is_file()
    }
    for name, file in found.items():
        if file.read_bytes()[:4] == b"\x7fELF" and not name.startswith(AS_THEY_ARE):
            _script(wrappers / name, settings, [str(file)])
    if "docker-compose" in found:
        _script(wrappers / "docker-compose", modules, ["/usr/bin/python3", str(found["docker-compose"])])
    if "xtables-nft-multi" in found:  # the names that an installation makes of it
        for name in (
            "iptables",
            "iptables-save",
            "iptables-restore",
            "ip6tables",
            "ip6tables-save",
            "ip6tables-restore",
        ):
            _script(wrappers / name, settings, [str(found["xtables-nft-multi"]), name])


def _script(file: Path, settings: dict[str, str], command: list[str]) -> None:
    exports = "".join(f"export {name}='{value}'\n" for name, value in settings.items())
    words = " ".join(f"'{word}'" for word in command)
    file.write_text(f'#!/bin/sh\n{exports}exec {words} "$@"\n')
    file.chmod(0o755)


def _apt(*words: str) -> None:
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        ["apt-get", *words], env=quiet, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        message = f"apt-get {words[0]} failed:\n{done.stdout[-500:]}{done.stderr[-500:]}"
        raise NoToolsError(message)
