import { randomBytes } from "node:crypto";
import { access, constants, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { messageOf, refusal } from "../errors.ts";
import { syncDirectory } from "../store/store.ts";
import { parseRows } from "./rows.ts";

/**
 * Refuses a folder that cannot be written to, and to write over anything but a lock of the same PyTorch.
 *
 * @throws RocmarkError E_OUT
 */
export async function refuseOther(file: string, torch: string): Promise<void> {
  await access(dirname(file), constants.W_OK).catch((cause: unknown) => {
    throw refusal("E_OUT", `--out ${file} cannot be written: ${messageOf(cause)}.`, cause);
  });
  const text = await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return null;
    throw refusal("E_OUT", `--out ${file} cannot be read: ${messageOf(cause)}.`, cause);
  });
  if (text === null) return;
  const found = parseRows(text).find(({ name }) => name === "torch")?.version;
  if (found !== torch)
    throw refusal(
      "E_OUT",
      `${file} is there and ${found ? `locks torch==${found}` : "is no lock of PyTorch"}, not torch==${torch}. ` +
        "Give another --out, or remove it first.",
    );
}

/** Writes a lock whole: a reader sees the old or the new one, also after a crash. */
export async function keepLock(file: string, text: string): Promise<void> {
  const partial = `${file}.${randomBytes(6).toString("hex")}`;
  try {
    const handle = await open(partial, "wx", 0o644);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(partial, file);
    await syncDirectory(dirname(file));
  } catch (cause) {
    throw refusal("E_OUT", `--out ${file} cannot be written: ${messageOf(cause)}.`, cause);
  } finally {
    await rm(partial, { force: true });
  }
}
