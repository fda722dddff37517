import { readFileSync } from "node:fs";
import { toDigest } from "../../../provider/source.ts";
import { toArchive, toAsset } from "../../../provider/wire.ts";
import type { OpenSsh } from "../../lab/openssh.ts";
import type { Difference } from "../differences.ts";
import type { Plugin, Properties } from "../plugin.ts";

/** What a case may use: the plugin, a directory of its own, and for remote cases an sshd on this machine. */
export interface Lab {
  plugin: Plugin;
  /** The plugin started with other variables, stopped after the case. */
  startWith(environment: NodeJS.ProcessEnv): Promise<Plugin>;
  directory: string;
  /** Only in remote cases. */
  sshd: OpenSsh;
  connection: Properties;
}

/** One behaviour. Both plugins show `expected`, or each its own where the difference is deliberate. */
export interface Case {
  title: string;
  run(lab: Lab): Promise<unknown>;
  expected?: unknown;
  differs?: { why: Difference; ours: unknown; official: unknown };
}

export const LOCAL = "command:local:Command";
export const REMOTE = "command:remote:Command";
export const COPY = "command:remote:CopyToRemote";

export const failureOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "no failure",
    (error: Error) => error.message,
  );

/** stdout and stderr of a state, or all of it without the inputs that were given. */
export const outputs = ({ stdout, stderr }: Properties) => [stdout, stderr];

export const text = (content: string) => toAsset({ text: content, hash: toDigest(Buffer.from(content)) });
export const file = (path: string) => toAsset({ path, hash: toDigest(readFileSync(path)) });
export const directory = (path: string, hash = "1") => toArchive({ path, hash });
