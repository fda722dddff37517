import { readFileSync } from "node:fs";
import ssh2 from "ssh2";
import { writeAtomically } from "./atomicFile.ts";

export interface HostKey {
  privateKey: string;
  /** As in known_hosts: `ssh-ed25519 AAAA...`. */
  publicKey: string;
}

/** The node's key, made at its first start and kept: clients have it pinned. A file that holds no key is replaced. */
export function ensureHostKey(path: string): HostKey {
  const found = readHostKey(path);
  if (found !== undefined) return found;
  for (;;) {
    const { private: privateKey } = ssh2.utils.generateKeyPairSync("ed25519");
    const publicKey = publicPart(privateKey);
    if (publicKey === undefined) continue;
    writeAtomically(path, privateKey);
    return { privateKey, publicKey };
  }
}

function readHostKey(path: string): HostKey | undefined {
  let privateKey: string;
  try {
    privateKey = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  const publicKey = publicPart(privateKey);
  return publicKey === undefined ? undefined : { privateKey, publicKey };
}

/** Undefined unless what the key signs, the key verifies. */
function publicPart(privateKey: string): string | undefined {
  const parsed = ssh2.utils.parseKey(privateKey);
  if (parsed instanceof Error || Array.isArray(parsed)) return undefined;
  const probe = Buffer.from("rocmark");
  const signature = parsed.sign(probe);
  if (signature instanceof Error || parsed.verify(probe, signature) !== true) return undefined;
  return `${parsed.type} ${parsed.getPublicSSH().toString("base64")}`;
}
