import { join, resolve } from "node:path";
import { defineCommand } from "citty";
import { RocmarkError, refusal } from "../errors.ts";
import { project, recordsArgs } from "./place.ts";

export default defineCommand({
  meta: {
    name: "lock",
    description: "Write the hash lock of a PyTorch for ROCm, from its one index; nodes install nothing else",
  },
  args: {
    pytorch: {
      type: "string",
      required: true,
      description: "the build to lock, as a stack pins it: 2.10.0+rocm7.1",
      valueHint: "X+rocmY",
    },
    out: {
      type: "string",
      description: "file to write (default: trainer/locks/rocmY.txt of the checkout)",
      valueHint: "FILE",
    },
    index: {
      type: "string",
      description: "PyTorch's index for that ROCm (default: https://download.pytorch.org/whl/rocmY)",
      valueHint: "URL",
    },
    python: {
      type: "string",
      description: "oldest Python that the lock has to serve",
      default: "3.10",
      valueHint: "X.Y",
    },
    json: recordsArgs.json,
  },
  async run({ args }) {
    const torch = args.pytorch;
    const [, rocm] = /^\d+\.\d+\.\d+\+(rocm\d+(?:\.\d+)+)$/.exec(torch) ?? [];
    if (rocm === undefined)
      throw refusal(
        "E_PYTORCH",
        `--pytorch: wanted an exact build such as 2.10.0+rocm7.1, found "${torch}".`,
      );
    if (!/^3\.\d+$/.test(args.python) || Number(args.python.slice(2)) < 10)
      throw refusal("E_PYTHON", `--python: wanted 3.10 or later, such as 3.12, found "${args.python}".`);
    const index = args.index ?? `https://download.pytorch.org/whl/${rocm}`;
    if (!/^https?:\/\/[^\s"\\@]+$/.test(index))
      throw refusal("E_FLAG", `--index: wanted an address that begins with https://, found "${index}".`);
    const file = args.out ? resolve(args.out) : join(project, "trainer", "locks", `${rocm}.txt`);
    const [{ compileLock }, { keepLock, refuseOther }, { parseRows }] = await Promise.all([
      import("../lock/compile.ts"),
      import("../lock/keepLock.ts"),
      import("../lock/rows.ts"),
    ]);
    await refuseOther(file, torch);
    const say = (line: string) => process.stderr.write(`${line}\n`);
    const lock = await compileLock({ torch, index, python: args.python, uv: await findUv() }, say);
    await keepLock(file, lock);
    const numPackages = parseRows(lock).length;
    process.stdout.write(
      args.json
        ? `${JSON.stringify({ file, torch, index, numPackages })}\n`
        : `${file}: ${numPackages} packages with hashes, torch==${torch} and what belongs to it from ${index} alone\n`,
    );
  },
});

/** The uv that the nodes install with, got by the room that knows how. */
async function findUv(): Promise<string> {
  const { runChild } = await import("../childProcess.ts");
  const program = join(project, "engine", "uv.ts");
  const { code, stdout } = await runChild(process.execPath, [program], {
    onStderr: (text) => process.stderr.write(text),
  });
  if (code !== 0)
    throw new RocmarkError("E_UV", "uv, which resolves the lock, could not be got; the lines above say why.");
  return stdout.trim();
}
