import { identity } from "./assets.ts";
import { reveal } from "./secrets.ts";

/** The inputs of each resource type, and whether it must have them. */
export const resources: Record<string, Record<string, "required" | "optional">> = {
  "command:local:Command": {
    create: "optional",
    update: "optional",
    delete: "optional",
    environment: "optional",
    stdin: "optional",
    triggers: "optional",
    dir: "optional",
    interpreter: "optional",
    logging: "optional",
    addPreviousOutputInEnv: "optional",
    archivePaths: "optional",
    assetPaths: "optional",
  },
  "command:remote:Command": {
    connection: "required",
    create: "optional",
    update: "optional",
    delete: "optional",
    environment: "optional",
    stdin: "optional",
    triggers: "optional",
    logging: "optional",
    addPreviousOutputInEnv: "optional",
  },
  "command:remote:CopyToRemote": {
    connection: "required",
    source: "required",
    remotePath: "required",
    triggers: "optional",
  },
  "command:remote:CopyFile": {
    connection: "required",
    localPath: "required",
    remotePath: "required",
    triggers: "optional",
  },
};

/** Type token of a resource's URN: the last part of its qualified type. */
export const typeOf = (urn: string): string => urn.split("::")[2]?.split("$").at(-1) ?? "";

export type Properties = Record<string, unknown>;

/** What is wrong with the inputs, each with the property's path. Unknown values of a preview are left alone. */
export function checkInputs(type: string, inputs: Properties): { property: string; reason: string }[] {
  const known = resources[type];
  if (known === undefined)
    return [
      { property: "", reason: `this plugin serves ${Object.keys(resources).join(", ")}; found ${type}` },
    ];
  const failures = Object.keys(known)
    .filter((key) => known[key] === "required" && (inputs[key] === undefined || inputs[key] === null))
    .map((property) => ({ property, reason: `${property} is required` }));
  for (const property of Object.keys(inputs)) {
    if (!(property in known) && !property.startsWith("__"))
      failures.push({ property, reason: `${type} has no property "${property}"` });
  }
  const connection = reveal(inputs.connection);
  if (typeof connection === "object" && connection !== null && !("host" in connection)) {
    failures.push({ property: "connection.host", reason: "connection.host is required" });
  }
  return failures;
}

/** Which inputs changed, by name; secrets and assets are compared by what they hold. */
export function changedInputs(type: string, olds: Properties, news: Properties): string[] {
  const text = (value: unknown) => JSON.stringify(identity(reveal(value ?? null)));
  return Object.keys(resources[type] ?? {}).filter((key) => text(olds[key]) !== text(news[key]));
}
