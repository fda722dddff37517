import { quote } from "../../../ssh/quote.ts";
import type { Step } from "./steps.ts";

/**
 * A POSIX script that does the steps below a root directory, safe to run again: what is there already and right is left alone,
 * a file is replaced whole.
 */
export function renderScript(root: string, steps: readonly Step[]): string {
  const lines = steps.map((step) => {
    if (step.kind === "directory")
      return `mkdir -p ${quote(step.path)}\nchmod ${step.mode} ${quote(step.path)}`;
    if (step.kind === "command") return step.command;
    return `put ${quote(step.path)} ${step.mode} ${quote(step.content)}`;
  });
  return `set -eu
cd ${quote(root)}
put() {
  printf %s "$3" > "$1.new"
  chmod "$2" "$1.new"
  if cmp -s "$1.new" "$1"; then rm "$1.new"; chmod "$2" "$1"; else mv -f "$1.new" "$1"; fi
}
${lines.join("\n")}
`;
}
