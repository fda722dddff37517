import type { AptSources } from "../compatibility/aptSources.ts";
import type { AptPackage } from "../compatibility/installation.ts";
import type { NodeFacts } from "../compatibility/request.ts";
import type { Solution } from "../compatibility/solve.ts";
import { type StackAnswer, solveStack } from "../compatibility/stack.ts";
import { softwareRefused } from "../errors.ts";
import type { WheelPin } from "../scripts/torchCheck.ts";
import type { Pins } from "./software.ts";

/** What is to be done on one host: the version matrix's answer for it, as the phases take it. */
export interface Plan {
  /** `uname -r` that the answer is for. */
  kernel: string;
  /** GPU targets that the answer is for; empty where they were not known. */
  targets: readonly string[];
  sources: AptSources | null;
  /** Null where the stack pins none: the host's own is left as it is. */
  driver: {
    release: string;
    version: string;
    module: string | null;
    kernelPackages: readonly string[];
  } | null;
  rocm: { release: string; packages: readonly AptPackage[] } | null;
  /** By environment; null where its PyTorch is not pinned. */
  wheels: Readonly<Record<string, WheelPin | null>>;
  /** Python's minor version by environment, null for the node's own. */
  pythons: Readonly<Record<string, string | null>>;
}

type Solved = Extract<Solution, { kind: "solved" }>;

/**
 * What the matrix says of nodes, with what it cannot know: a driver that is not pinned is not installed, so the one that
 * is loaded has to be the answer's.
 *
 * @throws RocmarkError E_SOFTWARE naming every node and every rule that stands against it
 */
export function planNodes(
  pins: Pins,
  nodes: readonly { name: string; facts: NodeFacts | null }[],
): Map<string, Plan> {
  const answer = solveStack(pins.request, nodes, { allowUnknown: pins.allowUnknown });
  const problems = answer.kind === "solved" ? answer.groups.flatMap((group) => unpinned(pins, group)) : [];
  if (answer.kind !== "solved") throw softwareRefused(answer.message);
  if (problems.length > 0) throw softwareRefused(problems.join("\n"));
  return new Map(
    answer.groups.flatMap((group) => {
      const plan = toPlan(pins, group);
      return group.nodes.map((name) => [name, plan] as const);
    }),
  );
}

type Group = StackAnswer["groups"][number];

function unpinned({ request, allowUnknown }: Pins, { nodes, facts, environments }: Group): string[] {
  const own = solved(environments[0]?.solution);
  const problems: string[] = [];
  if (request.driver === undefined && own.installation.driver !== "keep" && !allowUnknown) {
    const found = facts?.amdgpuDriver ? `amdgpu ${facts.amdgpuDriver}` : "no driver of AMD's";
    problems.push(
      `${nodes.join(", ")}: rocmark:software.driver pins none, and ${found} is loaded, of which the version matrix does not know ` +
        `that it fits. Pin one (${own.set.driver} would fit), or take the host's own by rocmark:software.allowUnknown: true.`,
    );
  }
  if (request.pytorch === undefined)
    problems.push(
      `${nodes.join(", ")}: rocmark:software.pytorch pins none, and the trainer's own lock holds PyPI's build, which does not run on ` +
        `AMD's GPUs. Pin it with its lock (${own.set.pytorch} would fit).`,
    );
  return problems;
}

function toPlan({ request, environments, keyFingerprint }: Pins, group: Group): Plan {
  const { installation, set } = solved(group.environments[0]?.solution);
  const { signingKey, repositories, pin, kernelPackages, moduleVersion, packages } = installation;
  const [driver, ...rocm] = packages.map(({ value }) => value);
  const [ofDriver, ...ofRocm] = repositories;
  const wantsDriver = request.driver !== undefined && driver !== undefined;
  const wanted = [
    ...(wantsDriver && ofDriver ? [ofDriver] : []),
    ...(request.rocm === undefined ? [] : ofRocm),
  ];
  const key = { ...signingKey.value, ...(keyFingerprint ? { fingerprint: keyFingerprint } : {}) };
  const solutions = new Map(group.environments.map(({ name, solution }) => [name, solved(solution)]));
  return {
    kernel: group.facts?.kernel ?? "",
    targets: installation.targets ?? [],
    sources:
      wanted.length === 0 ? null : { signingKey: { ...signingKey, value: key }, repositories: wanted, pin },
    driver: wantsDriver
      ? {
          release: set.driver,
          version: driver.version,
          module: moduleVersion.value,
          kernelPackages: kernelPackages.value,
        }
      : null,
    rocm: request.rocm === undefined ? null : { release: set.rocm, packages: withCore(rocm) },
    wheels: Object.fromEntries(
      environments.map(({ name, isPinned }) => [name, isPinned ? toWheel(solutions.get(name)) : null]),
    ),
    pythons: Object.fromEntries(
      environments.map(({ name, isPinned, python }) => [
        name,
        isPinned ? (solutions.get(name)?.set.python ?? python) : python,
      ]),
    ),
  };
}

/** ROCm's own core beside its packages: it says which release is under /opt/rocm, and an old one would satisfy them. */
function withCore(packages: readonly AptPackage[]): AptPackage[] {
  const [first] = packages;
  return first
    ? [{ ...first, name: "rocm-core" }, ...packages.filter(({ name }) => name !== "rocm-core")]
    : [];
}

const toWheel = (solution: Solved | undefined): WheelPin | null =>
  solution
    ? {
        index: solution.installation.wheel.index.value,
        torch: solution.installation.wheel.torch.value,
        hip: solution.installation.wheel.hip.value,
        targets: solution.installation.targets ?? [],
      }
    : null;

function solved(solution: Solution | undefined): Solved {
  if (solution?.kind !== "solved") throw new RangeError("A plan is made of what is solved.");
  return solution;
}

/** Packages whose versions tell which driver is installed. */
export const driverPackages = ({ driver }: Plan): string[] =>
  driver ? ["amdgpu-dkms", "amdgpu-dkms-firmware"] : [];
