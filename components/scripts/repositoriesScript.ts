import { type AptSources, amdKeyring } from "../compatibility/aptSources.ts";
import { amdHost } from "./aptFunctions.ts";
import { die } from "./phaseScript.ts";
import { quote } from "./quote.ts";
import type { PhasePart } from "./systemScript.ts";

/** Where a host gets AMD's packages from. */
export interface RepositoriesArgs extends Pick<PhasePart, "isPinned" | "ends"> {
  /** Null where the host is to have none any more. */
  sources: AptSources | null;
  /** Whether sources of AMD's that somebody else set up are put aside; otherwise they are a refusal. */
  takeOver: boolean;
}

/** The source list, one line a repository, each trusting AMD's key and no other. */
export function sourceLines({ signingKey, repositories }: AptSources): string[] {
  return repositories.map(
    ({ value: { url, suite, components, architecture } }) =>
      `deb [arch=${architecture} signed-by=${signingKey.value.keyring}] ${url} ${suite} ${components.join(" ")}`,
  );
}

const pinLines = (sources: AptSources | null): string[] => {
  if (sources === null) return [];
  const pin = sources.pin.value;
  return [`Package: ${pin.package}`, `Pin: release ${pin.release}`, `Pin-Priority: ${pin.priority}`];
};

/**
 * AMD's key, sources and pin. The key is trusted after its whole fingerprint was compared, and the lists are read with
 * the new sources before these take the old ones' place: a release that is gone leaves apt as it was.
 */
export function repositories({ sources, takeOver, ...rest }: RepositoriesArgs): PhasePart {
  const { url = "", keyring = amdKeyring, fingerprint = "" } = sources?.signingKey.value ?? {};
  const lines = sources ? sourceLines(sources) : [];
  return {
    phase: "repositories",
    ...rest,
    body: `key_url=${quote(url)} keyring=${quote(keyring)} fingerprint=${quote(fingerprint)} take_over=${takeOver ? "yes" : "no"}
list=/etc/apt/sources.list.d/rocmark.list preferences=/etc/apt/preferences.d/rocmark
list_text() { printf '%s\\n' ${lines.map(quote).join(" ")}; }
preferences_text() { printf '%s\\n' ${pinLines(sources).map(quote).join(" ")}; }
${functions}`,
  };
}

