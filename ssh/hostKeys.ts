import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { ServerHostKeyAlgorithm } from "ssh2";
import { badSetting, hostKeyMismatch, hostKeyRevoked, hostKeyUnknown, type SshError } from "./errors.ts";
import { parseKnownHost } from "./knownHosts.ts";
import { type SshEndpoint, toAddress } from "./settings.ts";

/** The answer to "may this host have this key", decided before the connection is made. */
export interface HostKeyCheck {
  /** Signature algorithms to ask for, those of known keys first. */
  algorithms: ServerHostKeyAlgorithm[];
  /** Undefined when the key is the right one, else why not. */
  judge(key: Buffer): SshError | undefined;
}

const algorithmsOf: Record<string, ServerHostKeyAlgorithm[]> = {
  "ssh-ed25519": ["ssh-ed25519"],
  "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
  "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
  "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
  "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256"],
};

/** Read what the policy knows. A known_hosts file that does not exist knows nobody. */
export async function readHostKeyCheck(endpoint: SshEndpoint): Promise<HostKeyCheck> {
  const node = toAddress(endpoint);
  const policy = endpoint.hostKey;
  if (policy?.kind === "pinned") {
    const pinned = parsePublicKey(policy.key);
    return {
      algorithms: orderAlgorithms([pinned.type]),
      judge: (key) =>
        key.toString("base64") === pinned.key
          ? undefined
          : hostKeyMismatch(node, [toFingerprint(pinned.key)], toFingerprint(key), "hostKey"),
    };
  }
  if (policy?.kind !== "known-hosts")
    throw badSetting("hostKey", "a pinned key or a known_hosts file", String(policy));

  const text = await readFile(policy.file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw badSetting("hostKey.file", "a readable known_hosts file", `${policy.file} (${error.code})`, error);
  });
  const known = parseKnownHost(text, endpoint.host, endpoint.port ?? 22);
  return {
    algorithms: orderAlgorithms(known.trusted.map(({ type }) => type)),
    judge: (key) => {
      const found = key.toString("base64");
      if (known.revoked.includes(found)) return hostKeyRevoked(node, toFingerprint(key), policy.file);
      if (known.trusted.some((entry) => entry.key === found)) return undefined;
      if (known.trusted.length === 0)
        return hostKeyUnknown(node, toFingerprint(key), renderPublicKey(key), policy.file);
      const expected = known.trusted.map((entry) => toFingerprint(entry.key));
      return hostKeyMismatch(node, expected, toFingerprint(key), policy.file);
    },
  };
}

/** An OpenSSH public key line, `type base64 [comment]`, with its type checked against the blob. */
export function parsePublicKey(line: string): { type: string; key: string } {
  const [type, key] = line.trim().split(/\s+/);
  const blob = Buffer.from(key ?? "", "base64");
  if (type === undefined || !(type in algorithmsOf) || toKeyType(blob) !== type)
    throw badSetting(
      "hostKey",
      `a public key in OpenSSH form ("ssh-ed25519 AAAA...", of ${Object.keys(algorithmsOf).join(", ")})`,
      line.length > 40 ? `"${line.slice(0, 40)}..."` : `"${line}"`,
    );
  return { type, key: blob.toString("base64") };
}

/** `SHA256:...`, as `ssh-keygen -l` prints it. */
export const toFingerprint = (key: Buffer | string): string =>
  `SHA256:${createHash("sha256")
    .update(typeof key === "string" ? Buffer.from(key, "base64") : key)
    .digest("base64")
    .replace(/=+$/, "")}`;

const renderPublicKey = (key: Buffer): string => `${toKeyType(key)} ${key.toString("base64")}`;

function toKeyType(blob: Buffer): string {
  if (blob.length < 4) return "";
  const length = blob.readUInt32BE(0);
  return length <= blob.length - 4 ? blob.toString("latin1", 4, 4 + length) : "";
}

/**
 * A server shows one key, the first of the client's list that it has. Known types come first, so that a host with
 * several keys shows the known one; the others stay on the list (as in ssh), so that a changed host still shows some
 * key and the message can say which.
 */
function orderAlgorithms(types: readonly string[]): ServerHostKeyAlgorithm[] {
  const known = types.flatMap((type) => algorithmsOf[type] ?? []);
  return [...new Set([...known, ...Object.values(algorithmsOf).flat()])];
}
