import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { toZip } from "../../lab/hosts/repository/zip.ts";

/** A package of a test's index: a wheel with nothing in it but what it is called and what it needs. */
export interface Offered {
  name: string;
  version: string;
  needs?: readonly string[];
  /** Whether its page says the file's sha256. @default true */
  isHashed?: boolean;
}

interface File {
  project: string;
  name: string;
  content: Buffer;
  metadata: Buffer;
  sha256: string;
  isHashed: boolean;
}

function toFile({ name, version, needs = [], isHashed = true }: Offered): File {
  const distribution = name.replaceAll("-", "_");
  const info = `${distribution}-${version}.dist-info`;
  const lines = ["Metadata-Version: 2.1", `Name: ${name}`, `Version: ${version}`];
  const metadata = `${[...lines, ...needs.map((need) => `Requires-Dist: ${need}`)].join("\n")}\n`;
  const content = toZip({
    [`${info}/METADATA`]: metadata,
    [`${info}/WHEEL`]: "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    [`${info}/RECORD`]: "",
  });
  const sha256 = createHash("sha256").update(content).digest("hex");
  const fileName = `${distribution}-${version}-py3-none-any.whl`;
  return { project: name, name: fileName, content, metadata: Buffer.from(metadata), sha256, isHashed };
}

const toPage = (files: readonly File[]): string => {
  const links = files.map(({ name, sha256, isHashed }) => {
    const hash = isHashed ? `#sha256=${sha256}` : "";
    return `<a href="${encodeURIComponent(name)}${hash}" data-core-metadata="true">${name}</a>`;
  });
  return `<!DOCTYPE html><html><body>${links.join("\n")}</body></html>`;
};

/** Package indexes over HTTP, by name: `<address>/<name>/<project>/`. */
export class Indexes {
  readonly #server: Server;
  readonly #files: ReadonlyMap<string, readonly File[]>;

  private constructor(server: Server, files: ReadonlyMap<string, readonly File[]>) {
    this.#server = server;
    this.#files = files;
  }

  static async serve(offered: Readonly<Record<string, readonly Offered[]>>): Promise<Indexes> {
    const files = new Map(Object.entries(offered).map(([index, packages]) => [index, packages.map(toFile)]));
    const server = createServer((request, response) => {
      const [, index = "", project = "", file = ""] = decodeURIComponent(request.url ?? "").split("/");
      const own = (files.get(index) ?? []).filter((one) => one.project === project);
      const found = own.find(({ name }) => name === file.replace(/\.metadata$/, ""));
      if (found) response.end(file.endsWith(".metadata") ? found.metadata : found.content);
      else if (file === "" && own.length > 0)
        response.setHeader("content-type", "text/html").end(toPage(own));
      else response.writeHead(404).end();
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    return new Indexes(server, files);
  }

  address(index: string): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${index}`;
  }

  /** sha256 of the one file of a package in an index. */
  hash(index: string, project: string, version: string): string {
    const found = this.#files
      .get(index)
      ?.find((file) => file.name.startsWith(`${project.replaceAll("-", "_")}-${version}-`));
    if (found === undefined) throw new RangeError(`${index} has no ${project} ${version}.`);
    return found.sha256;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }
}
