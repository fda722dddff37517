import { toDriverPackages, type UbuntuSuffix } from "./amdDriver.ts";
import { toGraphicsPackages, toRocmPackages } from "./amdRocm.ts";
import { type ArchiveName, toDists } from "./archive.ts";
import type { SigningKey } from "./signing.ts";
import { buildPackage, type StubPackage } from "./stub.ts";
import { toUbuntuPackages } from "./ubuntu.ts";

/** What the test may change about the archives. */
export interface ArchiveState {
  /** Releases of the kernels in Ubuntu's archive. */
  kernels: readonly string[];
  isWithdrawn: (stub: StubPackage) => boolean;
  /** The key that signs AMD's archives now. */
  amdKey: SigningKey;
  ubuntuKey: SigningKey;
}

/** One archive of Debian's form: its name, and what it holds for an Ubuntu release. */
interface Archive {
  root: string;
  name: Omit<ArchiveName, "codename">;
  owner: "amd" | "ubuntu";
  packages: (ubuntu: UbuntuSuffix, kernels: readonly string[]) => StubPackage[] | undefined;
}

const codenames: Readonly<Record<string, UbuntuSuffix>> = { jammy: "22.04", noble: "24.04" };
const amd = { origin: "repo.radeon.com", components: ["main", "proprietary"] } as const;
const ubuntu = { origin: "Ubuntu", components: ["main", "restricted", "universe", "multiverse"] } as const;

/** Which archive an address is in, and the path there. */
function findArchive(address: string): { archive: Archive; rest: string } | undefined {
  const rules: [
    RegExp,
    Archive["owner"],
    (directory: string, ubuntu: UbuntuSuffix, kernels: readonly string[]) => StubPackage[] | undefined,
  ][] = [
    [/^(repo\.radeon\.com\/amdgpu\/([^/]+)\/ubuntu)\/(.+)$/, "amd", toDriverPackages],
    [/^(repo\.radeon\.com\/rocm\/apt\/([^/]+))\/(.+)$/, "amd", toRocmPackages],
    [/^(repo\.radeon\.com\/graphics\/([^/]+)\/ubuntu)\/(.+)$/, "amd", toGraphicsPackages],
    [
      /^((?:archive|security)\.ubuntu\.com\/(ubuntu))\/(.+)$/,
      "ubuntu",
      (_, release, kernels) => toUbuntuPackages(release, kernels),
    ],
  ];
  for (const [pattern, owner, packages] of rules) {
    const [, root, directory, rest] = pattern.exec(address) ?? [];
    if (root === undefined || directory === undefined || rest === undefined) continue;
    const name = owner === "amd" ? amd : ubuntu;
    return {
      archive: { root, name, owner, packages: (release, kernels) => packages(directory, release, kernels) },
      rest,
    };
  }
  return undefined;
}

/** The archives of AMD and of Ubuntu, made when they are first asked for. */
export class Archives {
  readonly #state: () => ArchiveState;
  readonly #made = new Map<string, Promise<ReadonlyMap<string, Buffer>>>();

  constructor(state: () => ArchiveState) {
    this.#state = state;
  }

  /** What has changed shows in what is asked for from now on. */
  forget(): void {
    this.#made.clear();
  }

  /** A file by its address without the scheme; undefined where there is none. */
  async read(address: string): Promise<Buffer | undefined> {
    const found = findArchive(address);
    if (found === undefined) return undefined;
    const { archive, rest } = found;
    const suites = rest.startsWith("dists/") ? [rest.split("/")[1] ?? ""] : Object.keys(codenames);
    for (const suite of suites) {
      const content = (await this.#suite(archive, suite)).get(rest);
      if (content !== undefined) return content;
    }
    return undefined;
  }

  #suite(archive: Archive, suite: string): Promise<ReadonlyMap<string, Buffer>> {
    const key = `${archive.root} ${suite}`;
    const made = this.#made.get(key) ?? makeSuite(archive, suite, this.#state());
    this.#made.set(key, made);
    return made;
  }
}

async function makeSuite(archive: Archive, suite: string, state: ArchiveState): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const [codename = "", pocket] = suite.split("-");
  const release = codenames[codename];
  // AMD's archives have no pockets; Ubuntu's are there, with all packages in the release itself.
  if (release === undefined || (pocket !== undefined && archive.owner === "amd")) return files;
  const stubs = archive.packages(release, state.kernels);
  if (stubs === undefined) return files;
  const kept = pocket === undefined ? stubs.filter((stub) => !state.isWithdrawn(stub)) : [];
  const built = await Promise.all(kept.map(buildPackage));
  for (const { filename, content } of built) files.set(filename, content);
  const dists = toDists({ ...archive.name, codename, suite }, built, new Date());
  for (const [path, content] of dists) files.set(`dists/${suite}/${path}`, content);
  const key = archive.owner === "amd" ? state.amdKey : state.ubuntuKey;
  const text = dists.get("Release")?.toString() ?? "";
  files.set(`dists/${suite}/InRelease`, Buffer.from(await key.signInline(text)));
  files.set(`dists/${suite}/Release.gpg`, Buffer.from(await key.signDetached(text)));
  return files;
}
