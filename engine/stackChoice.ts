import type { StackWords } from "./commandLine.ts";

/** The stack that `npm start` makes. */
export const localStack = "local";

/** What Pulumi remembers of a project: the selected stack for each backend, by the URL that was given for it. */
export interface Selections {
  /** Written by Pulumi before 3.25x, one for all backends. */
  stack: string | null;
  stacks: Readonly<Record<string, string>>;
}

/** Everything that decides whether a command is meant for the local stack's backend. */
export interface Circumstances {
  words: StackWords;
  /** PULUMI_STACK, null when unset or empty. */
  stackVariable: string | null;
  /** PULUMI_BACKEND_URL, null when unset or empty. */
  backendVariable: string | null;
  /** Whether the program in the working directory is this project's. */
  ownProject: boolean;
  /** URL of the local stack's own backend. */
  localBackend: string;
  selections: Selections;
  /** The backend the user is logged in to, null for none. */
  login: string | null;
  /** The other backends' selections when the local stack was last selected through us, null when it was not the last. */
  chosenBeside: Readonly<Record<string, string>> | null;
}

/** Whether a stack's name, qualified or not, means the local stack: DIY backends call every organisation "organization". */
export function isLocalStack(name: string): boolean {
  const parts = name.split("/");
  if (parts.at(-1) !== localStack || parts.length > 3) return false;
  return parts.length === 1 || parts[0] === "organization";
}

/** The selections of backends other than the local stack's. */
export const selectionsBeside = ({
  selections,
  localBackend,
}: Pick<Circumstances, "selections" | "localBackend">) =>
  Object.fromEntries(Object.entries(selections.stacks).filter(([url]) => url !== localBackend));

/**
 * Whether a `pulumi` command has to run on the local stack's file backend, with its passphrase.
 *
 * A stack named by flag, argument or variable decides; else the one selected last; else the local stack for someone who
 * has no backend at all. Login and logout, other projects, and a backend the user has set stay Pulumi's own business.
 */
export function isForLocalStack(circumstances: Circumstances): boolean {
  const { words, ownProject, backendVariable, stackVariable } = circumstances;
  if (!ownProject || backendVariable !== null) return false;
  if (words.command === "login" || words.command === "logout") return false;
  const named = words.stack ?? stackVariable;
  return named === null ? isSelected(circumstances) : isLocalStack(named);
}

function isSelected(circumstances: Circumstances): boolean {
  const { selections, localBackend, login, chosenBeside } = circumstances;
  const elsewhere = login === localBackend ? null : login;
  const local = isLocalStack(selections.stacks[localBackend] ?? "");
  const other = elsewhere === null ? null : (selections.stacks[elsewhere] ?? selections.stack);
  if (local && other !== null) {
    // Both: ours counts while nothing else has been selected since it was.
    const beside = selectionsBeside(circumstances);
    return chosenBeside !== null && sameEntries(beside, chosenBeside);
  }
  return local || elsewhere === null;
}

const sameEntries = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean => {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
};

/** What was kept when the local stack was last selected; null when it was not the last, or what was kept is no use. */
export function parseChoice(text: string): Record<string, string> | null {
  try {
    const found: unknown = JSON.parse(text);
    if (typeof found !== "object" || found === null || Array.isArray(found)) return null;
    const entries = Object.entries(found);
    return entries.every((entry): entry is [string, string] => typeof entry[1] === "string")
      ? Object.fromEntries(entries)
      : null;
  } catch {
    return null;
  }
}
