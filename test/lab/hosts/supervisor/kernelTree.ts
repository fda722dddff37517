import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { toKernelPackages, toMetaPackages } from "../repository/kernel.ts";
import type { LabConfig } from "../settings.ts";
import { writePackages } from "./installed.ts";

/** Packages of a kernel that a node has from the start: no extra modules and no headers. */
export const installedKernel = (release: string, ubuntu: LabConfig["ubuntu"]) => [
  ...toKernelPackages(release).filter(({ name }) => /^linux-(image|modules)-\d/.test(name)),
  ...toMetaPackages(release, ubuntu).filter(({ name }) => name.startsWith("linux-image-virtual")),
];

/**
 * Puts a kernel into a node's file tree as if it had been installed there by another hand, so that DKMS never heard of it.
 *
 * @param instead removes the kernels that are there: the node has never had another one
 */
export async function installKernel(
  root: string,
  release: string,
  ubuntu: LabConfig["ubuntu"],
  instead: boolean,
): Promise<void> {
  const status = join(root, "var/lib/dpkg/status");
  const stubs = installedKernel(release, ubuntu);
  const gone = (name: string) =>
    stubs.some((stub) => stub.name === name) || (instead && /^linux-(image|modules|headers)-/.test(name));
  const paragraphs = (await readFile(status, "utf8")).trimEnd().split("\n\n");
  const kept = paragraphs.filter((text) => !gone(/^Package: (.*)$/m.exec(text)?.[1] ?? ""));
  await writeFile(status, `${kept.join("\n\n")}\n`);
  if (instead) {
    for (const directory of ["boot", "lib/modules"])
      for (const name of await readdir(join(root, directory)))
        await rm(join(root, directory, name), { recursive: true });
  }
  await writePackages(root, status, stubs);
}
