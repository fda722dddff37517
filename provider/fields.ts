/** What a property may hold. One table for checks and schema. */
export type Type =
  | { kind: "string" | "boolean" | "number" | "integer" | "any" | "asset" | "archive" | "assetOrArchive" }
  | { kind: "enum"; values: readonly string[] }
  | { kind: "list" | "map"; of: Type }
  | { kind: "object"; name: string; fields: Fields };

export interface Field {
  type: Type;
  required?: true;
  /** Always secret in state, whatever the program says. */
  secret?: true;
  default?: string | number;
  /** Another property, without which this one makes no sense. */
  needs?: string;
}

export type Fields = Readonly<Record<string, Field>>;

const string = { kind: "string" } as const;
const strings = { kind: "list", of: string } as const;

const endpoint: Fields = {
  user: { type: string, default: "root" },
  password: { type: string, secret: true },
  host: { type: string, required: true },
  port: { type: { kind: "number" }, default: 22 },
  privateKey: { type: string, secret: true },
  privateKeyPassword: { type: string, secret: true },
  agentSocketPath: { type: string },
  dialErrorLimit: { type: { kind: "integer" }, default: 10 },
  perDialTimeout: { type: { kind: "integer" }, default: 15 },
  hostKey: { type: string },
};

const connection: Fields = {
  ...endpoint,
  proxy: { type: { kind: "object", name: "command:remote:ProxyConnection", fields: endpoint } },
};

const remote: Fields = {
  connection: {
    type: { kind: "object", name: "command:remote:Connection", fields: connection },
    required: true,
    secret: true,
  },
};

const triggers: Fields = { triggers: { type: { kind: "list", of: { kind: "any" } } } };

const command: Fields = {
  ...triggers,
  create: { type: string },
  update: { type: string },
  delete: { type: string },
  // Not in the official plugin: what `pulumi refresh` runs. It prints what create or update printed, or exits with 3.
  read: { type: string, needs: "create" },
  stdin: { type: string },
  logging: { type: { kind: "enum", values: ["stdout", "stderr", "stdoutAndStderr", "none"] } },
  environment: { type: { kind: "map", of: string } },
  addPreviousOutputInEnv: { type: { kind: "boolean" } },
};

const local: Fields = {
  interpreter: { type: strings },
  dir: { type: string },
  archivePaths: { type: strings },
  assetPaths: { type: strings },
};

const output: Fields = {
  stdout: { type: string, required: true },
  stderr: { type: string, required: true },
  drifted: { type: { kind: "boolean" } },
  expectedStdout: { type: string },
};

const localOutput: Fields = {
  ...output,
  assets: { type: { kind: "map", of: { kind: "assetOrArchive" } } },
  archive: { type: { kind: "archive" } },
};

/** The resources of @pulumi/command 1.2.1, and `read`: what goes in, and what comes out besides. */
export const resourceFields: Readonly<Record<string, { inputs: Fields; outputs: Fields }>> = {
  "command:local:Command": { inputs: { ...command, ...local }, outputs: localOutput },
  "command:remote:Command": { inputs: { ...remote, ...command }, outputs: output },
  "command:remote:CopyToRemote": {
    inputs: {
      ...remote,
      ...triggers,
      source: { type: { kind: "assetOrArchive" }, required: true },
      remotePath: { type: string, required: true },
    },
    outputs: {},
  },
  "command:remote:CopyFile": {
    inputs: {
      ...remote,
      ...triggers,
      localPath: { type: string, required: true },
      remotePath: { type: string, required: true },
    },
    outputs: {},
  },
};

/** Its one function. */
export const runFields: { inputs: Fields; outputs: Fields } = (() => {
  const { stdin, logging, environment, addPreviousOutputInEnv } = command as Record<string, Field>;
  const { stdout, stderr, assets, archive } = localOutput as Record<string, Field>;
  const inputs = {
    command: { type: string, required: true },
    stdin,
    logging,
    environment,
    addPreviousOutputInEnv,
  };
  const outputs = { stdout, stderr, assets, archive } as Fields;
  return { inputs: { ...inputs, ...local } as Fields, outputs };
})();
