import { chmod, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type StubPackage, toControl } from "../repository/stub.ts";

/** On a merged system /lib and its like are links, which a directory of that name in a layer would hide. */
const toMerged = (path: string): string => path.replace(/^\/(bin|lib|sbin)\//, "/usr/$1/");

/** Every directory above a path, the root as `/.`, as dpkg lists them. */
function parents(path: string): string[] {
  const above = dirname(path);
  return above === "/" ? ["/."] : [...parents(above), above];
}

/**
 * Puts packages into a file tree as if dpkg had installed them there, without running dpkg once a node.
 *
 * Source of the formats: dpkg(1), deb-control(5), and what dpkg-query --listfiles reads.
 *
 * @param before file with the status of what the tree has
 */
export async function writePackages(
  tree: string,
  before: string,
  stubs: readonly StubPackage[],
): Promise<void> {
  const database = join(tree, "var/lib/dpkg");
  await mkdir(join(database, "info"), { recursive: true });
  const entries = stubs.map((stub) =>
    toControl(stub).replace(/^(Package: .*\n)/, "$1Status: install ok installed\n"),
  );
  const status = [(await readFile(before, "utf8")).trimEnd(), ...entries.map((entry) => entry.trimEnd())];
  await writeFile(join(database, "status"), `${status.join("\n\n")}\n\n`);
  for (const stub of stubs) await writePackage(tree, database, stub);
}

async function writePackage(
  tree: string,
  database: string,
  { name, files = {}, scripts = {} }: StubPackage,
): Promise<void> {
  const paths = Object.keys(files);
  const list = [...new Set(["/.", ...paths.flatMap(parents), ...paths])];
  await writeFile(join(database, "info", `${name}.list`), `${list.join("\n")}\n`);
  for (const [script, text] of Object.entries(scripts))
    await writeFile(join(database, "info", `${name}.${script}`), text, { mode: 0o755 });
  for (const [path, file] of Object.entries(files)) {
    const target = join(tree, toMerged(path));
    await mkdir(dirname(target), { recursive: true });
    if (typeof file === "object" && "link" in file) await symlink(file.link, target);
    else await writeFile(target, typeof file === "string" ? file : file.program);
    if (typeof file === "object" && "program" in file) await chmod(target, 0o755);
  }
}
