import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { nodeGeneration } from "../../../../components/fleet/emulated/generation.ts";
import { execute, isRunning, NodeLab, until } from "../../../lab/emulatedNode.ts";

const program = join(import.meta.dirname, "../../../../components/fleet/emulated/main.ts");
const nobody = { uid: 65_534, gid: 65_534 };

// Run by anybody but root, every test here is a test without root. By root, this one is; if nobody may read the checkout.
const canBecomeNobody =
  process.getuid?.() === 0 && spawnSync(process.execPath, [program, "--help"], nobody).status === 0;

test.runIf(canBecomeNobody)(
  "a user without any rights starts, uses, loses, restarts and removes a node",
  async () => {
    const lab = new NodeLab(nobody);
    const first = await lab.ensure("a");
    expect(statSync(join(lab.path("a"), "host_key")).uid).toBe(nobody.uid);
    const client = await lab.connect(first);
    expect((await execute(client, "id -u; touch made; cat", { input: "in" })).stdout.toString()).toBe(
      "65534\nin",
    );
    const { stdout } = await execute(client, "nohup sleep 1000 >/dev/null 2>&1 & echo $!");
    client.on("error", () => {});
    process.kill(first.pid, "SIGKILL");
    await until("the server has ended", () => !isRunning(first.pid));
    expect(await nodeGeneration(lab.path("a"))).toBe(2);
    expect(await lab.ensure("a")).toMatchObject({
      port: first.port,
      hostKey: first.hostKey,
      user: first.user,
      generation: 2,
    });
    expect(isRunning(Number(stdout))).toBe(false);
    expect((await lab.stop("a")).exitCode).toBe(0);
    expect(await lab.dispose()).toEqual([]);
  },
);
