import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeKeyPair } from "../../ssh/keyPair.ts";
import { SshPool } from "../../ssh/pool.ts";
import { startLab } from "./hosts/lab.ts";
import { whyNot } from "./hosts/machine.ts";
import type { Lab } from "./hosts/running.ts";
import type { LabNode } from "./hosts/runningNode.ts";

const reason = whyNot();
if (reason) console.warn(`Skipped, because of this: ${reason}`);

describe.skipIf(reason)("a lab of hosts", () => {
  let lab: Lab;
  let node: LabNode;
  const pool = new SshPool();

  beforeAll(async () => {
    lab = await startLab({ nodes: 2, ubuntu: "22.04" });
    [node] = lab.nodes as [LabNode];
  });
  afterAll(async () => {
    await pool.close();
    await lab?.stop();
  });

  test("a node lets the operator in by key, and is the Ubuntu that was asked for", async () => {
    const connection = await pool.connect(node.settings);
    const result = await connection.exec("whoami; . /etc/os-release; echo $ID $VERSION_ID; hostname");
    expect(result.stdout).toBe("root\nubuntu 22.04\nnode1\n");
  });

  test("a node whose host key is another one is refused", async () => {
    const key = makeKeyPair().publicKey;
    const settings = { ...node.settings, hostKey: { kind: "pinned", key } as const, dialErrorLimit: 0 };
    await expect(pool.connect(settings)).rejects.toThrow(/host key/i);
  });
});
