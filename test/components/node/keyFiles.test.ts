import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { refuseUnreadableKeys } from "../../../components/node/keyFiles.ts";

const home = mkdtempSync(join(tmpdir(), "rocmark-keys-"));
const key = join(home, "key");
writeFileSync(key, "", { mode: 0o600 });
afterAll(() => rmSync(home, { recursive: true, force: true }));

const hosts = (file: string, ...names: string[]) => names.map((name) => ({ name, privateKeyFile: file }));

test("keys that can be read are no problem", () => {
  expect(() => refuseUnreadableKeys(hosts(key, "a", "b"))).not.toThrow();
});

test("a key that is not there is named once, with its hosts and what to do", () => {
  const gone = join(home, "gone");
  const all = [...hosts(key, "fine"), ...hosts(gone, "a", "b", "c", "d", "e"), ...hosts("~/.ssh/id", "f")];
  expect(() => refuseUnreadableKeys(all)).toThrow(
    `these cannot be read:
  - ${gone}: there is no such file (a, b, c and 2 more)
  - ~/.ssh/id: there is no such file (f)
Give the file's absolute path, as ~ stands for nothing there; it should be readable by you alone (chmod 600). [E_KEY]`,
  );
});

test("what is on the way and no folder is told as the system names it", () => {
  expect(() => refuseUnreadableKeys(hosts(join(key, "x"), "a"))).toThrow("key/x: ENOTDIR (a)");
});
