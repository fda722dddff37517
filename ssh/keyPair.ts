import { generateKeyPairSync, randomBytes } from "node:crypto";

/** An Ed25519 key pair in OpenSSH's own formats, as ssh-keygen writes them. */
export interface KeyPair {
  /** `ssh-ed25519 AAAA... comment`. */
  publicKey: string;
  /** PEM text, not encrypted. */
  privateKey: string;
}

/**
 * A new key pair.
 *
 * Not by ssh2's generateKeyPair: it takes a leading zero byte off the public key, so that one key in 256 is
 * malformed ("Malformed OpenSSH private key", 15 of 3000 with ssh2 1.17).
 */
export function makeKeyPair(comment = ""): KeyPair {
  const { x = "", d = "" } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  const [point, seed] = [Buffer.from(x, "base64url"), Buffer.from(d, "base64url")];
  const type = toField(Buffer.from("ssh-ed25519"));
  const blob = Buffer.concat([type, toField(point)]);
  const check = randomBytes(4);
  const secret = Buffer.concat([
    check,
    check,
    type,
    toField(point),
    toField(Buffer.concat([seed, point])),
    toField(Buffer.from(comment)),
  ]);
  const padding = Buffer.from(Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, n) => n + 1));
  const none = toField(Buffer.from("none"));
  const file = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    none, // cipher
    none, // key derivation
    toField(Buffer.alloc(0)),
    Buffer.from([0, 0, 0, 1]),
    toField(blob),
    toField(Buffer.concat([secret, padding])),
  ]);
  const lines = file.toString("base64").match(/.{1,70}/g) ?? [];
  return {
    publicKey: ["ssh-ed25519", blob.toString("base64"), comment].filter((part) => part !== "").join(" "),
    privateKey: `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines.join("\n")}\n-----END OPENSSH PRIVATE KEY-----\n`,
  };
}

/** RFC 4251's string: its length in four bytes, then the bytes. */
function toField(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
