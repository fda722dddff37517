/** A node as every side sees it: a name, an address with a host key of its own, and a directory that stands for its root. */
export interface Host {
  name: string;
  address: string;
  port: number;
  user: string;
  /** OpenSSH form. */
  hostKey: string;
  root: string;
}

/** All of them, and what a client needs to get in and to know that it is right. */
export interface Fleet {
  hosts: readonly Host[];
  privateKeyFile: string;
  knownHostsFile: string;
}

/** A line of known_hosts. */
export const renderKnownHost = ({
  address,
  port,
  hostKey,
}: Pick<Host, "address" | "port" | "hostKey">): string =>
  `[${address}]:${port} ${hostKey.split(" ").slice(0, 2).join(" ")}\n`;
