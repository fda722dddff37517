/** `node engine/uv.ts`: the path of the uv that `trainer/locks/uv.txt` pins, got first where this user has none yet. */
import { dirname, join } from "node:path";
import { enter } from "./entry.ts";
import { repository } from "./places.ts";
import { ensurePython } from "./pythonEnvironment.ts";

await enter(async (signal) => {
  const installer = join(repository, "trainer", "locks", "uv.txt");
  const locks = { installer, packages: installer, what: "uv, pinned by hash" };
  const python = await ensurePython(locks, process.env, process.stderr, signal);
  signal.throwIfAborted();
  process.stdout.write(`${join(dirname(python), "uv")}\n`);
  return 0;
});
