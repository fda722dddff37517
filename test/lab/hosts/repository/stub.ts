import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { environment } from "../machine.ts";
import { labCache } from "../place.ts";
import { run } from "../run.ts";

/** A file of a package: text, a program, or a link to a path. */
export type StubFile = string | { program: string } | { link: string };

/** A Debian package with a real one's name and version, and as little in it as a test can see. */
export interface StubPackage {
  name: string;
  version: string;
  /** @default "amd64" */
  architecture?: "amd64" | "all";
  depends?: readonly string[];
  /** Component of the archive that the package is in. @default "main" */
  component?: "main" | "universe";
  /** By absolute path in the node. */
  files?: Readonly<Record<string, StubFile>>;
  /** Maintainer scripts, by name: postinst, prerm and so on. */
  scripts?: Readonly<Record<string, string>>;
}

/** A built package: its entry for an index, and its content. */
export interface BuiltPackage {
  stub: StubPackage;
  /** Path in the archive. */
  filename: string;
  content: Buffer;
}

export const toControl = ({ name, version, architecture = "amd64", depends = [] }: StubPackage): string =>
  [
    `Package: ${name}`,
    `Version: ${version}`,
    `Architecture: ${architecture}`,
    "Maintainer: rocmark's lab <lab@example.net>",
    ...(depends.length > 0 ? [`Depends: ${depends.join(", ")}`] : []),
    "Description: stand-in of a lab",
    "",
  ].join("\n");

/** A version in a file name has no epoch. */
export const toFileName = ({ name, version, architecture = "amd64" }: StubPackage): string =>
  `${name}_${version.replace(/^\d+:/, "")}_${architecture}.deb`;

/** Builds a package by dpkg-deb, once for the same content on this machine. */
export async function buildPackage(stub: StubPackage): Promise<BuiltPackage> {
  const digest = createHash("sha256").update(JSON.stringify(stub)).digest("hex").slice(0, 24);
  const packages = join(labCache(), "packages");
  const cached = join(packages, `${digest}.deb`);
  if (!existsSync(cached)) {
    await mkdir(packages, { recursive: true });
    const partial = await mkdtemp(join(packages, "partial-"));
    await writeTree(join(partial, "tree"), stub);
    const words = [
      "--root-owner-group",
      "-Zgzip",
      "-z1",
      "--build",
      join(partial, "tree"),
      join(partial, "deb"),
    ];
    await run("dpkg-deb", words, { environment });
    await rename(join(partial, "deb"), cached);
    await rm(partial, { recursive: true });
  }
  const source = stub.name.startsWith("lib") ? stub.name.slice(0, 4) : stub.name.slice(0, 1);
  const filename = `pool/${stub.component ?? "main"}/${source}/${stub.name}/${toFileName(stub)}`;
  return { stub, filename, content: await readFile(cached) };
}

async function writeTree(tree: string, stub: StubPackage): Promise<void> {
  await mkdir(join(tree, "DEBIAN"), { recursive: true });
  await writeFile(join(tree, "DEBIAN/control"), toControl(stub));
  for (const [name, text] of Object.entries(stub.scripts ?? {}))
    await writeFile(join(tree, "DEBIAN", name), text, { mode: 0o755 });
  for (const [path, file] of Object.entries(stub.files ?? {})) {
    const target = join(tree, path);
    await mkdir(dirname(target), { recursive: true });
    if (typeof file === "string") await writeFile(target, file);
    else if ("link" in file) await symlink(file.link, target);
    else await writeFile(target, file.program);
    if (typeof file === "object" && "program" in file) await chmod(target, 0o755);
  }
}
