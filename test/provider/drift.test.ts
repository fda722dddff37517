import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { conceal, UNKNOWN } from "../../provider/wire.ts";
import { freePort, missingOpenSsh, type OpenSsh, startOpenSsh } from "../lab/openssh.ts";
import { type InitFailure, type Plugin, type Properties, startPlugin } from "./plugin.ts";

const binary = resolve(import.meta.dirname, "../../provider/pulumi-resource-command");
const LOCAL = "command:local:Command";
const REMOTE = "command:remote:Command";

let plugin: Plugin;
let directory: string;
beforeAll(async () => {
  plugin = await startPlugin(binary, { SSH_AUTH_SOCK: "" });
});
afterAll(() => plugin.stop());
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "rocmark-drift-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** A command that keeps a value in a file, how to read it, and what was done to it. */
const keeping = (value: string, more: Properties = {}) => ({
  create: `echo ${value} | tee ${directory}/value; echo create >> ${directory}/done`,
  read: `[ -f ${directory}/value ] || exit 3; cat ${directory}/value`,
  ...more,
});
const tamper = (value: string) => writeFileSync(join(directory, "value"), `${value}\n`);
const done = () => readFileSync(join(directory, "done"), "utf8").trim().split("\n");

async function createAndTamper(inputs: Properties, value = "tampered") {
  const { state } = await plugin.create(LOCAL, inputs);
  tamper(value);
  return await plugin.read(LOCAL, state, inputs);
}

test("a node that is as it was made reads as it was", async () => {
  const inputs = keeping("good");
  const { state } = await plugin.create(LOCAL, inputs);
  expect(await plugin.read(LOCAL, state, inputs)).toEqual({ id: "id", state, inputs });
});

test("another output is a drift: the state holds it, what was expected, and the mark", async () => {
  const { state } = await createAndTamper(keeping("good"));
  expect(state).toMatchObject({ stdout: "tampered", drifted: true, expectedStdout: "good" });
});

test("a drift is an update of the output that takes the mark away", async () => {
  const inputs = keeping("good");
  const { state } = await createAndTamper(inputs);
  expect(await plugin.diff(LOCAL, inputs, inputs, state)).toEqual({
    changes: "some",
    replaces: [],
    detailed: { stdout: "update", drifted: "delete" },
  });
});

test.each([
  ["create", undefined],
  ["update", `sed -i s/tampered/good/ DIRECTORY/value; cat DIRECTORY/value; echo update >> DIRECTORY/done`],
])("the update after a drift runs %s, and nothing is drifted after it", async (which, update) => {
  const inputs = keeping("good", update ? { update: update.replaceAll("DIRECTORY", directory) } : {});
  const { state } = await createAndTamper(inputs);
  const updated = await plugin.update(LOCAL, state, inputs, { oldInputs: inputs });
  expect(updated).toEqual({ stdout: "good", stderr: "" });
  expect(done().at(-1)).toBe(which);
  expect(await plugin.read(LOCAL, updated, inputs)).toMatchObject({ state: updated });
});

test("a preview of that update does not know the output", async () => {
  const inputs = keeping("good");
  const { state } = await createAndTamper(inputs);
  const options = { preview: true, oldInputs: inputs };
  expect((await plugin.update(LOCAL, state, inputs, options)).stdout).toBe(UNKNOWN);
});

test("a drift stays one at the next read, and is none once somebody has mended the node by hand", async () => {
  const inputs = keeping("good");
  const { state } = await createAndTamper(inputs);
  expect((await plugin.read(LOCAL, state, inputs)).state).toEqual(state);
  tamper("other");
  const again = (await plugin.read(LOCAL, state, inputs)).state;
  expect(again).toMatchObject({ stdout: "other", drifted: true, expectedStdout: "good" });
  tamper("good");
  expect((await plugin.read(LOCAL, again, inputs)).state).toEqual({ stdout: "good", stderr: "" });
});

