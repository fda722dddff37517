import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ensurePython, environmentDigest } from "../../engine/pythonEnvironment.ts";
import { file, folder, progress, script } from "./stubs.ts";

/** A python3 whose `-m venv DIR` makes stubs of python and uv that tell what they were called with. */
function machine(uv = "") {
  const [root, bin] = [folder(), folder()];
  const tell = `echo "$0 $*" >> "$HOME/calls"`;
  script(
    join(bin, "python3"),
    `${tell}; mkdir -p "$3/bin"
cat > "$3/bin/python" <<'END'
#!/bin/sh
${tell}
END
cat > "$3/bin/uv" <<'END'
#!/bin/sh
${tell}
${uv}
END
chmod +x "$3/bin/python" "$3/bin/uv"`,
  );
  const locks = {
    installer: file(join(root, "uv.txt"), "uv==1\n"),
    packages: file(join(root, "test.txt"), "a==1\n"),
  };
  const env = { PATH: `${bin}:/usr/bin:/bin`, HOME: root, XDG_CACHE_HOME: join(root, "cache") };
  const environments = join(root, "cache", "rocmark", "environments");
  const ensure = (signal = new AbortController().signal) => ensurePython(locks, env, progress(), signal);
  const calls = () => readFileSync(join(root, "calls"), "utf8").trim().split("\n");
  return { locks, ensure, calls, environments };
}

test("makes an environment by hash-locked installer and packages, once for each pair of locks", async () => {
  const { locks, ensure, calls, environments } = machine();
  const name = environmentDigest("uv==1\n", "a==1\n").slice(0, 16);
  expect(await ensure()).toBe(join(environments, name, "bin", "python"));
  await ensure();
  expect(calls()).toHaveLength(3);
  expect(calls().filter((call) => call.includes("--require-hashes"))).toHaveLength(2);
  file(locks.packages, "a==2\n");
  await ensure();
  expect(calls()).toHaveLength(6);
  expect(readdirSync(environments)).toHaveLength(2);
});

test("one that lost its Python is made again", async () => {
  const { ensure, calls } = machine();
  rmSync(await ensure());
  await ensure();
  expect(calls()).toHaveLength(6);
});

test("a failed installation says why, is not taken for whole, and holds no lock", async () => {
  const { ensure, environments } = machine("echo 'hash mismatch for a' >&2; exit 1");
  await expect(ensure()).rejects.toThrow("hash mismatch for a");
  const [name = ""] = readdirSync(environments);
  expect(existsSync(join(environments, name, ".complete"))).toBe(false);
  expect(readdirSync(environments)).toHaveLength(1);
});

test("several at once make it once; the lock of a process that is gone is not waited for", async () => {
  const { ensure, calls, environments } = machine("sleep 0.3");
  const name = environmentDigest("uv==1\n", "a==1\n").slice(0, 16);
  file(join(environments, `${name}.lock`), String(2 ** 22 + 1));
  await Promise.all([ensure(), ensure(), ensure()]);
  expect(calls()).toHaveLength(3);
});

test("the digest keeps the locks apart", () => {
  expect(environmentDigest("ab", "c")).not.toBe(environmentDigest("a", "bc"));
});
