import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Address, NodeLab } from "../lab/emulatedNode.ts";
import { findEngine, makeProject, type PulumiProject } from "../lab/pulumiProject.ts";

const engine = await findEngine();
if (!engine)
  console.warn("No Pulumi engine is on this machine (npm start gets one): drift is not tried on a real one.");

const component = resolve(import.meta.dirname, "../../components/command/probedCommand.ts");
const refresh = ["refresh", "--yes", "--skip-preview", "--diff"] as const;
const up = ["up", "--yes", "--skip-preview", "--diff"] as const;

let lab: NodeLab;
let node: Address;
let project: PulumiProject;
let value: string;

const program = (options: string) => `
import { readFileSync } from "node:fs";
import { ProbedCommand } from ${JSON.stringify(component)};
const command = new ProbedCommand("value", {
  connection: {
    host: ${JSON.stringify(node.host)},
    port: ${node.port},
    user: ${JSON.stringify(node.user)},
    hostKey: ${JSON.stringify(node.hostKey)},
    privateKey: readFileSync(${JSON.stringify(lab.privateKeyFile)}, "utf8"),
    dialErrorLimit: 0,
  },
  create: ${JSON.stringify(`echo canary-good | tee ${value}; echo create >> ${value}.done`)},
  read: ${JSON.stringify(`cat ${value} 2>/dev/null || exit 3`)},
  delete: ${JSON.stringify(`rm -f ${value}`)},
}, ${options});
export const stdout = command.stdout;
`;

const command = async () =>
  (await project.exportStack()).resources.find(({ type }) => type === "command:remote:Command");
const runs = () => readFileSync(`${value}.done`, "utf8").trim().split("\n").length;
const tamper = () => writeFileSync(value, "canary-bad\n");

beforeAll(async () => {
  if (!engine) return;
  lab = new NodeLab();
  node = await lab.ensure("a");
  value = join(node.root, "value");
  project = await makeProject(engine, program("{}"));
});
afterAll(async () => {
  project?.dispose();
  expect((await lab?.dispose()) ?? []).toEqual([]);
});

beforeEach(async () => {
  if (!engine) return;
  writeFileSync(join(project.directory, "index.ts"), program("{}"));
  await project.must(...up);
});

test.skipIf(!engine)(
  "refresh shows the drift, the next up mends the node, and nothing is left of it",
  async () => {
    const before = runs();
    tamper();
    const previewed = await project.must("preview", "--refresh", "--diff");
    expect(previewed).toMatch(/~ stdout *: "canary-good" => "canary-bad"/);
    expect(previewed).toMatch(/~ 1 to update/);
    expect((await command())?.outputs).toMatchObject({ stdout: "canary-good" });

    expect(await project.must(...refresh)).toMatch(
      /\+ drifted *: true\n *~ stdout *: "canary-good" => "canary-bad"/,
    );
    expect((await command())?.outputs).toMatchObject({ stdout: "canary-bad", drifted: true });

    expect(await project.must(...up)).toMatch(/~ 1 updated/);
    expect(readFileSync(value, "utf8")).toBe("canary-good\n");
    expect(runs()).toBe(before + 1);
    const { outputs } = (await command()) ?? {};
    expect(outputs).toMatchObject({ stdout: "canary-good" });
    expect(outputs).not.toHaveProperty("drifted");
    expect(await project.must(...refresh)).toMatch(/2 unchanged/);
    expect(await project.must(...up)).toMatch(/2 unchanged/);
    expect(runs()).toBe(before + 1);
  },
);

test.skipIf(!engine)("a secret output stays secret when it has drifted", async () => {
  writeFileSync(join(project.directory, "index.ts"), program(`{ additionalSecretOutputs: ["stdout"] }`));
  await project.must(...up);
  tamper();
  expect(await project.must(...refresh)).not.toContain("canary");
  const { said } = await project.run("preview", "--diff");
  expect(said).toMatch(/- stdout *: \[secret\]/);
  expect(said).not.toContain("canary-bad");
  // How the CLI exports a secret: encrypted, so the text is nowhere in the file.
  expect(await project.must("stack", "export")).not.toContain("canary-bad");
});

test.skipIf(!engine)(
  "what is gone is made again, and a node that does not answer fails the refresh alone",
  async () => {
    rmSync(value);
    expect(await project.must(...refresh)).toMatch(/- 1 deleted/);
    expect(await project.must(...up)).toMatch(/\+ 1 created/);
    expect(readFileSync(value, "utf8")).toBe("canary-good\n");

    await lab.stop("a");
    const { exitCode, said } = await project.run(...refresh);
    expect(exitCode).not.toBe(0);
    const exclude = /pulumi refresh --exclude '(urn:\S+)'/.exec(said)?.[1] ?? "";
    expect(said).toContain(`${node.user}@${node.host}:${node.port} refused`);
    expect((await command())?.outputs).toMatchObject({ stdout: "canary-good" });
    await project.must(...refresh, "--exclude", exclude);
  },
);
