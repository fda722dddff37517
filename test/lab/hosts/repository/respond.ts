import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { FaultsOf } from "./faults.ts";

/** What a request asks for, `repo.radeon.com/amdgpu/...`, its escapes undone and its query left out. */
export const toAddress = ({ headers, url = "/" }: IncomingMessage): string =>
  `${(headers.host ?? "").replace(/:\d+$/, "")}${decodeURIComponent(url.replace(/[?#].*$/, ""))}`;

/**
 * Answers with a content, or 404 for none, as faults have it.
 *
 * @param reset ends the caller's connection without a word, in the middle of what is being sent
 */
export async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  found: Buffer | undefined,
  faults: FaultsOf,
  reset: () => void,
): Promise<void> {
  if (found === undefined || faults.gone) {
    response.writeHead(404, { "content-type": "text/plain" }).end("not found\n");
    return;
  }
  const content = faults.corrupt ? spoil(found) : found;
  const range = toRange(request.headers, content.length);
  const part = range === undefined ? content : content.subarray(range.from, range.to);
  response.writeHead(range === undefined ? 200 : 206, {
    "content-type": toType(request.url ?? ""),
    "content-length": part.length,
    "accept-ranges": "bytes",
    ...(range && { "content-range": `bytes ${range.from}-${range.to - 1}/${content.length}` }),
  });
  if (request.method === "HEAD") {
    response.end();
  } else if (faults.cut) {
    response.write(part.subarray(0, faults.cut.afterBytes), () => setImmediate(reset));
  } else if (faults.slow) {
    await trickle(response, part, faults.slow.bytesPerSecond);
  } else {
    response.end(part);
  }
}

/** Another content of the same length: of a zip file one that is as good, with another time of its first file. */
const spoil = (content: Buffer): Buffer => {
  const spoilt = Buffer.from(content);
  const at = content.subarray(0, 4).toString("latin1") === "PK\x03\x04" ? 10 : content.length - 1;
  if (at >= 0) spoilt[at] = (spoilt[at] ?? 0) ^ 1;
  return spoilt;
};

async function trickle(response: ServerResponse, content: Buffer, bytesPerSecond: number): Promise<void> {
  const step = Math.max(1, Math.floor(bytesPerSecond / 10));
  for (let at = 0; at < content.length && !response.destroyed; at += step) {
    response.write(content.subarray(at, at + step));
    await sleep(100);
  }
  response.end();
}

/**
 * One range of bytes, `bytes=5-`, `bytes=5-9` or `bytes=-5` (RFC 9110, 14.1.2); undefined for all of it.
 *
 * `If-Range` asks for the rest of the content that the caller has begun with (13.1.5). We give contents neither a time nor a
 * tag, so it is never known to be the same: apt would put the rest of one index behind the beginning of another.
 */
export function toRange(
  headers: IncomingHttpHeaders,
  length: number,
): { from: number; to: number } | undefined {
  if (headers["if-range"] !== undefined) return undefined;
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(headers.range ?? "") ?? [];
  if (first === undefined || last === undefined || first + last === "") return undefined;
  const from = first === "" ? Math.max(0, length - Number(last)) : Number(first);
  const to = first === "" || last === "" ? length : Math.min(length, Number(last) + 1);
  return from < to ? { from, to } : undefined;
}

const toType = (url: string): string => (url.endsWith("/") ? "text/html" : "application/octet-stream");
