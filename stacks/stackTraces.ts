/**
 * Imported first: stack traces without source maps, and none where nobody reads it.
 *
 * Pulumi's runner maps every trace, and its SDK takes one for each of the hundreds of promises of a resource, to show it should
 * that promise never settle: half the time of a preview of many nodes. Nothing is lost where traces are read: Node strips
 * types in place, so lines and columns are the source's own.
 */
const unread = "debuggablePromise";

Error.prepareStackTrace = (error, sites) =>
  sites[0]?.getFunctionName() === unread
    ? ""
    : [String(error), ...sites.map((site) => `    at ${site}`)].join("\n");