test("what a read prints is secret when the output was, and when the script is", async () => {
  const inputs = keeping("good");
  const { state } = await plugin.create(LOCAL, inputs);
  tamper("tampered");
  const wasSecret = { ...state, stdout: conceal("good") };
  expect((await plugin.read(LOCAL, wasSecret, inputs)).state).toMatchObject({
    stdout: conceal("tampered"),
    expectedStdout: conceal("good"),
  });
  const secretScript = { ...inputs, read: conceal(inputs.read) };
  expect((await plugin.read(LOCAL, state, secretScript)).state.stdout).toEqual(conceal("tampered"));
});

test("what a read prints is not shown while it runs, what it writes on standard error is", async () => {
  const inputs = { create: "echo a", read: "echo b; echo why >&2" };
  const { state } = await plugin.create(LOCAL, inputs);
  plugin.log.length = 0;
  await plugin.read(LOCAL, state, inputs);
  expect(plugin.log.map(({ message }) => message)).toEqual(["why"]);
});

test("exit code 3 says that it is gone, which the engine is told by no id", async () => {
  const inputs = keeping("good");
  const { state } = await plugin.create(LOCAL, inputs);
  rmSync(join(directory, "value"));
  expect((await plugin.read(LOCAL, state, inputs)).id).toBe("");
});

test("any other exit code fails the refresh, with what the script wrote and no secret", async () => {
  const { state } = await plugin.create(LOCAL, { create: "true" });
  const inputs = {
    create: "true",
    read: "echo cannot canary-42 >&2; exit 4",
    environment: { TOKEN: conceal("canary-42") },
  };
  await expect(plugin.read(LOCAL, state, inputs)).rejects.toThrow(
    "read on this machine: exit code 4; what it wrote on standard error:\ncannot [secret]",
  );
});

test("a read is given stdin, variables and the previous output, as the command is", async () => {
  const inputs = {
    create: "cat",
    read: 'echo "$A $PULUMI_COMMAND_STDOUT $(cat)"',
    stdin: "in",
    environment: { A: "1" },
  };
  const { state } = await plugin.create(LOCAL, inputs);
  expect((await plugin.read(LOCAL, state, inputs)).state.stdout).toBe("1 in in");
});

test("an update that only changes how to read runs nothing, unless the command is drifted", async () => {
  const inputs = keeping("good");
  const other = { ...inputs, read: `${inputs.read}; true` };
  const { state } = await plugin.create(LOCAL, inputs);
  const options = { oldInputs: inputs };
  expect((await plugin.update(LOCAL, state, other, { preview: true, ...options })).stdout).toBe("good");
  expect(await plugin.update(LOCAL, state, other, options)).toEqual({ stdout: "good", stderr: "" });
  expect(done()).toEqual(["create"]);
  tamper("tampered");
  const drifted = (await plugin.read(LOCAL, state, inputs)).state;
  await plugin.update(LOCAL, drifted, other, options);
  expect(done()).toEqual(["create", "create"]);
});

test("an update that changes nothing runs the command: the engine has its reasons for it", async () => {
  const inputs = keeping("good");
  const { state } = await plugin.create(LOCAL, inputs);
  await plugin.update(LOCAL, state, inputs, { oldInputs: inputs });
  expect(done()).toEqual(["create", "create"]);
});

test("the state of a command with a read holds its outputs alone, and a delete takes script and variables from the inputs", async () => {
  const inputs = {
    ...keeping("good", { stdin: "in", environment: { A: "1" } }),
    delete: `echo "$A $PULUMI_COMMAND_STDOUT $(cat)" >> ${directory}/done`,
  };
  const preview = await plugin.create(LOCAL, inputs, { preview: true });
  expect(preview.state).toEqual({ stdout: UNKNOWN, stderr: UNKNOWN });
  const { state } = await plugin.create(LOCAL, inputs);
  expect(state).toEqual({ stdout: "good", stderr: "" });
  await plugin.delete(LOCAL, state, { oldInputs: inputs });
  expect(done()).toEqual(["create", "1 good in"]);
});

