import { isArchive, isAsset, isObject, isSecret, type Properties } from "./wire.ts";

export type Change = "add" | "delete" | "update";

/**
 * Every path at which new inputs differ from old ones, in Pulumi's notation: `environment.HOME`, `triggers[0]`.
 *
 * As in the official plugin a change of any input is an update; that `triggers` replace is the SDK's doing, which
 * asks the engine for it (replaceOnChanges `triggers[*]`). A value that becomes secret is a change too.
 */
export function diffInputs(olds: Properties, news: Properties): Map<string, Change> {
  const changes = new Map<string, Change>();
  compareObjects(olds, news, "", changes);
  return changes;
}

function compareObjects(
  olds: Properties,
  news: Properties,
  path: string,
  changes: Map<string, Change>,
): void {
  for (const name of new Set([...Object.keys(olds), ...Object.keys(news)])) {
    if (path === "" && name.startsWith("__")) continue;
    compare(olds[name], news[name], join(path, name), changes);
  }
}

function compare(before: unknown, after: unknown, path: string, changes: Map<string, Change>): void {
  const [had, has] = [before ?? undefined, after ?? undefined];
  if (had === undefined && has === undefined) return;
  if (had === undefined) changes.set(path, "add");
  else if (has === undefined) changes.set(path, "delete");
  else if (isSecret(had) && isSecret(has)) {
    // What changed inside is nobody's business but the secret's.
    const inside = new Map<string, Change>();
    compare(had.value, has.value, path, inside);
    if (inside.size > 0) changes.set(path, "update");
  } else if (isLeaf(had) || isLeaf(has)) {
    if (!isSame(had, has)) changes.set(path, "update");
  } else if (Array.isArray(had) && Array.isArray(has)) {
    for (let index = 0; index < Math.max(had.length, has.length); index += 1)
      compare(had[index], has[index], `${path}[${index}]`, changes);
  } else if (isObject(had) && isObject(has)) compareObjects(had, has, path, changes);
  else changes.set(path, "update");
}

const isLeaf = (value: unknown): boolean =>
  typeof value !== "object" || isSecret(value) || isAsset(value) || isArchive(value);

/** Assets and archives are what their content is, wherever it lies. */
function isSame(a: unknown, b: unknown): boolean {
  if ((isAsset(a) && isAsset(b)) || (isArchive(a) && isArchive(b)))
    return a.hash && b.hash ? a.hash === b.hash : JSON.stringify(a) === JSON.stringify(b);
  return a === b;
}

const join = (path: string, name: string): string => {
  if (!/^[A-Za-z_$][\w$-]*$/.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path === "" ? name : `${path}.${name}`;
};
