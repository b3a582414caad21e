"""A SLURM cluster of one node, this machine, for the tests: munged, slurmctld and slurmd started by hand, as root."""

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

# Where SLURM looks by itself; the executor plugin drops SLURM_CONF from the environment of its jobs.
CONFIGURATION = Path("/etc/slurm/slurm.conf")
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "srun", "sinfo", "scontrol")
OURS = "ClusterName=onebit-rf-test"
SECONDS = 30  # for the node to be idle; it takes one


def why_unavailable() -> str | None:
    """Return None where a cluster can be started, else the reason in one line."""
    lacking = [name for name in PROGRAMS if shutil.which(name) is None]
    if lacking:
        return f"SLURM is not installed: no {', '.join(lacking)}"
    if importlib.util.find_spec("snakemake_executor_plugin_slurm") is None:
        return "Snakemake's plugin is not installed (extra slurm)"
    if os.geteuid():
        return "the test cluster is started by root"
    if CONFIGURATION.exists() and OURS not in CONFIGURATION.read_text():
        return f"{CONFIGURATION} is of another cluster"
    return None


class OneNode:
    """The cluster, with its files in `folder`; `stop` ends it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.host = folder, socket.gethostname()
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
        CONFIGURATION.parent.mkdir(exist_ok=True)
        CONFIGURATION.write_text(f"""{OURS}
SlurmctldHost={self.host}(127.0.0.1)
SlurmctldPort={_free_port()}
SlurmdPort={_free_port()}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=cred_expire=5
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MinJobAge=600
ReturnToService=2
SlurmdTimeout=10
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
NodeName={self.host} NodeAddr=127.0.0.1 CPUs={os.cpu_count()} RealMemory={int(0.9 * memory)}
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
""")
        for name in ("state", "spool"):
            (folder / name).mkdir(parents=True)
        Path("/run/munge").mkdir(mode=0o755, exist_ok=True)
        shutil.chown("/run/munge", "munge", "munge")
        self.processes = [self._start("munged", "--foreground", "--force", user="munge")]
        self.processes += [self._start("slurmctld", "-D"), self._start("slurmd", "-D")]

    def _start(self, *command: str, user: str | None = None) -> subprocess.Popen:
        with (self.folder / f"{command[0]}.out").open("a") as log:
            return subprocess.Popen(command, user=user, stdout=log, stderr=log, start_new_session=True)

    def state(self) -> str:
        """Return the node's state as sinfo has it; empty where the controller does not answer yet."""
        run = subprocess.run(["sinfo", "--noheader", "--format=%T"], capture_output=True, text=True, check=False)
        return run.stdout.strip()

    def wait_until_idle(self) -> None:
        """Wait for the node; raises TimeoutError with the end of the logs."""
        end = time.monotonic() + SECONDS
        while self.state() != "idle":
            if time.monotonic() > end:
                logs = "\n".join(path.read_text()[-1000:] for path in sorted(self.folder.glob("*.log")))
                raise TimeoutError(f"the node is {self.state()!r} after {SECONDS} s\n{logs}")
            time.sleep(0.2)

    def queue(self) -> list[str]:
        """Return the numbers of the jobs that wait or run."""
        command = ["squeue", "--noheader", "--format=%i"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()

    def jobs(self) -> list[dict[str, str]]:
        """Return what SLURM knows of every job of the last minutes, ended ones too."""
        command = ["scontrol", "show", "job", "--oneliner"]
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
        return [dict(word.split("=", 1) for word in line.split() if "=" in word) for line in lines]

    def kill_node(self) -> None:
        """End the node's daemon and all that its jobs have started, at once."""
        slurmd = self.processes.pop()
        for step in _pids("slurmstepd"):
            for pid in [step, *_descendants(step)]:
                _kill(pid)
        slurmd.kill()
        slurmd.wait()

    def start_node(self) -> None:
        """Start the node again."""
        self.processes.append(self._start("slurmd", "-D"))

    def stop(self) -> None:
        """End the cluster and remove its configuration."""
        subprocess.run(["scancel", "--user=root"], check=False, capture_output=True)
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        CONFIGURATION.unlink()


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def _pids(name: str) -> list[int]:
    found = subprocess.run(["pgrep", "-f", name], capture_output=True, text=True, check=False).stdout
    return [int(pid) for pid in found.split()]


def _descendants(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout
    children = [int(child) for child in found.split()]
    return [*children, *(pid for child in children for pid in _descendants(child))]


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
