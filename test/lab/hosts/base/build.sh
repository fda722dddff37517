#!/bin/bash
# Makes the root filesystem that all nodes share. Runs in mount and process namespaces of its own, so that
# debootstrap's mounts end with it, whatever happens.
set -euo pipefail
distribution=$1 suite=$2 mirror=$3 keyring=$4 include=$5 version=$6 codename=$7 root=$8

script=/usr/share/debootstrap/scripts/$suite
# An older debootstrap does not know a newer Ubuntu by name; all of them are made alike.
[ -e "$script" ] || script=/usr/share/debootstrap/scripts/gutsy
components=main
[ "$distribution" != ubuntu ] || components=main,universe
debootstrap --variant=minbase --merged-usr --include="$include" --components="$components" \
  --keyring="$keyring" "$suite" "$root" "$mirror" "$script"

export DEBIAN_FRONTEND=noninteractive
in_root() { chroot "$root" "$@"; }
getent_group() { grep -q "^$1:" "$root/etc/group"; }
# systemd's package makes these on a real host; the user of a cloud image is in neither.
getent_group render || in_root groupadd --system render
getent_group video || in_root groupadd --system video
grep -q '^ubuntu:' "$root/etc/passwd" || in_root useradd --create-home --shell /bin/bash ubuntu
in_root usermod --append --groups sudo,adm ubuntu
printf 'ubuntu ALL=(ALL) NOPASSWD:ALL\n' > "$root/etc/sudoers.d/90-cloud-init-users"
chmod 0440 "$root/etc/sudoers.d/90-cloud-init-users"

if [ "$distribution" != ubuntu ]; then
  # Debian stands in: what a program asks for by name is Ubuntu's.
  rm -f "$root/etc/os-release"
  cat > "$root/etc/os-release" <<IDENTITY
PRETTY_NAME="Ubuntu $version LTS"
NAME="Ubuntu"
VERSION_ID="$version"
VERSION="$version LTS (${codename^})"
VERSION_CODENAME=$codename
ID=ubuntu
ID_LIKE=debian
UBUNTU_CODENAME=$codename
IDENTITY
fi
cat > "$root/etc/lsb-release" <<IDENTITY
DISTRIB_ID=Ubuntu
DISTRIB_RELEASE=$version
DISTRIB_CODENAME=$codename
DISTRIB_DESCRIPTION="Ubuntu $version LTS"
IDENTITY

# Each node gets its own identity, sources and keys.
rm -f "$root"/etc/ssh/ssh_host_* "$root/etc/machine-id" "$root/etc/apt/sources.list" "$root"/etc/apt/sources.list.d/*
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin "$root"/var/cache/apt/archives/*.deb
rm -rf "$root"/usr/share/{doc,man,locale,info}/*
printf 'force-unsafe-io\n' > "$root/etc/dpkg/dpkg.cfg.d/lab"
printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
mkdir -p "$root/run/sshd" "$root/lab"
