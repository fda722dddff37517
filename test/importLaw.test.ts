import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

// What each room may import. components and benchmarks never meet: what passes between them is the stack's output.
const allowed: Record<string, readonly string[]> = {
  stacks: ["stacks", "components"],
  components: ["components", "ssh"],
  provider: ["provider", "ssh"],
  benchmarks: ["benchmarks", "ssh"],
  ssh: ["ssh"],
  engine: ["engine"],
};

const project = resolve(import.meta.dirname, "..");

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    return /\.(ts|mjs)$/.test(entry.name) ? [path] : [];
  });
}

const imports = (file: string): string[] =>
  [...readFileSync(file, "utf8").matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)].map((match) =>
    relative(project, resolve(dirname(file), match[1] ?? "")),
  );

test("imports go the way that the design draws", () => {
  const strays = Object.entries(allowed).flatMap(([room, rooms]) =>
    sources(join(project, room)).flatMap((file) =>
      imports(file)
        .filter((target) => !rooms.includes(target.split("/")[0] ?? ""))
        .map((target) => `${relative(project, file)} -> ${target}`),
    ),
  );
  expect(strays).toEqual([]);
});

test("every room is read: none of the table's folders is empty", () => {
  for (const room of Object.keys(allowed))
    expect(sources(join(project, room)).length, room).toBeGreaterThan(0);
});

test("no file imports itself in a circle", () => {
  const edges = new Map(
    Object.keys(allowed).flatMap((room) =>
      sources(join(project, room)).map((file) => [relative(project, file), imports(file)] as const),
    ),
  );
  const circles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, trail: readonly string[]): void => {
    if (trail.includes(file)) circles.push([...trail.slice(trail.indexOf(file)), file].join(" -> "));
    if (done.has(file) || trail.includes(file)) return;
    for (const target of edges.get(file) ?? []) visit(target, [...trail, file]);
    done.add(file);
  };
  for (const file of edges.keys()) visit(file, []);
  expect(circles).toEqual([]);
});

test("no room is called utils, common, helpers, lib, shared or misc", () => {
  const names = Object.keys(allowed).flatMap((room) =>
    sources(join(project, room)).flatMap((file) => relative(project, file).split(/[/.]/)),
  );
  expect(
    names.filter((name) => ["utils", "util", "common", "helpers", "lib", "shared", "misc"].includes(name)),
  ).toEqual([]);
});
