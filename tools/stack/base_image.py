"""A base image of Debian 12 for the stack: pulled where a registry answers, else made by debootstrap.

On a machine with certificates of its own, an image that was made carries them: its builds reach the package
registries as the machine does. The project's Dockerfile knows nothing of that.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools.stack.container_engine import Engine

PULLED = "debian:bookworm-slim"
MADE = "spark-guard-test/base"
CERTIFICATES = Path("/usr/local/share/ca-certificates")
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
# What Debian's own slim images leave out, of the base and of what is installed on top.
WASTE = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info")
LISTS = ("var/cache/apt", "var/lib/apt/lists")
VARIABLES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE")


def base_image(engine: Engine) -> str:
    """The image's name."""
    if not engine.own and engine.run("docker", "pull", "-q", PULLED, check=False).returncode == 0:
        return PULLED
    with tempfile.TemporaryDirectory(prefix="spark-guard-base-", dir="/var/tmp") as folder:
        root = Path(folder, "root")
        # In a mount namespace of its own: what it mounts below the folder ends with it, however it ends.
        words = ["debootstrap", "--variant=minbase", "--include=ca-certificates", "bookworm", str(root)]
        _command(engine, "unshare", "--mount", *words)
        _trust(engine, root)
        for waste in (*WASTE, *LISTS):
            shutil.rmtree(root / waste, ignore_errors=True)
        excluded = "".join(f"path-exclude /{waste}/*\n" for waste in WASTE)
        (root / "etc/dpkg/dpkg.cfg.d/slim").write_text(excluded)
        for needed in ("var/cache/apt/archives/partial", "var/lib/apt/lists/partial"):
            (root / needed).mkdir(parents=True)
        with subprocess.Popen(["tar", "-C", str(root), "-c", "."], stdout=subprocess.PIPE) as packed:
            changes = [word for name in VARIABLES for word in ("-c", f"ENV {name}={BUNDLE}")]
            subprocess.run(
                ["docker", "import", *changes, "-", MADE],
                env=engine.env,
                stdin=packed.stdout,
                stdout=subprocess.DEVNULL,
                check=True,
            )
    return MADE


def _trust(engine: Engine, root: Path) -> None:
    """The machine's own certificates."""
    found = list(CERTIFICATES.glob("*.crt")) if CERTIFICATES.is_dir() else []
    for file in found:
        shutil.copy(file, root / str(CERTIFICATES).lstrip("/"))
    _command(engine, "chroot", str(root), "update-ca-certificates")


def _command(engine: Engine, *words: str) -> None:
    done = subprocess.run(
        words, env=engine.env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        message = (
            f"{words[0]} failed with exit code {done.returncode}:\n{done.stdout[-800:]}{done.stderr[-800:]}"
        )
        raise RuntimeError(message)
