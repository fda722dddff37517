import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runChild } from "../childProcess.ts";
import { project } from "../commands/place.ts";
import { type RocmarkError, refusal } from "../errors.ts";
import { checkRows, isCudas, isPytorchs, parseRows, type Row } from "./rows.ts";

/** What is locked. */
export interface Wanted {
  /** "2.10.0+rocm7.1". */
  torch: string;
  /** PyTorch's index for that ROCm. */
  index: string;
  /** The oldest Python that the lock has to serve, "3.10". */
  python: string;
  uv: string;
}

/**
 * The text of a lock with hashes: PyTorch's packages from its one index, the trainer's others from the usual one.
 *
 * @throws RocmarkError E_INDEX where PyTorch's index cannot be reached or lacks the version, E_LOCK for the rest
 */
export async function compileLock(wanted: Wanted, say: (line: string) => void): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "rocmark-lock-"));
  try {
    say(`asking ${wanted.index} for torch==${wanted.torch}`);
    const pytorchs = await readPytorchs(wanted, folder);
    say("resolving the trainer's other packages against the usual index");
    const lock = await compileAll(wanted, pytorchs, folder);
    checkRows(parseRows(lock), pytorchs);
    return lock;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What `pip install torch --index-url <index>`, PyTorch's own instruction, would take of PyTorch's packages. */
async function readPytorchs({ torch, index, python, uv }: Wanted, folder: string): Promise<Row[]> {
  await writeFile(join(folder, "torch.in"), `torch==${torch}\n`);
  const words = ["--no-config", "--default-index", index, "--python-version", python, "torch.in"];
  const { code, stdout, stderr } = await compile(uv, words, folder);
  if (code !== 0) throw indexProblem(torch, index, stderr);
  return parseRows(stdout).filter(isPytorchs);
}

/**
 * Everything at once, so that all that PyTorch asks of the others is kept. An explicit index is looked into for the packages
 * that name it, and nowhere else are they looked for: an extra index would let PyPI's build for CUDA in.
 */
async function compileAll(
  { index, python, uv }: Wanted,
  pytorchs: readonly Row[],
  folder: string,
): Promise<string> {
  const own = await readFile(join(project, "trainer", "locks", "default.in"), "utf8");
  const others = own.split("\n").filter((line) => /^[A-Za-z]/.test(line) && !/^torch\b/.test(line));
  const pins = pytorchs.map(({ name, version }) => `${name}==${version}`);
  const sources = pytorchs.map(({ name }) => `${name} = { index = "pytorch" }`);
  const document = [
    "[project]",
    'name = "rocmark-lock"',
    'version = "0"',
    `requires-python = ">=${python}"`,
    `dependencies = ${JSON.stringify([...pins, ...others])}`,
    "[[tool.uv.index]]",
    'name = "pytorch"',
    `url = ${JSON.stringify(index)}`,
    "explicit = true",
    "[tool.uv.sources]",
    ...sources,
  ];
  await writeFile(join(folder, "pyproject.toml"), `${document.join("\n")}\n`);
  // uv keeps the versions of a lock that is there, where it can: locks of two PyTorch builds then differ in nothing else.
  const before = parseRows(await readFile(join(project, "trainer", "locks", "default.txt"), "utf8"));
  const kept = before.filter((row) => !isPytorchs(row) && !isCudas(row));
  await writeFile(join(folder, "lock.txt"), kept.map(({ text }) => `${text}\n`).join(""));
  const words = ["--python-version", python, "--output-file", "lock.txt", "pyproject.toml"];
  const { code, stderr } = await compile(uv, words, folder);
  if (code === 0) return readFile(join(folder, "lock.txt"), "utf8");
  throw refusal(
    "E_LOCK",
    `The packages beside PyTorch could not be locked: ${reason(stderr)}. No lock was written.`,
  );
}

function compile(uv: string, words: readonly string[], cwd: string) {
  const { UV_INDEX, UV_EXTRA_INDEX_URL, UV_FIND_LINKS, UV_TORCH_BACKEND, ...env } = process.env;
  const form = ["--universal", "--generate-hashes", "--no-emit-index-url", "--no-header", "--no-annotate"];
  return runChild(uv, ["pip", "compile", "--quiet", "--no-build", ...form, ...words], {
    cwd,
    env: { ...env, UV_SYSTEM_CERTS: "1", UV_PYTHON_DOWNLOADS: "never", NO_COLOR: "1" },
  });
}

function indexProblem(torch: string, index: string, stderr: string): RocmarkError {
  const isUnreached = /failed to fetch|error sending request|request failed|http status|timed out/i.test(
    stderr,
  );
  return refusal(
    "E_INDEX",
    isUnreached
      ? `${index} could not be read: ${reason(stderr)}. Run this on a machine that reaches it; no lock was written.`
      : `${index} cannot give torch==${torch}: ${reason(stderr)}. No lock was written.`,
  );
}

/** What uv says of a failure, in one line: its last cause is the first one in time. */
function reason(stderr: string): string {
  const lines = stderr.split("\n").map((line) => line.trim());
  const said = lines.filter((line) => line !== "" && !/^(warning|hint):/.test(line));
  return said
    .map((line) => line.replace(/^(error|cause|x|├─▶|╰─▶|│)\s*:?\s*/i, ""))
    .join("; ")
    .replace(/\.$/, "")
    .slice(0, 600);
}
