import type * as pulumi from "@pulumi/pulumi";

/** How many components are made before the engine has heard of the first of them. */
const AHEAD = 16;

/**
 * Makes components one after the other, each once the engine has heard of the one that came {@link AHEAD} before it.
 *
 * All at once, the SDK holds what it needs to register thousands of resources before the engine has seen the first: several times the
 * memory.
 *
 * @param heard the resource of a component whose registration says that enough of it is known. In an update it must be one that waits for
 * no work on the component's host, or a slow host would hold up the others.
 */
export async function paced<From, Made>(
  all: readonly From[],
  make: (one: From) => Made,
  heard: (made: Made) => pulumi.Resource,
): Promise<Made[]> {
  const made: Made[] = [];
  for (const one of all) {
    const before = made.at(-AHEAD);
    if (before !== undefined) await isRegistered(heard(before));
    made.push(make(one));
  }
  return made;
}

// A preview or an update that fails ends the program's calls, and with them every wait.
const isRegistered = (resource: pulumi.Resource): Promise<void> =>
  new Promise((resolve) => void resource.urn.apply(() => resolve()));
