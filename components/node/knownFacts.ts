import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { factsSchema } from "./facts.ts";

/** What an earlier run found out about a host. */
const entrySchema = z.strictObject({
  host: z.string(),
  port: z.number(),
  hostKey: z.string(),
  /** Null where the stack states the facts and the host was not asked. */
  facts: factsSchema.nullable(),
  /** When it was asked, ISO 8601: what is installed on it is planned anew when this changes. */
  readAt: z.string(),
  /** Digest of the pins that the host was verified to hold; null while it is not. */
  verifiedFor: z.string().nullable(),
  /** An update has begun with these facts and has not seen the host verified yet: if it never does, the host is asked again. */
  open: z.boolean(),
});

export type KnownHost = z.infer<typeof entrySchema>;

const fileSchema = z.strictObject({ schema: z.literal(1), hosts: z.record(z.string(), entrySchema) });

/** What identifies a host: facts of another machine behind the same name are none of it. */
export type HostIdentity = Pick<KnownHost, "host" | "port" | "hostKey">;

/** What is known of a stack's hosts, in a file beside its records. It can be removed at any time: hosts are asked again. */
export class KnownFacts {
  readonly #file: string;
  #hosts: Record<string, KnownHost>;
  #timer: NodeJS.Timeout | undefined;

  constructor(file: string) {
    this.#file = file;
    this.#hosts = read(file);
  }

  /** What is known of the host that is called so, if it is still the same one. */
  get(name: string, identity: HostIdentity): KnownHost | undefined {
    const entry = this.#hosts[name];
    return entry && isSame(entry, identity) ? entry : undefined;
  }

  /** Takes entries over and soon writes the file, at the latest when the program ends. */
  put(entries: Readonly<Record<string, KnownHost>>): void {
    this.#hosts = { ...this.#hosts, ...entries };
    if (this.#timer !== undefined) return;
    process.once("exit", this.save);
    this.#timer = setTimeout(this.save, 200);
    this.#timer.unref();
  }

  /** Writes the file now, if it changes; a reader sees the old or the new one. */
  readonly save = (): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    process.off("exit", this.save);
    const text = toText(this.#hosts);
    if (text === readText(this.#file)) return;
    mkdirSync(dirname(this.#file), { recursive: true });
    const partial = `${this.#file}.${process.pid}`;
    writeFileSync(partial, text);
    renameSync(partial, this.#file);
  };
}

/**
 * Whether what is known is enough, so that the host need not be asked: it was verified to hold these pins, or a preview
 * asked it for the update that now runs. After an update that did not end well it never is.
 */
export const isEnough = (entry: KnownHost, request: string, isPreview: boolean): boolean =>
  !entry.open && (entry.verifiedFor === request || !isPreview);

const isSame = (a: HostIdentity, b: HostIdentity): boolean =>
  a.host === b.host && a.port === b.port && a.hostKey === b.hostKey;

const toText = (hosts: Record<string, KnownHost>): string =>
  `${JSON.stringify({ schema: 1, hosts }, null, 1)}\n`;

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

// A file that is not as it should be is as good as none.
function read(file: string): Record<string, KnownHost> {
  try {
    return fileSchema.parse(JSON.parse(readText(file))).hosts;
  } catch {
    return {};
  }
}
