import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { exclusively } from "../exclusively.ts";
import { environment } from "../machine.ts";
import { labCache } from "../place.ts";
import { run } from "../run.ts";
import { sha256, type Wheel } from "./wheel.ts";

const lock = join(import.meta.dirname, "../../../../trainer/locks/uv.txt");

/** The directory that holds the real uv: a wheel for the nodes, fetched once by a pip of this machine, checked by hash. */
export async function ensureInstaller(say: (line: string) => void): Promise<string> {
  const pins = await readFile(lock);
  const directory = join(labCache(), "wheels", sha256(pins).slice(0, 12));
  await mkdir(directory, { recursive: true });
  if ((await readdir(directory)).some(isWheel)) return directory;
  return exclusively(`${directory}.lock`, async () => {
    if ((await readdir(directory)).some(isWheel)) return directory;
    say("fetching uv for the nodes, once");
    // A pip of its own: the machine's Python may have none, as Debian's and Ubuntu's.
    const own = `${directory}.partial`;
    await rm(own, { recursive: true, force: true });
    await run("python3", ["-m", "venv", own], { environment });
    const options = ["--quiet", "--no-deps", "--require-hashes", "--disable-pip-version-check"];
    const platforms = ["manylinux_2_28_x86_64", "manylinux_2_17_x86_64"].flatMap((name) => [
      "--platform",
      name,
    ]);
    const target = ["--only-binary", ":all:", ...platforms, "-r", lock, "-d", join(own, "wheels")];
    await run(join(own, "bin/python"), ["-m", "pip", "download", ...options, ...target], { environment });
    for (const name of await readdir(join(own, "wheels")))
      await rename(join(own, "wheels", name), join(directory, name));
    await rm(own, { recursive: true, force: true });
    return directory;
  });
}

const isWheel = (name: string): boolean => name.endsWith(".whl");

/** The wheels of {@link ensureInstaller}'s directory. */
export async function readInstaller(directory: string): Promise<Wheel[]> {
  const names = (await readdir(directory)).filter(isWheel);
  return Promise.all(
    names.map(async (fileName) => {
      const content = await readFile(join(directory, fileName));
      const [project = "", version = ""] = fileName.split("-");
      return { project, version, fileName, content, sha256: sha256(content), metadata: null };
    }),
  );
}
