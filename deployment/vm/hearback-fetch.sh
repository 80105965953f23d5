#!/bin/sh
# Before every start: the secrets from the vault into memory, the image from the registry.
set -eu
umask 077
. "${HEARBACK_LIB:-/usr/local/lib/hearback}/azure.sh"

secrets=${HEARBACK_RUN:-/run/hearback}/secrets.env
reader=$(token https://vault.azure.net)
: > "$secrets.new"
while IFS='=' read -r setting name; do
    value=$(authorised "$reader" "${VAULT%/}/secrets/$name?api-version=7.4" | field value)
    printf '%s=%s\n' "$setting" "$value" >> "$secrets.new"
done < "${HEARBACK_ETC:-/etc/hearback}/secrets.list"
mv "$secrets.new" "$secrets"

pull() {
    entra=$(token https://management.azure.com/) || return 1
    exchanged=$(
        printf 'grant_type=access_token&service=%s&access_token=%s' "$REGISTRY" "$entra" |
            curl --fail --silent --show-error --retry 3 --data @- "https://$REGISTRY/oauth2/exchange"
    ) || return 1
    printf %s "$exchanged" | field refresh_token |
        docker login "$REGISTRY" --username 00000000-0000-0000-0000-000000000000 --password-stdin || return 1
    docker pull --quiet "$IMAGE"
}

# A registry that does not answer must not keep a restarted machine from serving the image it has.
pull || docker image inspect "$IMAGE" > /dev/null
