import { createRequire } from "node:module";
import { setFlagsFromString } from "node:v8";

/**
 * Imported first: what Pulumi's SDK does for its own debugging is left out, and its garbage goes sooner. With traces and messages a
 * preview of many nodes takes half as long again.
 *
 * - A stack trace for each of the hundreds of promises of a resource, to show it should that promise never settle.
 * - A call of the engine for each of five debugging messages a resource. `npx pulumi up --debug` has them back, and so has
 *   ROCMARK_SDK_DEBUG=true for a CLI that is called by itself.
 * - Source maps in every trace, by Pulumi's runner. Nothing is lost: Node strips types in place, so lines and columns are the
 *   source's own.
 *
 * An SDK without these internals is used as it is; `test/stacks/leanSdk.test.ts` says when the pinned one has lost them.
 */
const require = createRequire(import.meta.url);

/** An internal module of the SDK: CommonJS, whose callers look a function up on it each time. */
type Internals = Record<string, unknown>;
type Anything = (...given: unknown[]) => unknown;

/** Lets a function run in which no error takes a trace. */
export function withoutTraces(internals: Internals, name: string): void {
  const original = internals[name];
  if (typeof original !== "function") return;
  internals[name] = (...given: unknown[]) => {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      return (original as Anything)(...given);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  };
}

/** Makes a function that says something say nothing. */
export function mute(internals: Internals, name: string): void {
  if (typeof internals[name] === "function") internals[name] = async () => {};
}

// Most of what registering a resource takes is garbage at once, and V8 would let it grow to four times what is in use.
setFlagsFromString("--heap-growing-percent=60");

Error.prepareStackTrace = (error, sites) =>
  [String(error), ...sites.map((site) => `    at ${site}`)].join("\n");
withoutTraces(require("@pulumi/pulumi/runtime/debuggable") as Internals, "debuggablePromise");
if (process.env.ROCMARK_SDK_DEBUG !== "true") mute(require("@pulumi/pulumi/log") as Internals, "debug");
