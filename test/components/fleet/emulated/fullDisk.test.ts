import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Address, execute, NodeLab } from "../../../lab/emulatedNode.ts";

const probe = (...args: string[]) => spawnSync(args[0] ?? "", args.slice(1)).status === 0;
const canMount =
  process.platform === "linux" && process.getuid?.() === 0 && probe("sh", "-c", "command -v mount umount");

let lab: NodeLab;
let disk: string;

const fill = () => {
  for (const size of [65_536, 4_096, 1]) {
    try {
      for (;;) appendFileSync(join(disk, "filler"), Buffer.alloc(size));
    } catch {
      // Full, to that size.
    }
  }
};

describe.runIf(canMount)("on a disk of 512 KiB", () => {
  beforeAll(() => {
    lab = new NodeLab();
    disk = lab.path("");
    mkdirSync(disk, { recursive: true });
    expect(probe("mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", disk)).toBe(true);
  });

  afterAll(async () => {
    rmSync(join(disk, "filler"), { force: true });
    await lab.stop("a");
    expect(probe("umount", disk)).toBe(true);
    expect(await lab.dispose()).toEqual([]);
  });

  test("a node that cannot be made for lack of space says so, and is made once there is some", async () => {
    fill();
    const { exitCode, stdout, stderr } = await lab.ensureResult("a");
    expect([exitCode, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^E_NO_SPACE: No space left for .*free some space/);
    rmSync(join(disk, "filler"));
    expect((await lab.ensure("a")).generation).toBe(1);
  });

  test("a full disk neither ends a running node nor damages its node.json, and an upload fails in words", async () => {
    const address: Address = await lab.ensure("a");
    const before = readFileSync(join(lab.path("a"), "node.json"), "utf8");
    fill();
    expect((await lab.ensureResult("a")).stderr).toContain("E_NO_SPACE");
    expect(readFileSync(join(lab.path("a"), "node.json"), "utf8")).toBe(before);
    const client = await lab.connect(address);
    expect((await execute(client, "echo up")).stdout.toString()).toBe("up\n");
    const upload = new Promise((resolve) =>
      client.sftp((_error, sftp) => sftp.writeFile("big", Buffer.alloc(1 << 20), resolve)),
    );
    expect(String(await upload)).toContain("ENOSPC");
    client.end();
    rmSync(join(disk, "filler"));
    expect(await lab.ensure("a")).toEqual(address);
    expect(existsSync(join(lab.path("a"), "node.json"))).toBe(true);
    writeFileSync(join(disk, "filler"), "");
  });
});
