/** What rocminfo says of the GPUs that a program reaches. */
export interface Rocminfo {
  /** gfx targets, one an agent that is a GPU, in its order. */
  gpus: string[];
  /** Whole ISA names, "amdgcn-amd-amdhsa--gfx942:sramecc+:xnack-", each once. */
  isas: string[];
  /** Why it found none, in its own words; null when it found some. */
  problem: string | null;
}

/** The agents of a rocminfo text. A processor's name is no gfx target, and an ISA is a name that is indented further. */
export function parseRocminfo(text: string): Rocminfo {
  const names = [...text.matchAll(/^\s*Name:\s+(\S+)/gm)].map((match) => match[1] ?? "");
  const gpus = names.filter((name) => /^gfx[0-9a-f]+$/.test(name));
  const isas = [...new Set(names.filter((name) => name.startsWith("amdgcn-")))];
  const refusal = /^(Unable to open .*|ROCk module is NOT loaded.*)$/m.exec(text)?.[1] ?? null;
  return { gpus, isas, problem: gpus.length > 0 ? null : (refusal ?? "no GPU among its agents") };
}