const functions = `
fingerprints() { # of the primary keys in a file
  local home
  home=$(mktemp -d)
  gpg --homedir "$home" --no-autostart --batch --quiet --with-colons --show-keys "$1" 2>/dev/null |
    awk -F : '$1 == "pub" { primary = 1 } $1 == "fpr" && primary { print $10; primary = 0 }' || true
  rm -rf "$home"
}
foreign_sources() { grep -lE '^[^#]*://([^/ ]*@)?${amdHost}/' /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null | grep -vxF "$list" || true; }

begun() { [ -e "$state/files" ] || [ -e "$state/moved" ]; }
wanted() {
  [ "$(cat "$list" 2>/dev/null)" = "$(list_text)" ] && [ "$(cat "$preferences" 2>/dev/null)" = "$(preferences_text)" ] || return 1
  [ "$(listed read)" = "$(list_text)" ] && [ -z "$(foreign_sources)" ] && [ "$(fingerprints "$keyring")" = "$fingerprint" ]
}

work() {
  owned
  keep_driver
  put_aside
  [ "$(fingerprints "$keyring")" = "$fingerprint" ] || fetch_key
  # Only these sources are read: another one that fails is not for this phase to judge.
  list_text | put "$state/trial.list"
  slowly "reading AMD's lists" apt update -o Dir::Etc::sourcelist="$state/trial.list" -o Dir::Etc::sourceparts=- \\
    -o APT::Get::List-Cleanup=0 -o APT::Update::Error-Mode=any || explain "reading AMD's lists"
  remember files "$list" "$preferences"
  preferences_text | put "$preferences"
  list_text | put "$list"
  list_text | put "$state/read"
}

# Once the sources are others, the package of a driver that somebody else installed is out of reach, and with it the way back.
keep_driver() {
  local name version
  install -d "$state/archives/partial"
  for name in amdgpu-dkms amdgpu-dkms-firmware; do
    version=$(installed "$name")
    [ -n "$version" ] || continue
    ! ls "$state/archives/$name"_"\${version//:/%3a}"_*.deb > /dev/null 2>&1 || continue
    cp -p /var/cache/apt/archives/"$name"_"\${version//:/%3a}"_*.deb "$state/archives/" 2>/dev/null ||
      (cd "$state/archives" && apt-get -q download "$name=$version" >> "$log" 2>&1) || say "the package of $name $version is out of reach"
  done
}

put_aside() {
  local files=() file
  mapfile -t files < <(foreign_sources)
  [ \${#files[@]} -gt 0 ] || return 0
  [ "$take_over" = yes ] || ${die("foreignSources", `somebody else set up AMD's repositories here: \${files[*]}. Their release would compete with the pinned one. Move them away, or let rocmark do it (and put them back at the end) by rocmark:software.takeOverSources: true`)}
  for file in "\${files[@]}"; do
    [ "$file" != /etc/apt/sources.list ] || ${die("foreignSources", "AMD's repositories are in /etc/apt/sources.list, which has other sources too: take those lines out by hand")}
    say "putting $file aside, into $state/aside"
    install -d "$state/aside"
    mv "$file" "$state/aside/"
    remember moved "$file"
  done
}

fetch_key() {
  local there found
  there=$(mktemp -d)
  # For _apt, the user as whom apt fetches.
  chmod 755 "$there"
  /usr/lib/apt/apt-helper -o Acquire::Retries=2 download-file "$key_url" "$there/key" >> "$log" 2>&1 || explain "fetching AMD's key from $key_url"
  found=$(fingerprints "$there/key")
  grep -qx "$fingerprint" <<< "$found" || ${die("wrongKey", `the key at $key_url is not the one that AMD publishes: wanted fingerprint $fingerprint, found \${found:-no key}. It is not trusted. If AMD has changed its key, take a rocmark that knows it`)}
  install -d -m 700 "$there/home"
  gpg --homedir "$there/home" --no-autostart --batch --quiet --import "$there/key" >> "$log" 2>&1
  install -d -m 755 "$(dirname "$keyring")"
  if [ -e "$keyring" ] && ! listed files | grep -qxF "$keyring"; then
    install -d "$state/aside"
    mv "$keyring" "$state/aside/"
    remember moved "$keyring"
  fi
  # One file may hold several keys: only the one that was compared goes into the keyring.
  gpg --homedir "$there/home" --no-autostart --batch --export "$fingerprint" | put "$keyring"
  remember files "$keyring"
  rm -rf "$there"
}

report() {
  printf '{"sources":%s,"key":%s,"foreign":%s}\\n' "$(json_list $(grep -Eo 'https?://[^ ]+' "$list" 2>/dev/null || true))" \\
    "$(json "$(fingerprints "$keyring" | head -n 1)")" "$(json_list $(foreign_sources))"
}

remove() {
  [ "$(owner)" = "$claim" ] || { say "this node is claimed by stack \\"$(owner)\\": nothing is removed"; return 0; }
  local file
  for file in "$list" "$preferences" "$keyring"; do ! listed files | grep -qxF "$file" || rm -f "$file"; done
  for file in $(listed moved); do [ ! -e "$state/aside/$(basename "$file")" ] || mv "$state/aside/$(basename "$file")" "$file"; done
  [ -n "$(foreign_sources)" ] || rm -f /var/lib/apt/lists/${amdHost}_*
  rm -f "$state/files" "$state/moved" "$state/read" "$state/trial.list"
}
`;
