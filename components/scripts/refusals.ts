/** Exit codes of the node scripts: one for each refusal, so that a caller never has to parse text. */
export const refusals = {
  noPython: 10,
  noVenv: 11,
  diskFull: 12,
  lockedTooLong: 13,
  uvInstall: 14,
  packageInstall: 15,
  bundleBroken: 16,
  notOurs: 17,
  wrongTorch: 18,
  noRoot: 20,
  claimed: 21,
  stillRunning: 22,
  aptLocked: 23,
  dpkgBroken: 24,
  aptFailed: 25,
  repositoryGone: 26,
  repositoryUnreachable: 27,
  wrongKey: 28,
  wrongSignature: 29,
  hashMismatch: 30,
  foreignSources: 31,
  versionGone: 32,
  versionAmbiguous: 33,
  wouldRemove: 34,
  noHeaders: 35,
  kernelChanged: 36,
  driverBuild: 37,
  noWayBack: 38,
  newerInstalled: 39,
  rebootNotAllowed: 40,
  nodeBusy: 41,
  rebootTimeout: 42,
  driverNotLoaded: 43,
  nodeUnreachable: 44,
  wrongHostKey: 45,
  unexpected: 49,
} as const;

export type Refusal = keyof typeof refusals;

/** A line of shell that prints why on standard error and ends the script with the refusal's code. */
export const refuse = (refusal: Refusal, message: string): string =>
  `{ printf '%s\\n' "${message}" >&2; exit ${refusals[refusal]}; }`;
