#!/bin/sh
# Sets the machine up. Runs as root, as often as the deployment changes; running it again does no harm.
set -eu

disk=/dev/disk/azure/scsi1/lun0
home=/var/lib/hearback

put() { # put PATH MODE BASE64
    mkdir -p "$(dirname "$1")"
    printf %s "$3" | base64 -d > "$1.new"
    chmod "$2" "$1.new"
    mv "$1.new" "$1"
}

export DEBIAN_FRONTEND=noninteractive
apt-get -o DPkg::Lock::Timeout=600 update
apt-get -o DPkg::Lock::Timeout=600 -o Dpkg::Options::=--force-confold install --yes docker.io caddy curl

# A file system is made only where there is none: blkid answers 2 for a disk with nothing on it.
found=0
blkid -p "$disk" || found=$?
case $found in
    0) ;;
    2) mkfs.ext4 -L hearback "$disk" ;;
    *) echo "cannot tell what is on $disk; not touching it" >&2; exit 1 ;;
esac
grep -q '^LABEL=hearback ' /etc/fstab || echo "LABEL=hearback $home ext4 defaults,nofail 0 2" >> /etc/fstab
mkdir -p "$home"
systemctl daemon-reload
mountpoint -q "$home" || mount "$home"
chown 10001:10001 "$home" # the user of the image
chmod 700 "$home"

#@@files@@

systemctl daemon-reload
systemctl enable hearback.service
systemctl enable --now hearback-backup.timer
systemctl reload-or-restart caddy.service
systemctl restart --no-block hearback.service # waits by itself until the image is in the registry