const failing = {
  create: "echo half; echo canary-42 no good >&2; exit 4",
  environment: { TOKEN: conceal("canary-42") },
};

test("a create that fails counts as being there where it can be looked for and taken back, and no secret is told", async () => {
  const inputs = { ...failing, read: "cat", delete: `echo delete >> ${directory}/done` };
  const failure = await plugin.create(LOCAL, inputs).catch((error: InitFailure) => error as InitFailure);
  const told = "create on this machine: exit code 4; what it wrote on standard error:\n[secret] no good";
  expect(failure).toMatchObject({
    message: told,
    id: expect.stringMatching(/^thing[0-9a-f]{8}$/),
    state: { stdout: "", stderr: "" },
    reasons: [told],
  });
  await plugin.delete(LOCAL, (failure as InitFailure).state, { oldInputs: inputs });
  expect(done()).toEqual(["delete"]);
});

test.each([
  ["no delete", { read: "cat" }],
  ["no read", { delete: "true" }],
])("a create that fails with %s leaves nothing in the state", async (_title, more) => {
  const failure = await plugin.create(LOCAL, { ...failing, ...more }).catch((error) => error);
  expect(failure).toBeInstanceOf(Error);
  expect(failure).not.toHaveProperty("state");
});

test("the state of an earlier version, which holds the inputs too, is taken as well", async () => {
  const inputs = keeping("good", { delete: `echo delete >> ${directory}/done` });
  const { state } = await plugin.create(LOCAL, inputs);
  const whole = { ...inputs, ...state };
  expect((await plugin.read(LOCAL, whole, inputs)).state).toEqual(state);
  await plugin.delete(LOCAL, whole);
  expect(done()).toEqual(["create", "delete"]);
});

test("without a read the state is taken for true, and nothing runs", async () => {
  const { read: _, ...inputs } = keeping("good");
  const { state } = await createAndTamper(inputs);
  expect(state).toEqual({ ...inputs, stdout: "good", stderr: "" });
  expect(done()).toEqual(["create"]);
});

describe.skipIf(missingOpenSsh)("on a node", () => {
  let sshd: OpenSsh;
  beforeAll(async () => {
    sshd = await startOpenSsh();
  });
  afterAll(() => sshd.stop());
  const connection = () => ({
    host: "127.0.0.1",
    port: sshd.port,
    user: sshd.user,
    privateKey: sshd.privateKey,
    hostKey: sshd.hostKey,
    dialErrorLimit: 0,
  });

  test("drift is read, mended and gone over SSH", async () => {
    const inputs = keeping("good", { connection: connection() });
    const { state } = await plugin.create(REMOTE, inputs);
    tamper("tampered");
    const drifted = (await plugin.read(REMOTE, state, inputs)).state;
    expect(drifted).toMatchObject({ stdout: "tampered", drifted: true, expectedStdout: "good" });
    const updated = await plugin.update(REMOTE, drifted, inputs, { oldInputs: inputs });
    expect(updated).toEqual({ stdout: "good", stderr: "" });
  });

  test("a create that is refused before it starts leaves nothing in the state; one that fails on the node does", async () => {
    const inputs = { ...failing, read: "cat", delete: "true", connection: connection() };
    const gone = { ...inputs, connection: { ...connection(), port: await freePort() } };
    expect(await plugin.create(REMOTE, gone).catch((error) => error)).not.toHaveProperty("state");
    const failure = await plugin.create(REMOTE, inputs).catch((error) => error);
    expect(failure).toMatchObject({ state: { stdout: "", stderr: "" } });
  });

  test("a node that does not answer fails the refresh, naming it and the way out", async () => {
    const gone = { ...connection(), port: await freePort() };
    const inputs = keeping("good", { connection: conceal(gone) });
    const state = { ...inputs, stdout: "good", stderr: "" };
    await expect(plugin.read(REMOTE, state, inputs)).rejects.toThrow(
      /^read: \S+@127\.0\.0\.1:\d+ refused .* The state stays as it was\. .*: pulumi refresh --exclude 'urn:\S+'\.$/,
    );
  });
});
