import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import * as tar from "tar";
import { afterEach, beforeEach, expect, test } from "vitest";
import { renderEnvironment } from "../../../components/scripts/environmentScript.ts";
import { refusals } from "../../../components/scripts/refusals.ts";
import { toZip } from "../../lab/hosts/repository/zip.ts";

const run = promisify(execFile);

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "rocmark-hash-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const digests = { lockDigest: "c".repeat(64), bundleDigest: "d".repeat(64) };

/** A package as an index has it; what is in it does not matter, since pip looks at its hash first. */
function placeWheel(): Buffer {
  const info = "uv-1.0.0.dist-info";
  const wheel = toZip({
    [`${info}/METADATA`]: "Metadata-Version: 2.1\nName: uv\nVersion: 1.0.0\n",
    [`${info}/WHEEL`]: "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    [`${info}/RECORD`]: "",
  });
  mkdirSync(join(home, "index"));
  writeFileSync(join(home, "index", "uv-1.0.0-py3-none-any.whl"), wheel);
  return wheel;
}

async function install(hash: string): Promise<unknown> {
  mkdirSync(join(home, "trainer", "locks"), { recursive: true });
  writeFileSync(join(home, "trainer", "locks", "uv.txt"), `uv==1.0.0 --hash=sha256:${hash}\n`);
  writeFileSync(join(home, "trainer", "locks", "default.txt"), "");
  mkdirSync(join(home, "root", "bundles"), { recursive: true });
  const archive = join(home, "root", "bundles", `${digests.bundleDigest.slice(0, 16)}.tar`);
  await tar.create({ file: archive, cwd: home }, ["trainer"]);
  const script = renderEnvironment({
    root: join(home, "root"),
    environments: join(home, "environments"),
    uvCache: null,
    minFreeDiskGiB: 0,
    ...digests,
  });
  const env = { ...process.env, PIP_NO_INDEX: "1", PIP_FIND_LINKS: join(home, "index") };
  return run("bash", ["-c", script], { env });
}

test("pip itself refuses a package that is not the locked one, and the environment does not count as made", async () => {
  const served = createHash("sha256").update(placeWheel()).digest("hex");
  const locked = "0".repeat(64);
  await expect(install(locked)).rejects.toMatchObject({
    code: refusals.uvInstall,
    stderr: expect.stringMatching(
      new RegExp(`Expected sha256 ${locked}[^]*Got +${served}[^]*uv could not be installed from its lock`),
    ),
  });
  expect(existsSync(join(home, "environments", digests.lockDigest.slice(0, 16), ".complete"))).toBe(false);
});
