import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tar from "tar";
import { afterEach, beforeEach, expect, test } from "vitest";
import { packBundle } from "../../../components/training/bundle.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "rocmark-bundle-"));
  mkdirSync(join(home, "src", "locks"), { recursive: true });
  writeFileSync(join(home, "src", "b.py"), "print(1)\n");
  writeFileSync(join(home, "src", "locks", "a.txt"), "x\n");
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const pack = (into = "out") => packBundle({ from: join(home, "src"), into: join(home, into) });

test("the same files give the same digest and the same bytes, whenever they were written", async () => {
  const first = await pack("one");
  utimesSync(join(home, "src", "b.py"), 1, 1);
  const second = await pack("two");
  expect(second.digest).toBe(first.digest);
  expect(readFileSync(second.archive)).toEqual(readFileSync(first.archive));
});

test("the archive holds the files below trainer/, and no partial is left beside it", async () => {
  const { archive, digest } = await pack();
  const names: string[] = [];
  await tar.list({ file: archive, onReadEntry: (entry) => void names.push(entry.path) });
  expect(names).toEqual(["trainer/b.py", "trainer/locks/a.txt"]);
  expect(readdirSync(join(home, "out"))).toEqual([`${digest}.tar`]);
});

test("a folder that no run needs is left out, and one of the same name elsewhere is not", async () => {
  for (const folder of ["bundled/model", "model"]) {
    mkdirSync(join(home, "src", folder), { recursive: true });
    writeFileSync(join(home, "src", folder, "weights"), "");
  }
  const { archive } = await packBundle({
    from: join(home, "src"),
    into: join(home, "out"),
    without: ["bundled/model"],
  });
  const names: string[] = [];
  await tar.list({ file: archive, onReadEntry: (entry) => void names.push(entry.path) });
  expect(names).toEqual(["trainer/b.py", "trainer/locks/a.txt", "trainer/model/weights"]);
});

test("a changed byte changes the digest; what Python leaves behind does not", async () => {
  const before = await pack();
  mkdirSync(join(home, "src", "__pycache__"));
  writeFileSync(join(home, "src", "__pycache__", "b.cpython-312.pyc"), "");
  expect((await pack()).digest).toBe(before.digest);
  writeFileSync(join(home, "src", "b.py"), "print(2)\n");
  expect((await pack()).digest).not.toBe(before.digest);
});
