import { readFileSync } from "node:fs";

/** Where a host is and who we are on it. */
export interface NodeAddress {
  host: string;
  port: number;
  user: string;
  /** The host's public key in OpenSSH's form, "ssh-ed25519 AAAA..."; connections to any other key are refused. */
  hostKey: string;
  /** File on this machine that holds the private key, mode 0600. Its content goes into state encrypted only. */
  privateKeyFile: string;
  /** Absolute directory on the node that rocmark owns. */
  root: string;
  /** Address at which other nodes reach this one. */
  peerAddress: string;
}

/** A connection as @pulumi/command takes it. The key is read when the address is known, so a fleet may make the file during the same update. */
export function toConnection(address: NodeAddress) {
  return {
    host: address.host,
    port: address.port,
    user: address.user,
    hostKey: address.hostKey,
    privateKey: readFileSync(address.privateKeyFile, "utf8"),
    perDialTimeout: 15,
    dialErrorLimit: 5,
  };
}
