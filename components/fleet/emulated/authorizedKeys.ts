import { createHash, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { keyFileInvalid } from "./errors.ts";

/** A public key as SSH sends it. */
export interface AuthorizedKey {
  type: string;
  blob: Buffer;
}

/** Public keys, one a line as in OpenSSH's file but without options: a node gives full access or none. */
export function parseAuthorizedKeys(text: string, file: string): AuthorizedKey[] {
  const keys = text.split(/\r?\n/).flatMap((line, index) => {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#")) return [];
    const key = parsePublicKey(trimmed);
    if (key === undefined) throw keyFileInvalid(file, `line ${index + 1} is not a public key`);
    // ssh2's server does not announce SHA-2 signatures for RSA, so clients offer SHA-1 or nothing.
    if (key.type === "ssh-rsa")
      throw keyFileInvalid(file, `line ${index + 1} is an RSA key, wanted is Ed25519 or ECDSA`);
    return [key];
  });
  if (keys.length === 0) throw keyFileInvalid(file, "it holds no key");
  return keys;
}

/** The blob names its own type again (RFC 4253, 6.6), which tells a whole key from a damaged one. */
function parsePublicKey(line: string): AuthorizedKey | undefined {
  const [type = "", base64 = ""] = line.split(/\s+/);
  if (!/^[a-z0-9@.-]+$/.test(type) || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined;
  const blob = Buffer.from(base64, "base64");
  if (blob.length < 4 + type.length + 32 || blob.readUInt32BE(0) !== type.length) return undefined;
  return blob.toString("latin1", 4, 4 + type.length) === type ? { type, blob } : undefined;
}

export function renderAuthorizedKeys(keys: AuthorizedKey[]): string {
  return keys.map(({ type, blob }) => `${type} ${blob.toString("base64")}\n`).join("");
}

export function readAuthorizedKeys(file: string): AuthorizedKey[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw keyFileInvalid(file, `it cannot be read (${(error as NodeJS.ErrnoException).code})`, error);
  }
  return parseAuthorizedKeys(text, file);
}

/** The key that was offered, if it is among those allowed; looks at all of them, and takes equally long for each. */
export function findKey(keys: AuthorizedKey[], offered: Buffer): AuthorizedKey | undefined {
  const wanted = digest(offered);
  let found: AuthorizedKey | undefined;
  for (const key of keys) if (timingSafeEqual(digest(key.blob), wanted)) found = key;
  return found;
}

const digest = (bytes: Buffer): Buffer => createHash("sha256").update(bytes).digest();
