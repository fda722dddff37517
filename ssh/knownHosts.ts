import { createHmac } from "node:crypto";

/** What a known_hosts file says about one host. Keys are raw SSH blobs in base64. */
export interface KnownHost {
  trusted: { type: string; key: string }[];
  revoked: string[];
}

/**
 * Look a host up as ssh does: plain names, `*` and `?` patterns, `!` negation, hashed names, and `[host]:port` for
 * any port but 22. Lines that cannot be read are skipped, as ssh skips them; `@cert-authority` lines too, since host
 * certificates are not supported here.
 */
export function parseKnownHost(text: string, host: string, port: number): KnownHost {
  const name = host.toLowerCase();
  const wanted = port === 22 ? name : `[${name}]:${port}`;
  const found: KnownHost = { trusted: [], revoked: [] };
  for (const line of text.split("\n")) {
    const entry = parseLine(line);
    if (!entry || !matchesHosts(entry.hosts, wanted)) continue;
    if (entry.marker === "@revoked") found.revoked.push(entry.key);
    else if (entry.marker === undefined) found.trusted.push({ type: entry.type, key: entry.key });
  }
  return found;
}

interface Line {
  marker: string | undefined;
  hosts: string;
  type: string;
  key: string;
}

function parseLine(line: string): Line | undefined {
  const words = line.trim().split(/\s+/);
  if (words[0] === "" || words[0]?.startsWith("#")) return undefined;
  const marker = words[0]?.startsWith("@") ? words.shift() : undefined;
  const [hosts, type, key] = words;
  if (hosts === undefined || type === undefined || key === undefined) return undefined;
  return { marker, hosts, type, key: Buffer.from(key, "base64").toString("base64") };
}

/** One negated pattern that matches rules the whole line out, wherever it stands. */
function matchesHosts(patterns: string, wanted: string): boolean {
  let matched = false;
  for (const pattern of patterns.split(",")) {
    if (pattern.startsWith("!")) {
      if (matchesPattern(pattern.slice(1), wanted)) return false;
    } else if (matchesPattern(pattern, wanted)) {
      matched = true;
    }
  }
  return matched;
}

function matchesPattern(pattern: string, wanted: string): boolean {
  if (pattern.startsWith("|1|")) {
    const [, , salt, digest] = pattern.split("|");
    if (!salt || !digest) return false;
    return createHmac("sha1", Buffer.from(salt, "base64")).update(wanted).digest("base64") === digest;
  }
  return matchesGlob(pattern.toLowerCase(), wanted);
}

/** `*` and `?` only, without backtracking over more than the last `*`: a hostile file cannot make it slow. */
function matchesGlob(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    if (pattern[p] === "*") {
      star = p++;
      resume = t;
    } else if (p < pattern.length && (pattern[p] === "?" || pattern[p] === text[t])) {
      p += 1;
      t += 1;
    } else if (star >= 0) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (pattern[p] === "*") p += 1;
  return p === pattern.length;
}
