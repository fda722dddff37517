import { createHash, timingSafeEqual } from "node:crypto";
import ssh2, { type AuthContext, type Connection } from "ssh2";
import { findKey, readAuthorizedKeys } from "./authorizedKeys.ts";
import type { Log } from "./logFile.ts";

const maxFailures = 6;

/** Lets in whoever proves to hold an authorized key and asks for the one user there is. Public keys are the only way. */
export function authenticate(
  client: Connection,
  args: { user: string; authorizedKeys: string; peer: string; log: Log },
): void {
  let failures = 0;
  const refuse = (context: AuthContext, counts: boolean) => {
    if (counts) failures += 1;
    if (failures < maxFailures) return context.reject(["publickey"]);
    args.log(`${args.peer} refused: ${failures} failed attempts to authenticate`);
    client.end();
  };
  client.on("authentication", (context) => {
    // Clients ask by "none" which methods there are; sshd does not count that either.
    if (context.method !== "publickey") return refuse(context, context.method !== "none");
    try {
      if (isAllowed(context, args)) context.accept();
      else refuse(context, true);
    } catch (error) {
      args.log(`${args.peer} refused: ${(error as Error).message}`);
      refuse(context, true);
    }
  });
}

function isAllowed(
  context: Extract<AuthContext, { method: "publickey" }>,
  { user, authorizedKeys }: { user: string; authorizedKeys: string },
): boolean {
  // Read each time, so that a changed key counts at once.
  const key = findKey(readAuthorizedKeys(authorizedKeys), context.key.data);
  const userMatches = timingSafeEqual(digest(context.username), digest(user));
  if (key === undefined || !userMatches) return false;
  // A client may first ask whether signing is worth its while.
  if (context.signature === undefined) return true;
  const parsed = ssh2.utils.parseKey(`${key.type} ${key.blob.toString("base64")}`);
  if (parsed instanceof Error || context.blob === undefined) return false;
  return parsed.verify(context.blob, context.signature, context.hashAlgo) === true;
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
