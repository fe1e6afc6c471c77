"""The bundles that the page loads in the browser: fetched once at setup, served from disk ever after.

Solara asks for them under the addresses of a CDN, and serves them itself from a folder of the environment. They come
as one package, of which few files are needed; they are not part of the project. `make setup-app` runs this.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from agents.errors import InputError

PINS = Path(__file__).resolve().parents[1] / "requirements" / "bundles.txt"
FOLDER = Path(sys.prefix) / "share" / "solara" / "cdn"
"""Where Solara looks first for what it would take from a CDN."""
VUE = "@widgetti/solara-vuetify-app@10.1.1/dist"
NEEDED = (
    f"{VUE}/solara-vuetify-app8.min.js",
    f"{VUE}/main8.css",
    f"{VUE}/fonts.css",
    "requirejs@2.3.6/require.js",
    "echarts@5.4.0/dist/echarts.min.js",
)
FONTS = (".woff2",)
LONGEST = 600
"""Seconds that the download may take."""


def missing() -> list[str]:
    """Return the files that the page needs and that are not there."""
    return [name for name in NEEDED if not (FOLDER / name).is_file()]


def check() -> None:
    """Check that all bundles are there.

    Raises:
        InputError: If one is missing.
    """
    if lacking := missing():
        raise InputError(f"the page cannot be shown without {lacking[0]}", str(FOLDER), "to run `make setup-app` once")


def fetch() -> None:
    """Fetch what is missing, by the package manager that installed all else.

    Raises:
        InputError: If it cannot be had.
    """
    if not missing():
        return
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download", "--no-deps"]
        asked = [*pip, "--require-hashes", "--requirement", str(PINS), "--dest", folder]
        try:
            done = subprocess.run(asked, capture_output=True, text=True, timeout=LONGEST, check=False)
        except subprocess.TimeoutExpired:
            raise InputError(f"not fetched in {LONGEST} seconds", PINS.name, "a package index that answers") from None
        if done.returncode:
            reason = " ".join(done.stderr.split())[-300:]
            raise InputError(f"cannot be fetched: {reason}", PINS.name, "a package index that has it")
        (archive,) = Path(folder).glob("*.tar.gz")
        unpack(archive, FOLDER)
    check()


def unpack(archive: Path, folder: Path) -> None:
    """Take out of the package what the page needs.

    Args:
        archive: The package.
        folder: Where the files go, under the names by which Solara asks for them.
    """
    with tarfile.open(archive) as package:
        for member in package:
            name = member.name.partition("/cdn/")[2]
            if member.isfile() and (name in NEEDED or (name.startswith(VUE) and name.endswith(FONTS))):
                content = package.extractfile(member)
                assert content is not None  # a file has content
                place = folder / name
                place.parent.mkdir(parents=True, exist_ok=True)
                unfinished = place.with_name(f"{place.name}.unfinished")
                unfinished.write_bytes(content.read())
                unfinished.replace(place)


if __name__ == "__main__":
    try:
        fetch()
    except InputError as error:
        sys.exit(f"Error: {error}")
