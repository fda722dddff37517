import type * as pulumi from "@pulumi/pulumi";

/** How many components may be made before the engine has heard of the first of them. */
const AHEAD = 4;

/**
 * Makes components one after the other, each once the engine knows the one that came {@link AHEAD} before it.
 *
 * All at once, the SDK holds what it needs to register thousands of resources before the engine has seen the first: several times the
 * memory. Only the component itself is waited for, never the work on what it stands for, so that one slow or failing host holds up no
 * other.
 */
export async function paced<From, Made extends { component: pulumi.ComponentResource }>(
  all: readonly From[],
  make: (one: From) => Made,
): Promise<Made[]> {
  const made: Made[] = [];
  for (const one of all) {
    const before = made.at(-AHEAD);
    if (made.length >= AHEAD && before) await isKnown(before.component);
    made.push(make(one));
  }
  return made;
}

// An update that fails ends the program's calls, and with them every wait.
const isKnown = (component: pulumi.ComponentResource): Promise<void> =>
  new Promise((resolve) => void component.urn.apply(() => resolve()));
