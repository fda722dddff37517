// bootstrap.mjs runs on Nodes that know no types; these are for its tests.
export function nodeProblem(version: string): string | null;
export function pythonProblem(status: number | null, said: string): string | null;
export function isInstalled(lockText: string, installedText: string): boolean;
