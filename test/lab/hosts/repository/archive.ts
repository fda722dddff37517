import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { type BuiltPackage, toControl } from "./stub.ts";

/** What identifies a Debian archive: preferences and pins match on these. */
export interface ArchiveName {
  origin: string;
  /** The release's codename. */
  codename: string;
  /** Components, main first. */
  components: readonly string[];
  /** Directory under dists/ when it is not the codename: `noble-updates`, whose codename is noble. */
  suite?: string;
}

const digest = (algorithm: string, content: Buffer | string): string =>
  createHash(algorithm).update(content).digest("hex");

/** The index of a component, Packages: one paragraph a package. Source of the format: Debian wiki, RepositoryFormat. */
export const toPackages = (packages: readonly BuiltPackage[]): string =>
  packages
    .map(({ stub, filename, content }) =>
      [
        toControl(stub).trimEnd(),
        `Filename: ${filename}`,
        `Size: ${content.length}`,
        `SHA256: ${digest("sha256", content)}`,
        "",
      ].join("\n"),
    )
    .join("\n");

/** All files under dists/<suite>/ but the signatures, by path there; `Release` lists the others with their hashes. */
export function toDists(
  { origin, codename, components, suite = codename }: ArchiveName,
  packages: readonly BuiltPackage[],
  date: Date,
): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (const component of components) {
    const here = packages.filter(({ stub }) => (stub.component ?? "main") === component);
    const index = Buffer.from(toPackages(here));
    files.set(`${component}/binary-amd64/Packages`, index);
    files.set(`${component}/binary-amd64/Packages.gz`, gzipSync(index));
  }
  const hashes = [...files].map(
    ([path, content]) => ` ${digest("sha256", content)} ${content.length} ${path}`,
  );
  const release = [
    `Origin: ${origin}`,
    `Label: ${origin}`,
    `Suite: ${suite}`,
    `Codename: ${codename}`,
    `Date: ${date.toUTCString().replace("GMT", "UTC")}`,
    "Architectures: amd64",
    `Components: ${components.join(" ")}`,
    "SHA256:",
    ...hashes,
    "",
  ];
  files.set("Release", Buffer.from(release.join("\n")));
  return files;
}
