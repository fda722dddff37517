import ssh2 from "ssh2";
import { expect, test } from "vitest";
import { parsePublicKey } from "../../ssh/hostKeys.ts";
import { makeKeyPair } from "../../ssh/keyPair.ts";

test("a thousand pairs are all well formed, and their halves belong together", () => {
  // Of ssh2's own generator some four in a thousand are not.
  for (let n = 0; n < 1000; n += 1) {
    const { publicKey, privateKey } = makeKeyPair(n % 2 === 0 ? "" : `comment ${n}`);
    const parsed = ssh2.utils.parseKey(privateKey);
    if (parsed instanceof Error) throw parsed;
    expect(parsed.getPublicSSH().toString("base64")).toBe(parsePublicKey(publicKey).key);
    if (n > 20) continue;
    const signature = parsed.sign("data");
    const verifier = ssh2.utils.parseKey(publicKey);
    if (verifier instanceof Error) throw verifier;
    expect(verifier.verify("data", signature)).toBe(true);
  }
});
