import { expect } from "packages/expect.ts";
import { parse, parseAllDocuments } from "yaml";
import { occurrencesAfter } from "../../src/core/occurrences.ts";
import { loadSpec } from "../../src/spec/load_spec.ts";

/**
 * What no schema knows: that the files of deploy/ agree with each other and with the program. What
 * a schema knows is checked by deploy/check.sh.
 */
const ROOT = new URL("../../", import.meta.url);
const read = (path: string) => Deno.readTextFileSync(new URL(path, ROOT));
// deno-lint-ignore no-explicit-any
const yaml = (path: string): any => parse(read(path));

const DOCKERFILE = read("Dockerfile");
const DENO = /^FROM denoland\/deno:(\S+)$/m.exec(DOCKERFILE)![1];
const [USER, GROUP] = /^USER (\d+):(\d+)$/m.exec(DOCKERFILE)!.slice(1).map(Number);
const PIPELINES = [...Deno.readDirSync(new URL("pipelines/", ROOT))].filter(({ isFile }) => isFile)
  .map(({ name }) => name);

Deno.test("kubernetes: pods run as the image's user, without privileges, and fit the server", () => {
  const job = yaml("deploy/kubernetes/cronjob/cronjob.yaml").spec.jobTemplate.spec;
  const serve = yaml("deploy/kubernetes/serve/deployment.yaml").spec;
  const worker = yaml("deploy/kubernetes/worker/deployment.yaml").spec;
  for (const { template: { spec } } of [job, serve, worker]) {
    expect(spec.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: USER,
      runAsGroup: GROUP,
    });
    expect(spec.automountServiceAccountToken).toBe(false);
    const [container] = spec.containers;
    expect(container.image).toBe("sluice");
    expect(container.securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    expect(container.envFrom).toEqual([{ secretRef: { name: "sluice" } }]);
    expect(container.resources.limits.memory).toBeDefined();
  }
  for (const { template: { spec } } of [job, serve]) {
    expect(spec.containers[0].volumeMounts[0]).toMatchObject({ mountPath: "/app/pipelines" });
  }
  const { template: { spec: pod } } = serve;
  const { args, ports, livenessProbe, readinessProbe } = pod.containers[0];
  expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(Number(after("--grace", args)) + 5);
  expect(ports[0].containerPort).toBe(Number(after("--port", args)));
  expect([livenessProbe.httpGet.path, readinessProbe.httpGet.path]).toEqual([
    "/healthz",
    "/readyz",
  ]);
});

Deno.test("kubernetes: the job tries again what time may mend, and nothing else", () => {
  const { spec } = yaml("deploy/kubernetes/cronjob/cronjob.yaml");
  expect(spec.concurrencyPolicy).toBe("Forbid");
  const { rules } = spec.jobTemplate.spec.podFailurePolicy;
  const [{ onExitCodes }] = rules.filter((rule: { action: string }) => rule.action === "FailJob");
  expect(onExitCodes).toEqual({ containerName: "sluice", operator: "In", values: [1, 2, 3] });
  expect(spec.jobTemplate.spec.template.spec.restartPolicy).toBe("Never");
  const recurrence = { cron: spec.schedule, timezone: spec.timeZone };
  expect(occurrencesAfter(recurrence, new Date(0), 1).length).toBe(1);
});

Deno.test("kubernetes/worker: a command there is, with time to give back what it has", async () => {
  const base = "deploy/kubernetes/worker";
  for (const resource of yaml(`${base}/kustomization.yaml`).resources) {
    Deno.statSync(new URL(`${base}/${resource}`, ROOT));
  }
  const { terminationGracePeriodSeconds, containers: [{ args, ports }] } =
    yaml(`${base}/deployment.yaml`).spec.template.spec;
  expect(terminationGracePeriodSeconds).toBeGreaterThan(30);
  expect(ports).toBeUndefined();
  const { services } = yaml("deploy/docker-compose.yaml");
  const unit = read("deploy/systemd/sluice-worker@.service");
  const ofUnit = /src\/main\.ts (.*)$/m.exec(unit)![1].replaceAll("%i", "1").split(" ");
  for (const words of [args, services.worker.command, ofUnit]) {
    expect(words[0]).toBe("worker");
    const options = words.filter((word: string) => word.startsWith("--"));
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-R",
        "-E",
        "--allow-sys",
        new URL("src/main.ts", ROOT).href,
        "worker",
        "--help",
      ],
    }).output();
    const help = new TextDecoder().decode(stdout);
    for (const option of options) expect(help).toContain(`${option} `);
  }
});

