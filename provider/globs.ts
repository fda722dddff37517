/**
 * A glob of `archivePaths` and `assetPaths` as a regular expression, in the dialect of the official plugin
 * (github.com/gobwas/glob with `/` as separator): `*` and `?` stop at `/`, `**` does not, `[a-z]` and `[!a-z]` are
 * one character of a class, `{a,b}` is one of several patterns, and a backslash takes the next character literally.
 */
export function parseGlob(glob: string): RegExp {
  let pattern = "";
  let depth = 0;
  for (let i = 0; i < glob.length; i += 1) {
    const c = glob.charAt(i);
    if (c === "*" && glob[i + 1] === "*") {
      pattern += "[^]*";
      while (glob[i + 1] === "*") i += 1;
    } else if (c === "*") pattern += "[^/]*";
    else if (c === "?") pattern += "[^/]";
    else if (c === "{") {
      pattern += "(?:";
      depth += 1;
    } else if (c === "}" && depth > 0) {
      pattern += ")";
      depth -= 1;
    } else if (c === "," && depth > 0) pattern += "|";
    else if (c === "[" && glob.indexOf("]", i + 2) > 0) {
      const end = glob.indexOf("]", i + 2);
      pattern += `[${glob
        .slice(i + 1, end)
        .replace(/^!/, "^")
        .replaceAll("\\", "\\\\")
        .replaceAll("[", "\\[")}]`;
      i = end;
    } else if (c === "\\" && i + 1 < glob.length) {
      i += 1;
      pattern += literal(glob.charAt(i));
    } else pattern += literal(c);
  }
  if (depth > 0) throw new SyntaxError("a { without }");
  return new RegExp(`^${pattern}$`, "u");
}

const literal = (c: string): string => c.replace(/[$()*+.?[\\\]^{|}/]/, "\\$&");

/** The paths that rules keep, in order: a rule with `!` takes out what earlier ones put in. */
export function selectPaths(paths: readonly string[], rules: readonly string[]): string[] {
  const parsed = rules.map((rule) => ({
    out: rule.startsWith("!"),
    pattern: parseGlob(rule.replace(/^!/, "")),
  }));
  return paths.filter((path) => {
    let kept = false;
    for (const { out, pattern } of parsed) if (kept === out && pattern.test(path)) kept = !out;
    return kept;
  });
}
