import type { Field, Fields, Type } from "./fields.ts";
import { conceal, isArchive, isAsset, isObject, isSecret, type Properties, UNKNOWN } from "./wire.ts";

/** What is wrong with one property; the engine prints the path before the reason. */
export interface CheckFailure {
  property: string;
  reason: string;
}

/** Inputs with defaults and secret marks in place, and everything that is wrong with them. */
export function checkInputs(
  fields: Fields,
  news: Properties,
): { inputs: Properties; failures: CheckFailure[] } {
  const failures: CheckFailure[] = [];
  const inputs = checkObject(fields, news, "", failures);
  return { inputs, failures };
}

function checkObject(fields: Fields, value: Properties, path: string, failures: CheckFailure[]): Properties {
  const checked: Properties = {};
  for (const [name, inner] of Object.entries(value)) {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    const at = path === "" ? name : `${path}.${name}`;
    if (field) checked[name] = checkField(field, inner, at, failures);
    else {
      checked[name] = inner;
      // The engine and some SDKs pass bookkeeping of their own in names like __defaults.
      if (!name.startsWith("__"))
        failures.push({
          property: at,
          reason: `there is no such property; there are ${Object.keys(fields).join(", ")}`,
        });
    }
  }
  for (const [name, field] of Object.entries(fields)) {
    const at = path === "" ? name : `${path}.${name}`;
    if (isThere(checked[name])) {
      if (field.needs !== undefined && !isThere(checked[field.needs]))
        failures.push({ property: at, reason: `it needs ${field.needs}, and there is none` });
      continue;
    }
    if (field.default !== undefined) checked[name] = field.default;
    else if (field.required) failures.push({ property: at, reason: "a value is required" });
  }
  return checked;
}

const isThere = (value: unknown): boolean => value !== undefined && value !== null;

function checkField(field: Field, value: unknown, path: string, failures: CheckFailure[]): unknown {
  if (value === undefined || value === null) return value;
  const secret = field.secret || isSecret(value);
  const plain = isSecret(value) ? value.value : value;
  const checked = checkValue(field.type, plain, path, failures);
  return secret ? conceal(checked) : checked;
}

function checkValue(type: Type, value: unknown, path: string, failures: CheckFailure[]): unknown {
  if (isSecret(value)) return conceal(checkValue(type, value.value, path, failures));
  if (value === UNKNOWN || type.kind === "any") return value;
  const fits = isOfKind(type, value);
  if (!fits) {
    failures.push({ property: path, reason: `expected ${describe(type)}, got ${found(value)}` });
    return value;
  }
  if (type.kind === "object") return checkObject(type.fields, value as Properties, path, failures);
  if (type.kind === "list")
    return (value as unknown[]).map((inner, index) =>
      checkValue(type.of, inner, `${path}[${index}]`, failures),
    );
  if (type.kind === "map")
    return Object.fromEntries(
      Object.entries(value as Properties).map(([key, inner]) => [
        key,
        checkValue(type.of, inner, `${path}[${JSON.stringify(key)}]`, failures),
      ]),
    );
  return value;
}

function isOfKind(type: Type, value: unknown): boolean {
  switch (type.kind) {
    case "any":
      return true;
    case "string":
    case "boolean":
      return typeof value === type.kind;
    case "number":
      return typeof value === "number";
    case "integer":
      return Number.isInteger(value);
    case "enum":
      return typeof value === "string" && type.values.includes(value);
    case "list":
      return Array.isArray(value);
    case "map":
    case "object":
      return isObject(value) && !isAsset(value) && !isArchive(value);
    case "asset":
      return isAsset(value);
    case "archive":
      return isArchive(value);
    case "assetOrArchive":
      return isAsset(value) || isArchive(value);
  }
}

function describe(type: Type): string {
  switch (type.kind) {
    case "enum":
      return `one of ${type.values.map((value) => `"${value}"`).join(", ")}`;
    case "list":
      return `a list of ${describe(type.of).replace(/^an? /, "")}s`;
    case "map":
      return `a map of ${describe(type.of).replace(/^an? /, "")}s`;
    case "assetOrArchive":
      return "an asset or an archive";
    case "integer":
    case "asset":
    case "archive":
    case "object":
      return `an ${type.kind}`;
    case "any":
      return "anything";
    default:
      return `a ${type.kind}`;
  }
}

/** The kind of what was given, never the value: it may be one that should have been a secret. */
function found(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (isAsset(value)) return "an asset";
  if (isArchive(value)) return "an archive";
  if (isObject(value)) return "an object";
  return `a ${typeof value}`;
}