for (const folder of ["cronjob", "serve"]) {
  Deno.test(`kubernetes/${folder}: what it names is there, and its pipelines are right`, () => {
    const base = `deploy/kubernetes/${folder}`;
    const { resources, configMapGenerator } = yaml(`${base}/kustomization.yaml`);
    for (const resource of resources) Deno.statSync(new URL(`${base}/${resource}`, ROOT));
    for (const file of configMapGenerator[0].files) {
      const { spec, diagnostics } = loadSpec(read(`${base}/${file}`), {
        file,
        folder: "/app/pipelines",
        variables: {},
      });
      expect(diagnostics).toEqual([]);
      expect(`pipelines/${spec?.pipeline}.yaml`).toBe(file);
    }
  });
}

Deno.test("compose: the server can be stopped cleanly, and is open to this machine alone", () => {
  const { services } = yaml("deploy/docker-compose.yaml");
  const { command, stop_grace_period, ports, environment } = services.sluice;
  expect(Number(stop_grace_period.replace("s", ""))).toBeGreaterThan(
    Number(after("--grace", command)) + 5,
  );
  expect(ports).toEqual([`127.0.0.1:8080:${after("--port", command)}`]);
  for (const name of ["PGPASSWORD", "SLUICE_TOKEN"]) {
    expect(environment[name]).toMatch(/^\$\{\w+:\?/);
  }
  expect(services.postgres.image).toMatch(/^postgres:\d+\.\d+$/);
  for (const { cap_drop } of [services.sluice, services.worker]) expect(cap_drop).toEqual(["ALL"]);
  expect(services.worker.environment).toEqual({
    DATABASE_URL: environment.DATABASE_URL,
    PGPASSWORD: environment.PGPASSWORD,
  });
});

Deno.test("github: the workflow has the image's Deno, and few permissions", () => {
  const { jobs, permissions, concurrency, on } = yaml("deploy/github/load.yaml");
  const setup = jobs.load.steps.find((step: { uses?: string }) =>
    step.uses?.startsWith("denoland/setup-deno")
  );
  expect(setup.with["deno-version"]).toBe(DENO);
  expect(permissions).toEqual({ contents: "read" });
  expect(concurrency["cancel-in-progress"]).toBe(false);
  expect(PIPELINES).toContain(`${on.workflow_dispatch.inputs.pipeline.default}.yaml`);
});

Deno.test("systemd: units start deno itself, with the image's permissions, and stop it in time", () => {
  const image: string[] = JSON.parse(
    /^ENTRYPOINT ([^]*?\])$/m.exec(DOCKERFILE)![1].replace(/\\\n/g, ""),
  );
  const granted = image.filter((word) => word.startsWith("-P="));
  for (const name of ["sluice-run@.service", "sluice-serve.service", "sluice-worker@.service"]) {
    const unit = read(`deploy/systemd/${name}`);
    const command = /^ExecStart=(.*)$/m.exec(unit)![1].split(" ");
    expect(command[0]).toMatch(/\/deno$/);
    expect(command).toEqual(expect.arrayContaining([...granted, "--frozen", "--no-prompt"]));
    expect(command.some((word) => /^(-A|--allow-all|--allow-run)/.test(word))).toBe(false);
    expect(unit).toMatch(/^User=sluice$/m);
    expect(unit).toMatch(/^NoNewPrivileges=yes$/m);
    expect(unit).not.toMatch(/DATABASE_URL=|SLUICE_TOKEN=/);
  }
  const serve = read("deploy/systemd/sluice-serve.service");
  const grace = Number(/--grace (\d+)/.exec(serve)![1]);
  expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(serve)![1])).toBeGreaterThan(grace + 5);
  expect(serve).toMatch(/^SuccessExitStatus=143 130$/m);
});

