import { execFileSync, spawnSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { driver } from "../../../components/scripts/driverScript.ts";
import { renderFacts, renderFactsCheck } from "../../../components/scripts/factsScript.ts";
import {
  checkCommand,
  freshCommand,
  renderInspection,
} from "../../../components/scripts/inspectionScript.ts";
import { rootCommand } from "../../../components/scripts/phaseScript.ts";
import { prerequisites } from "../../../components/scripts/prerequisitesScript.ts";
import { refusals } from "../../../components/scripts/refusals.ts";
import { repositories, sourceLines } from "../../../components/scripts/repositoriesScript.ts";
import { rocm } from "../../../components/scripts/rocmScript.ts";
import { type PhasePart, renderPhases } from "../../../components/scripts/systemScript.ts";
import { plan } from "../node/samples.ts";

const context = { node: "gpu-a", stack: "dev", claim: "organization/rocmark/dev" };
const planned = plan();
const { sources, kernel } = planned;
if (sources === null || planned.driver === null || planned.rocm === null)
  throw new Error("the sample pins all of it");

const first = (change: object = {}) =>
  prerequisites({
    user: "ubuntu",
    root: "/opt/rocmark/node",
    kernel,
    kernelPackages: planned.driver?.kernelPackages ?? [],
    tools: ["gpg", "python3-venv"],
    kernelUpdates: "hold",
    removeOnDestroy: false,
    ...change,
  });
const second = repositories({ sources, takeOver: false, isPinned: true, ends: true });
const third = driver({ version: planned.driver.version, kernel, isPinned: true, ends: true });
const last = rocm({ packages: planned.rocm.packages, ends: true });

const scripts: Record<string, string> = {
  prerequisites: renderPhases(context, [first()]),
  repositories: renderPhases(context, [second]),
  driver: renderPhases(context, [third]),
  rocm: renderPhases(context, [last]),
  "of all": renderPhases(context, [first(), second, third, last]),
  inspection: renderInspection({
    packages: ["amdgpu-dkms"],
    environments: [{ name: "default", python: "/opt/rocmark/node/environments/a/bin/python" }],
    bundle: "/opt/rocmark/node/bundles/b",
  }),
};

test.each(Object.entries(scripts))("the phase %s is bash that parses, as one command", (_name, script) => {
  const { status, stderr } = spawnSync("bash", ["-n"], { input: script, encoding: "utf8" });
  expect([status, stderr]).toEqual([0, ""]);
  expect(script.startsWith("{\n")).toBe(true);
  expect(script.trimEnd().endsWith("} </dev/null")).toBe(true);
});

test.each(Object.entries(scripts))(
  "the phase %s that is cut anywhere runs nothing of itself",
  (_name, script) => {
    for (const share of [0.25, 0.5, 0.75, 0.99]) {
      const cut = script.slice(0, Math.floor(script.length * share));
      const { stdout } = spawnSync("/bin/bash", ["--norc", "-s", "check"], {
        input: cut,
        encoding: "utf8",
        env: { PATH: "/nonexistent" },
      });
      expect(stdout).toBe("");
    }
  },
);

test("what a phase is told stands in its own lines, quoted", () => {
  expect(scripts.driver?.split("\n").slice(0, 7).join("\n")).toMatchInlineSnapshot(`
    "{
    set -Eeuo pipefail
    umask 022
    export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
    export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 APT_LISTCHANGES_FRONTEND=none
    node=gpu-a stack=dev claim=organization/rocmark/dev verb=\${1:-install}
    state=/var/lib/rocmark shown=/dev/null"
  `);
  expect(first({ root: "/opt/it's here", user: "$(reboot)" }).body).toContain(
    "user='$(reboot)' root='/opt/it'\\''s here' kernel=6.8.0-60-generic updates=hold",
  );
});

/** What a script of phases does, its own functions put in the place of those that would change this machine. */
function trace(parts: readonly Partial<PhasePart>[], verb: string, failing = ""): string[] {
  const phases = ["prerequisites", "repositories", "driver"] as const;
  const bodies = phases.map((phase, index) => ({
    phase,
    isPinned: true,
    ends: true,
    ...parts[index],
    body: `begin() { echo "begin $phase" >&2; }
wanted() { [ "\${done_it-}" = yes ]; }
work() { echo "work $phase" >&2; [ $phase != "${failing}" ]; done_it=yes; }
report() { echo "{\\"$phase\\":1}"; }
remove() { echo "remove $phase" >&2; }
begun() { [ $phase = repositories ]; }`,
  }));
  const { stderr, stdout, status } = spawnSync("bash", ["--norc", "-s", verb], {
    input: renderPhases(context, bodies),
    encoding: "utf8",
  });
  return [...stderr.trim().split("\n"), ...stdout.trim().split("\n"), `exit ${status}`].filter(Boolean);
}

test("phases are installed in order, each reports a line, and a removal goes the other way", () => {
  expect(trace([], "install")).toEqual([
    ...["prerequisites", "repositories", "driver"].flatMap((phase) => [`begin ${phase}`, `work ${phase}`]),
    ...['{"prerequisites":1}', '{"repositories":1}', '{"driver":1}', "exit 0"],
  ]);
  expect(trace([], "check")).toEqual(['{"prerequisites":1}', '{"repositories":1}', '{"driver":1}', "exit 0"]);
  expect(trace([], "remove").filter((line) => line.startsWith("remove"))).toEqual([
    "remove driver",
    "remove repositories",
    "remove prerequisites",
  ]);
});

test("the first phase that fails ends the script, with its name and the command that goes on", () => {
  const said = trace([], "install", "repositories");
  expect(said.slice(0, 4)).toEqual([
    "begin prerequisites",
    "work prerequisites",
    "begin repositories",
    "work repositories",
  ]);
  expect(said.join("\n")).toMatch(
    /Node "gpu-a", phase repositories: a command failed.*\nWhat works there is untouched\. To continue: npx pulumi up --stack dev/,
  );
  expect(said.slice(-2)).toEqual(['{"prerequisites":1}', `exit ${refusals.unexpected}`]);
});

test("what the stack does not pin any more is taken away where rocmark had begun it, and what may not be removed stays", () => {
  expect(trace([{}, { isPinned: false }, { isPinned: false }], "install")).toEqual([
    ...["begin prerequisites", "work prerequisites", "begin repositories", "remove repositories"],
    ...['{"prerequisites":1}', "exit 0"],
  ]);
  const kept = [{}, { isPinned: false, ends: false }, { ends: false }] as const;
  expect(trace(kept, "check")).toEqual(['{"prerequisites":1}', '{"driver":1}', "exit 0"]);
  expect(trace(kept, "remove")).toEqual(["begin prerequisites", "remove prerequisites", "exit 0"]);
});

test("AMD's sources trust AMD's key and no other, one line a repository", () => {
  expect(sourceLines(sources)).toEqual([
    "deb [arch=amd64 signed-by=/etc/apt/keyrings/rocm.gpg] https://repo.radeon.com/amdgpu/30.20.1/ubuntu noble main",
    "deb [arch=amd64 signed-by=/etc/apt/keyrings/rocm.gpg] https://repo.radeon.com/rocm/apt/7.1.1 noble main",
    "deb [arch=amd64 signed-by=/etc/apt/keyrings/rocm.gpg] https://repo.radeon.com/graphics/7.1.1/ubuntu noble main",
  ]);
});

test("every refusal has an exit code of its own, none that bash, the SSH side or the drift check uses", () => {
  const codes = Object.values(refusals);
  expect(new Set(codes).size).toBe(codes.length);
  for (const code of codes) expect([0, 1, 2, 3, 97].includes(code) || code > 125).toBe(false);
});

test.each([
  ["root", rootCommand(context, "check")],
  ["the user anew", freshCommand],
  ["the user", checkCommand],
])("a script goes in by standard input as %s, whatever shell hands it on", (_who, command) => {
  const shells = ["sh", "bash"];
  for (const shell of shells) {
    const found = execFileSync(shell, ["-c", command], {
      input: 'echo "as $1"; cat </dev/null',
      encoding: "utf8",
      env: { PATH: process.env.PATH ?? "" },
    });
    expect(found.trimEnd()).toBe(command === freshCommand ? "as" : "as check");
  }
});

const facts = (text: string) =>
  `printf '%s\\n' ${text
    .split("\n")
    .map((line) => `'${line}'`)
    .join(" ")}`;

test.each([
  ["only what rocmark itself changes", "kernel=6.8\namdgpuDriver=6.16.6\ngpu=90402\nkfd=open", true],
  ["the kernel", "kernel=6.9\namdgpuModule=none", false],
  ["a GPU's model", "kernel=6.8\ncard=74a1", false],
])("facts of which %s is another are the same: %s", (_title, now, same) => {
  const before = "kernel=6.8\namdgpuModule=none";
  const script = renderFactsCheck().replace(renderFacts({ root: null }), `${facts(now)}\n`);
  const found = execFileSync("sh", ["-c", script], {
    encoding: "utf8",
    env: { PATH: process.env.PATH ?? "", PULUMI_COMMAND_STDOUT: before },
  });
  expect(found.trimEnd()).toBe(same ? before : now);
});

test("a version that holds what a shell would take for its own goes in as text", () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 30 }).filter((text) => !text.includes("\0")),
      (version) => {
        const script = driver({ version, kernel: "6.8", isPinned: true, ends: true }).body;
        const lines = script.slice(script.indexOf("pattern="), script.indexOf(" kernel=6.8"));
        const found = execFileSync("bash", ["-c", `${lines}; printf '%s' "$pattern"`], { encoding: "utf8" });
        expect(found).toBe(version);
      },
    ),
    { numRuns: 30, seed: 1 },
  );
});
