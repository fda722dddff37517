import { toCudaTorch, toRocmTorch } from "./torch.ts";
import { makeWheel, toProject, type Wheel } from "./wheel.ts";

/**
 * What PyTorch's indexes carry besides torch: some of what it depends on, at versions of their own. With uv a package
 * that the first index has is looked for there alone, so that another version of these seems not to exist.
 * Source: pip's logs in users' reports (https://download.pytorch.org/whl/filelock-3.13.1-py3-none-any.whl).
 */
const besideTorch: Readonly<Record<string, string>> = {
  filelock: "3.13.1",
  fsspec: "2024.6.1",
  jinja2: "3.1.4",
  networkx: "3.3",
  numpy: "2.1.2",
  sympy: "1.13.1",
  "typing-extensions": "4.12.2",
};

/** A package with nothing in it but its name and version. */
export const makeEmptyWheel = (name: string, version: string): Wheel =>
  makeWheel({ name, version, tag: "py3-none-any", files: {} });

/** The lab's Python packages, as download.pytorch.org, pypi.org and files.pythonhosted.org serve them. */
export class PythonIndexes {
  readonly #pypi = new Map<string, Wheel[]>();
  readonly #files = new Map<string, Wheel>();
  readonly #pytorch = new Map<string, Map<string, Wheel[]>>();

  /** @param wheels what PyPI has besides torch */
  constructor(wheels: readonly Wheel[]) {
    for (const wheel of [...wheels, ...toCudaTorch()]) {
      add(this.#pypi, wheel);
      this.#files.set(wheel.fileName, wheel);
    }
  }

  /** A page or file by its address without the scheme; undefined where there is none. */
  read(address: string): Buffer | undefined {
    const [host, ...parts] = address.split("/");
    if (host === "pypi.org" && parts[0] === "simple") return this.#readPypi(parts[1] ?? "");
    if (host === "files.pythonhosted.org") return fileOf(this.#files, parts.at(-1) ?? "");
    if (host === "download.pytorch.org" && parts[0] === "whl" && parts[1])
      return this.#readPytorch(parts[1], parts[2]);
    return undefined;
  }

  #readPypi(name: string): Buffer | undefined {
    const wheels = this.#pypi.get(toProject(name));
    if (wheels === undefined) return undefined;
    const page = toPage(name, wheels, ({ sha256, fileName }) => {
      const place = `${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256.slice(4)}`;
      return `https://files.pythonhosted.org/packages/${place}/${encodeURIComponent(fileName)}`;
    });
    return Buffer.from(page);
  }

  #readPytorch(index: string, name: string | undefined): Buffer | undefined {
    const made = this.#pytorch.get(index) ?? makePytorchIndex(index);
    if (made === undefined) return undefined;
    this.#pytorch.set(index, made);
    if (name === undefined || name === "") return Buffer.from(toList([...made.keys()]));
    const wheels = made.get(toProject(name));
    const at = ({ fileName }: Wheel) => `/whl/${index}/${encodeURIComponent(fileName)}`;
    if (wheels !== undefined) return Buffer.from(toPage(name, wheels, at));
    const files = new Map([...made.values()].flat().map((wheel) => [wheel.fileName, wheel]));
    return fileOf(files, name);
  }
}

function makePytorchIndex(index: string): Map<string, Wheel[]> | undefined {
  const torch = toRocmTorch(index);
  if (torch === undefined) return undefined;
  const projects = new Map<string, Wheel[]>();
  const beside = Object.entries(besideTorch).map(([name, version]) => makeEmptyWheel(name, version));
  for (const wheel of [...torch, ...beside]) add(projects, wheel);
  return projects;
}

function add(projects: Map<string, Wheel[]>, wheel: Wheel): void {
  const wheels = projects.get(wheel.project) ?? [];
  projects.set(wheel.project, [...wheels, wheel]);
}

function fileOf(files: ReadonlyMap<string, Wheel>, name: string): Buffer | undefined {
  const wheel = files.get(name.replace(/\.metadata$/, ""));
  return name.endsWith(".metadata") ? (wheel?.metadata ?? undefined) : wheel?.content;
}

/** A project's page in an index (PEP 503, and PEP 658's metadata). `+` in a file name has to be escaped in an address. */
const toPage = (project: string, wheels: readonly Wheel[], at: (wheel: Wheel) => string): string => {
  const links = wheels.map((wheel) => {
    const offered =
      wheel.metadata === null ? "" : ' data-dist-info-metadata="true" data-core-metadata="true"';
    return `<a href="${at(wheel)}#sha256=${wheel.sha256}"${offered}>${wheel.fileName}</a><br/>`;
  });
  return toHtml(`Links for ${project}`, links);
};

const toList = (projects: readonly string[]): string =>
  toHtml(
    "Simple index",
    projects.map((project) => `<a href="${project}/">${project}</a><br/>`),
  );

const toHtml = (title: string, lines: readonly string[]): string =>
  `<!DOCTYPE html>\n<html>\n<body>\n<h1>${title}</h1>\n${lines.join("\n")}\n</body>\n</html>\n`;
