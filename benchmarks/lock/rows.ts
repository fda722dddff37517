import { refusal } from "../errors.ts";

/** One requirement of a lock, as uv writes it. */
export interface Row {
  name: string;
  version: string;
  /** sha256 of the files that may be installed, sorted. */
  hashes: readonly string[];
  /** Its lines as they stand. */
  text: string;
}

/** PyTorch's own packages, which nodes take from its index for one ROCm; all others from the usual index. */
export const isPytorchs = ({ name }: Pick<Row, "name">): boolean =>
  /^(torch|torchvision|torchaudio|triton-rocm|pytorch-triton|pytorch-triton-rocm)$/.test(name);

/** What only PyTorch's build for CUDA needs. */
export const isCudas = ({ name }: Pick<Row, "name">): boolean => /^(nvidia-|cuda-|triton$)/.test(name);

/** The requirements of a lock; comments and empty lines are none. */
export function parseRows(lock: string): Row[] {
  const joined = lock.replaceAll(/^ *#.*\n/gm, "").matchAll(/^[A-Za-z0-9][^\\\n]*(?:\\\n[^\\\n]*)*/gm);
  return [...joined].map(([text]) => {
    const [, name = "", version = ""] = /^([A-Za-z0-9._-]+)==([^\s;\\]+)/.exec(text) ?? [];
    const hashes = [...text.matchAll(/--hash=sha256:([0-9a-f]{64})/g)].map((match) => match[1] ?? "");
    return { name: name.toLowerCase().replace(/[-_.]+/g, "-"), version, hashes: hashes.sort(), text };
  });
}

/**
 * Refuses a lock that would not install what is pinned and nothing else.
 *
 * @param wanted PyTorch's packages as its own index alone resolves them
 * @throws RocmarkError E_LOCK naming the package
 */
export function checkRows(rows: readonly Row[], wanted: readonly Row[]): void {
  for (const row of rows) {
    const { name, version, hashes, text } = row;
    if (version === "") throw refused(text, "wanted one exact version");
    if (hashes.length === 0) throw refused(`${name}==${version}`, "uv gave no sha256 of its files");
    if (isCudas(row)) throw refused(`${name}==${version}`, "it belongs to PyTorch's build for CUDA");
  }
  const found = new Map(rows.filter(isPytorchs).map((row) => [row.name, row]));
  for (const { name, version, hashes } of wanted) {
    const own = found.get(name);
    if (own?.version !== version || own.hashes.join() !== hashes.join())
      throw refused(
        `${name}==${version}`,
        `wanted the files of PyTorch's index, found ${own ? `${own.version} with other files` : "none"}`,
      );
    found.delete(name);
  }
  for (const { name, version } of found.values())
    throw refused(`${name}==${version}`, "PyTorch's index alone does not ask for it");
}

const refused = (what: string, problem: string) =>
  refusal("E_LOCK", `${what}: ${problem}. Nothing is locked without that, and no lock was written.`);
