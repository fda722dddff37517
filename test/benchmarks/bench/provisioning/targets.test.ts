import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderKnownHost } from "../../../../benchmarks/bench/provisioning/hosts.ts";
import { measure } from "../../../../benchmarks/bench/provisioning/measure.ts";
import { sshSide } from "../../../../benchmarks/bench/provisioning/sides/ssh.ts";
import { startTargets, type Targets } from "../../../../benchmarks/bench/provisioning/targets.ts";
import { makeKeyPair } from "../../../../ssh/keyPair.ts";
import { runningIn } from "../../../lab/emulatedNode.ts";
import { missingOpenSsh } from "../../../lab/openssh.ts";
import { until } from "../../../lab/processes.ts";

describe.skipIf(missingOpenSsh)("nodes of OpenSSH", () => {
  let directory: string;
  let targets: Targets;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "rocmark-targets-"));
    targets = await startTargets(directory, 2);
  });
  afterAll(async () => {
    await targets.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  test("plain ssh does all steps on all nodes, and each login is counted", async () => {
    const lines: string[] = [];
    const times = await measure([sshSide(targets)], targets, 1, (line) => lines.push(line));
    expect(times.get("ssh")).toMatchObject({ loginsCold: [2], loginsAgain: [2] });
    expect(lines).toHaveLength(1);
  });

  test("a host key that is not the known one is refused", async () => {
    const knownHostsFile = join(directory, "wrong_hosts");
    const others = targets.hosts.map((host) => ({ ...host, hostKey: makeKeyPair().publicKey }));
    writeFileSync(knownHostsFile, others.map(renderKnownHost).join(""));
    const side = sshSide({ ...targets, knownHostsFile });
    await expect(side.run()).rejects.toThrow(/Host key verification failed/);
  });

  test("an emptied node holds what a host has before it is provisioned, and no file", async () => {
    await targets.empty();
    const root = targets.hosts[0]?.root ?? "";
    const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    expect(files).toEqual([]);
    expect(readdirSync(root).sort()).toEqual(["etc", "usr"]);
  });

  test("stopped servers leave no process", async () => {
    const other = mkdtempSync(join(tmpdir(), "rocmark-targets-"));
    const stopped = await startTargets(other, 1);
    expect(runningIn(other)).not.toEqual([]);
    await stopped.stop();
    await until(() => runningIn(other).length === 0);
    rmSync(other, { recursive: true, force: true });
  });
});