Deno.test("crontab: times and commands can be read, and name pipelines that are there", async () => {
  const entries = read("deploy/crontab").split("\n").filter((line) => /^[\d*]/.test(line));
  expect(entries.length).toBeGreaterThan(0);
  for (const entry of entries) {
    const [, cron, command] = /^((?:\S+ ){5})(.*)$/.exec(entry)!;
    expect(occurrencesAfter({ cron: cron.trim(), timezone: "UTC" }, new Date(0), 1).length).toBe(1);
    // In a crontab an unescaped % ends the command.
    expect(command).not.toContain("%");
    expect(PIPELINES).toContain(/pipelines\/(\S+)/.exec(command)![1]);
    const shell = new Deno.Command("sh", { args: ["-n", "-c", command] });
    expect((await shell.output()).code).toBe(0);
  }
});

Deno.test("crontab: says nothing of what time may mend, and something of the rest", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "sluice-cron-" });
  Deno.mkdirSync(`${folder}/logs`);
  Deno.mkdirSync(`${folder}/bin`);
  const entry = read("deploy/crontab").split("\n").find((line) => /^[\d*]/.test(line))!;
  const command = /^(?:\S+ ){5}(.*)$/.exec(entry)![1];
  for (const [code, says] of [[0, ""], [75, ""], [1, "sluice: exit 1\nbroken\n"]] as const) {
    Deno.writeTextFileSync(`${folder}/bin/deno`, `#!/bin/sh\necho broken\nexit ${code}\n`, {
      mode: 0o755,
    });
    Deno.writeTextFileSync(`${folder}/logs/airports.log`, "");
    const { stdout } = await new Deno.Command("sh", {
      args: ["-c", command],
      env: { SLUICE: folder, PATH: `${folder}/bin:/usr/bin:/bin` },
    }).output();
    expect(new TextDecoder().decode(stdout)).toBe(says);
  }
  Deno.removeSync(folder, { recursive: true });
});

/** Stands in for Airflow, and prints the tasks and what each waits for. */
const AIRFLOW = `
import json, sys, types
sdk, exceptions = types.ModuleType("airflow.sdk"), types.ModuleType("airflow.sdk.exceptions")
tasks, edges = {}, []
class Task:
    def __init__(self, name): self.name = name
    def __rshift__(self, other): edges.append([self.name, other.name])
def task(task_id, **_):
    def made(name, file):
        tasks[task_id] = file
        return Task(task_id)
    return lambda _function: made
sdk.dag, sdk.task = lambda **_: lambda function: function, task
exceptions.AirflowException = exceptions.AirflowFailException = Exception
sys.modules.update({"airflow": types.ModuleType("airflow"), "airflow.sdk": sdk,
                    "airflow.sdk.exceptions": exceptions})
exec(compile(sys.argv[1], "sluice_dag.py", "exec"))
print(json.dumps({"tasks": tasks, "edges": edges}))
`;

Deno.test("airflow: each pipeline is a task, behind those of its `after`", async () => {
  const dag = read("deploy/airflow/sluice_dag.py");
  const python = async (...args: string[]) => {
    const { code, stdout, stderr } = await new Deno.Command("python3", {
      args: ["-c", ...args],
      env: { SLUICE_HOME: ROOT.pathname },
    }).output();
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    return { code, out, err };
  };
  const hasYaml = await python("import yaml").then(({ code }) => code === 0, () => false);
  if (!hasYaml) return console.log("skipped: there is no python3 with PyYAML");
  const { code, out, err } = await python(AIRFLOW, dag);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  const { tasks, edges } = JSON.parse(out);
  expect(Object.values(tasks).toSorted()).toEqual(PIPELINES.toSorted());
  expect(edges.toSorted()).toEqual([["taxi_zones", "green_taxi"], ["taxi_zones", "yellow_taxi"]]);
});

Deno.test("documents of each manifest: one kind each, no tabs, no secrets", () => {
  const found: string[] = [];
  function walk(folder: string): void {
    for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, ROOT))) {
      if (isDirectory) walk(`${folder}${name}/`);
      else if (/\.ya?ml$/.test(name)) found.push(`${folder}${name}`);
    }
  }
  walk("deploy/");
  expect(found.length).toBeGreaterThan(7);
  for (const file of found) {
    const text = read(file);
    for (const document of parseAllDocuments(text)) {
      if ("errors" in document) expect(document.errors).toEqual([]);
    }
    expect(text).not.toMatch(/postgres:\/\/[^\s/@]+:[^\s/@$]+@/);
  }
});

function after(flag: string, words: readonly string[]): string {
  return words[words.indexOf(flag) + 1];
}
