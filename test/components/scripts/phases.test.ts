import { execFileSync, spawnSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { renderDriver } from "../../../components/scripts/driverScript.ts";
import { renderFacts, renderFactsCheck } from "../../../components/scripts/factsScript.ts";
import {
  checkCommand,
  freshCommand,
  renderInspection,
} from "../../../components/scripts/inspectionScript.ts";
import { rootCommand } from "../../../components/scripts/phaseScript.ts";
import { renderPrerequisites } from "../../../components/scripts/prerequisitesScript.ts";
import { refusals } from "../../../components/scripts/refusals.ts";
import { renderRepositories, sourceLines } from "../../../components/scripts/repositoriesScript.ts";
import { renderRocm } from "../../../components/scripts/rocmScript.ts";
import { plan } from "../node/samples.ts";

const context = { node: "gpu-a", stack: "dev", claim: "organization/rocmark/dev" };
const { sources, driver, rocm, kernel } = plan();
if (sources === null || driver === null || rocm === null) throw new Error("the sample pins all of it");

const prerequisites = (change: object = {}) =>
  renderPrerequisites({
    ...context,
    user: "ubuntu",
    root: "/opt/rocmark/node",
    kernel,
    kernelPackages: driver.kernelPackages,
    tools: ["gpg", "python3-venv"],
    kernelUpdates: "hold",
    removeOnDestroy: false,
    ...change,
  });

const scripts: Record<string, string> = {
  prerequisites: prerequisites(),
  repositories: renderRepositories({ ...context, sources, takeOver: false }),
  driver: renderDriver({ ...context, version: driver.version, kernel }),
  rocm: renderRocm({ ...context, packages: rocm.packages }),
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

test("what a phase is told stands in its first lines, quoted", () => {
  expect(scripts.driver?.split("\n").slice(0, 7).join("\n")).toMatchInlineSnapshot(`
    "{
    set -Eeuo pipefail
    umask 022
    export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
    export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 APT_LISTCHANGES_FRONTEND=none
    node=gpu-a stack=dev claim=organization/rocmark/dev phase=driver
    state=/var/lib/rocmark log=/var/log/rocmark/driver.log shown=/dev/null"
  `);
  expect(prerequisites({ root: "/opt/it's here", user: "$(reboot)" })).toContain(
    "user='$(reboot)' root='/opt/it'\\''s here' kernel=6.8.0-60-generic updates=hold",
  );
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
        const script = renderDriver({ ...context, version, kernel: "6.8" });
        const lines = script.slice(script.indexOf("pattern="), script.indexOf(" kernel=6.8"));
        const found = execFileSync("bash", ["-c", `${lines}; printf '%s' "$pattern"`], { encoding: "utf8" });
        expect(found).toBe(version);
      },
    ),
    { numRuns: 30, seed: 1 },
  );
});
