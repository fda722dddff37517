import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

// How Pulumi marks assets and archives on the wire.
const signature = "4dabf18193072939515e22adb298388d";
const assetSignature = "c44067f5952c0a294b673a41bacd8c17";
const archiveSignature = "0def7320c3a5731c473e5ecbe6d01bc7";

/** A file to copy: its path below the target, and its content or where that lies on this machine. */
export interface SourceFile {
  path: string;
  content: Buffer | { file: string };
  mode: number;
}

type Wire = { path?: string; text?: string; uri?: string; hash?: string; assets?: Record<string, unknown> };

/** What an asset or an archive holds: one file without a path, or the files of a folder. */
export function sourceFiles(source: unknown): SourceFile[] {
  const value = source as Wire & Record<string, unknown>;
  if (value?.[signature] === assetSignature) return [fileOf("", value)];
  if (value?.[signature] !== archiveSignature) {
    throw new Error(
      "source: expected an asset or an archive of Pulumi (FileAsset, StringAsset, FileArchive, AssetArchive).",
    );
  }
  if (value.path !== undefined) return folder(value.path);
  if (value.assets !== undefined) {
    return Object.entries(value.assets).flatMap(([name, inner]) =>
      sourceFiles(inner).map((file) => ({ ...file, path: file.path === "" ? name : `${name}/${file.path}` })),
    );
  }
  throw new Error("source: remote archives are not supported; give a folder or a file of this machine.");
}

function fileOf(path: string, { path: file, text }: Wire): SourceFile {
  if (text !== undefined) return { path, content: Buffer.from(text), mode: 0o644 };
  if (file === undefined)
    throw new Error("source: remote assets are not supported; give a file of this machine.");
  return { path, content: { file }, mode: statSync(file).mode & 0o777 };
}

function folder(root: string, under = ""): SourceFile[] {
  const at = join(root, under);
  if (!statSync(at).isDirectory()) {
    // An archive file (.tar.gz, .zip) is copied as it is, as the official plugin does.
    return [{ path: "", content: readFileSync(at), mode: 0o644 }];
  }
  return readdirSync(at, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = under === "" ? entry.name : `${under}/${entry.name}`;
      return entry.isDirectory() ? folder(root, path) : [fileOf(path, { path: join(root, path) })];
    });
}

/** What identifies an asset in a comparison: its content, not where it lies. */
export function identity(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(identity);
  if (typeof value !== "object" || value === null) return value;
  const wire = value as Wire & Record<string, unknown>;
  const marked = wire[signature] === assetSignature || wire[signature] === archiveSignature;
  if (marked && typeof wire.hash === "string" && wire.hash !== "") return { hash: wire.hash };
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, identity(inner)]),
  );
}
