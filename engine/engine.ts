import { dirname } from "node:path";
import type { ProgressStream } from "./progress.ts";

/** A Pulumi engine that is whole: the CLI, and the host that runs Node programs for it. */
export interface Engine {
  /** The CLI, an absolute path. */
  cli: string;
  /** Its language host for Node, an absolute path. */
  languageHost: string;
  /** The CLI's version, without a leading v. */
  version: string;
  /** Which way gave it. */
  way: string;
}

/** What every way to an engine may use. */
export interface Surroundings {
  env: NodeJS.ProcessEnv;
  /** Where progress goes; never standard output, which belongs to the program that is started in the end. */
  progress: ProgressStream;
  /** Ends a download or a build. */
  signal?: AbortSignal | undefined;
}

/** Both executables' folders, the CLI's first: what has to lead the PATH. */
export const engineFolders = ({ cli, languageHost }: Engine): string[] => [
  ...new Set([dirname(cli), dirname(languageHost)]),
];
