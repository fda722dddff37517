import { mkdir } from "node:fs/promises";
import { environment } from "../machine.ts";
import { run } from "../run.ts";

/**
 * A signing key of an archive, made for one lab.
 *
 * gpg leaves an agent behind; in the lab's process namespace it ends with the lab. The path is short, because the
 * agent's socket lies there.
 */
export class SigningKey {
  /** 40 hexadecimal digits. */
  readonly fingerprint: string;
  /** As AMD publishes its key: armoured. */
  readonly armoured: string;
  /** As a keyring for apt: not armoured. */
  readonly keyring: Buffer;
  readonly #home: string;

  private constructor(home: string, fingerprint: string, armoured: string) {
    this.#home = home;
    this.fingerprint = fingerprint;
    this.armoured = armoured;
    this.keyring = toKeyring(armoured);
  }

  /** @param algorithm RSA as AMD's and Ubuntu's own keys are, or what is made in no time; apt takes both */
  static async make(home: string, owner: string, algorithm: "rsa2048" | "ed25519"): Promise<SigningKey> {
    await mkdir(home, { recursive: true, mode: 0o700 });
    await gpg(home, ["--passphrase", "", "--quick-generate-key", owner, algorithm, "sign", "never"]);
    const list = await gpg(home, ["--with-colons", "--list-keys"]);
    const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(list)?.[1] ?? "";
    return new SigningKey(home, fingerprint, await gpg(home, ["--armor", "--export", fingerprint]));
  }

  /** `InRelease`: the text with its signature around it. */
  signInline(text: string): Promise<string> {
    return gpg(this.#home, ["--armor", "--clearsign", "--output", "-"], text);
  }

  /** `Release.gpg`: the signature alone. */
  signDetached(text: string): Promise<string> {
    return gpg(this.#home, ["--armor", "--detach-sign", "--output", "-"], text);
  }
}

/** The bytes within an armour (RFC 4880, 6.2): base64 between an empty line and the checksum's. */
const toKeyring = (armoured: string): Buffer =>
  Buffer.from(/\n\n([\s\S]*?)\n=/.exec(armoured)?.[1] ?? "", "base64");

const gpg = (home: string, words: readonly string[], input?: string): Promise<string> =>
  run("gpg", ["--homedir", home, "--batch", "--quiet", "--pinentry-mode", "loopback", ...words], {
    environment,
    ...(input === undefined ? {} : { input }),
  });
