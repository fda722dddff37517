import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { type BuiltPackage, toControl } from "./stub.ts";

/** What identifies a Debian archive: preferences and pins match on these. */
export interface ArchiveName {
  origin: string;
  /** The suite's codename: a directory under dists/. */
  codename: string;
  /** Components; all packages are in the first. */
  components: readonly string[];
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

/** All files under dists/<codename>/ but the signatures, by path there; `Release` lists the others with their hashes. */
export function toDists(
  { origin, codename, components }: ArchiveName,
  packages: readonly BuiltPackage[],
  date: Date,
): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (const [place, component] of components.entries()) {
    const index = Buffer.from(place === 0 ? toPackages(packages) : "");
    files.set(`${component}/binary-amd64/Packages`, index);
    files.set(`${component}/binary-amd64/Packages.gz`, gzipSync(index));
  }
  const hashes = [...files].map(
    ([path, content]) => ` ${digest("sha256", content)} ${content.length} ${path}`,
  );
  const release = [
    `Origin: ${origin}`,
    `Label: ${origin}`,
    `Suite: ${codename}`,
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
