"""Run a command beside a PostgreSQL of its own: made in a fresh folder, on a Unix socket, stopped and removed afterwards.

    python tests/postgres.py pytest tests/parts

The command finds the database in DATABASE_URL. Needs Debian's ``postgresql`` package (the programs, not the service).
"""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote


def programs() -> Path:
    """Folder of initdb and pg_ctl. Exits with the command that installs them when they are missing."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    if on_path := shutil.which("initdb"):
        return Path(on_path).parent
    sys.exit("PostgreSQL is missing. Install it with: apt-get install postgresql")


@contextmanager
def running(settings: dict[str, str] | None = None) -> Iterator[str]:
    """A PostgreSQL for the length of a block; gives its DATABASE_URL."""
    binaries = programs()
    folder = Path(tempfile.mkdtemp(prefix="lianfang-pg-", dir="/tmp"))
    as_owner: dict[str, object] = {}
    owner = pwd.getpwuid(os.getuid()).pw_name
    if os.getuid() == 0:  # PostgreSQL refuses to run as root
        account = pwd.getpwnam("postgres")
        os.chown(folder, account.pw_uid, account.pw_gid)
        as_owner = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        owner = "postgres"
    data, log = folder / "data", folder / "log"
    options = {
        "listen_addresses": "''",
        "unix_socket_directories": str(folder),
        "max_connections": "60",
        "shared_buffers": "512MB",
        **(settings or {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}),
    }
    start = " ".join(f"-c {name}={value}" for name, value in options.items())

    def run(*command: str) -> None:
        subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL, **as_owner)  # type: ignore[call-overload]

    try:
        run(str(binaries / "initdb"), "-D", str(data), "-U", owner, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        run(str(binaries / "pg_ctl"), "-D", str(data), "-l", str(log), "-o", start, "-w", "start")
        try:
            run(str(binaries / "createdb"), "-h", str(folder), "-U", owner, "lianfang")
            yield f"postgres://{owner}@{quote(str(folder), safe='')}/lianfang"
        finally:
            run(str(binaries / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    with running() as url:
        finished = subprocess.run(sys.argv[1:], env={**os.environ, "DATABASE_URL": url})
    sys.exit(finished.returncode)
