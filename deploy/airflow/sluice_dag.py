"""Sluice in Airflow: one task for each pipeline file, run as a process on the worker.

Copy this file into the DAGs folder. It needs `deno` on the worker's PATH, the project in
SLUICE_HOME, and the Airflow connection `sluice_postgres` (or DATABASE_URL in the worker's
environment). docs/deploy.md has the steps.

Sluice's exit codes say what a scheduler should do: after 75 the same command can succeed later,
and Airflow tries again; after 1, 2 and 3 somebody has to look, and trying again is a waste.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import yaml
from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException

HOME = Path(os.environ.get("SLUICE_HOME", "/opt/sluice"))


def pipelines() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Each pipeline of the folder: its file, and what must be loaded before it (`after`)."""
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for path in sorted((HOME / "pipelines").glob("[!.]*.y*ml")):
        spec = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader) or {}
        found[spec["pipeline"]] = (path.name, tuple(spec.get("after") or ()))
    return found


ENVIRONMENT = os.environ.get("SLUICE_ENV")

TRY_AGAIN = 75


def database_url() -> str | None:
    """The URL of Airflow's connection, where there is one."""
    from airflow.sdk import Connection

    try:
        uri = Connection.get("sluice_postgres").get_uri()
    except Exception:  # the connection is optional, and each Airflow says so in its own way
        return None
    return uri.replace("postgres+psycopg2://", "postgres://")


def command_of(file: str) -> list[str]:
    """What runs one pipeline; its permissions are the set `service` of deno.json."""
    command = [
        "deno", "run", "-q", "--frozen", "--no-prompt", "-P=service", "--allow-write=logs",
        "src/main.ts", "run", f"pipelines/{file}", "--output", "json",
    ]
    return command if ENVIRONMENT is None else [*command, "--env", ENVIRONMENT]


def run_pipeline(pipeline: str, file: str) -> dict:
    """Runs a pipeline and returns its counts; raises what makes Airflow do the right thing."""
    environment = dict(os.environ)
    url = database_url()
    if url is not None:
        environment["DATABASE_URL"] = url
    process = subprocess.Popen(
        command_of(file), cwd=HOME, env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        output, _ = process.communicate()
    except BaseException:
        # The task was cleared or timed out: what is under way is given up cleanly.
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
        raise
    result = json.loads(output) if output.strip() else {}
    print(json.dumps(result, indent=2))
    if process.returncode == TRY_AGAIN:
        raise AirflowException(f"{pipeline}: failed for the time being (exit {TRY_AGAIN})")
    if process.returncode != 0:
        error = result.get("error") or {}
        reason = error.get("message", "see the log above")
        raise AirflowFailException(f"{pipeline}: exit {process.returncode}: {reason}")
    return {key: result.get(key) for key in ("run_id", "status", "rows_loaded", "rows_rejected")}


@dag(
    dag_id="sluice",
    schedule="0 6 * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    tags=["sluice"],
    default_args={
        "retries": 3,
        "retry_delay": timedelta(minutes=5),
        "retry_exponential_backoff": True,
        "execution_timeout": timedelta(hours=4),
    },
)
def sluice():
    """Loads each pipeline after those it needs."""
    known = pipelines()
    tasks = {
        name: task(task_id=name, max_active_tis_per_dag=1)(run_pipeline)(name, file)
        for name, (file, _) in known.items()
    }
    for name, (_, needs) in known.items():
        for need in needs:
            # A name that no file has is an error of `validate`.
            if need in tasks:
                tasks[need] >> tasks[name]


sluice()
