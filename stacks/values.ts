import * as pulumi from "@pulumi/pulumi";
import { withHostsFile } from "./hostsFile.ts";

/** All of the stack's values below `rocmark:`, structured ones parsed, so that an unknown key can be refused. */
export function readStackValues(): Record<string, unknown> {
  const prefix = `${pulumi.getProject()}:`;
  const values: Record<string, unknown> = {};
  for (const [key, text] of Object.entries(pulumi.runtime.allConfig())) {
    if (key.startsWith(prefix)) values[key.slice(prefix.length)] = parse(text);
  }
  return withHostsFile(values);
}

// The engine hands structured values over as JSON and plain ones as they are.
function parse(text: string): unknown {
  if (!/^[[{]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
