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
} as const;

/** A line of shell that prints why on standard error and ends the script with the refusal's code. */
export const refuse = (refusal: keyof typeof refusals, message: string): string =>
  `{ printf '%s\\n' "${message}" >&2; exit ${refusals[refusal]}; }`;
